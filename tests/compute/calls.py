"""What the tests let a cluster call; alone, so that its workers import little."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from song_mixtures.pipeline.stage import StageError


def within(seconds: float, happened: Callable[[], bool]) -> None:
    """Wait until happened() is true, so many seconds at most."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def slow_square(number: int, seconds: float) -> tuple[int, int]:
    """Return the square, after a while, and the process that computed it."""
    time.sleep(seconds)
    return number * number, os.getpid()


def square_in_time(number: int, awaited: Path | None) -> int:
    """Return the square, once a file is there."""
    if awaited is not None:
        within(60, awaited.exists)
    return number * number


def place_of(large: Any) -> str:
    """Return the file of which an array is a view, "" where it is none."""
    return str(getattr(large, "filename", ""))


def fails(number: int) -> int:
    """Fail at 2 with a sentence for the user, as an error of a fit would."""
    if number == 2:
        raise StageError("a component's covariance is not positive definite")
    return number


def dies(tests: int) -> int:
    """End the process that calls it, which is not that of the tests."""
    assert os.getpid() != tests
    os.kill(os.getpid(), signal.SIGKILL)
    return tests
