"""How every stage ends: what it says, and how it fails.

A stage speaks on standard error only. What a user can cause (a wrong parameter, a broken table,
a full disk, Ctrl-C) is said in one line without a traceback; a traceback is a bug of ours.
"""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from threadpoolctl import threadpool_limits

from song_mixtures.pipeline.process import (
    CODE,
    INTERRUPTED,
    end_at_once_on_ctrl_c,
    interrupt_on_ctrl_c,
)


class StageError(Exception):
    """What was expected, what was found, where, and what to do: a sentence for the user."""


def stage_name() -> str:
    """Name of the running stage or command: `python -m stages.k_sweep` is k_sweep."""
    path = Path(sys.argv[0])
    return path.parent.name if path.stem == "__main__" else path.stem


def say(sentence: str) -> None:
    """Write one line on standard error, headed by the stage's name."""
    print(f"{stage_name()}: {sentence}", file=sys.stderr, flush=True)


def dvc_above() -> psutil.Process | None:
    """Return the DVC process that started this stage, None where DVC did not.

    The parent may be a shell, which outlives DVC; the nearest ancestor that runs `dvc` is meant.
    """
    if "DVC_STAGE" in os.environ:
        for process in psutil.Process().parents():
            with suppress(psutil.Error):  # not ours to look at
                if "dvc" in {Path(word).name for word in process.cmdline()[:3]}:
                    return process
    return None


# Of the stage's own process, since its main() began.
_dvc: psutil.Process | None = None


def check_dvc_alive() -> None:
    """Raise a StageError where DVC started this stage and is gone.

    Another `dvc repro` may have run since, and what this stage computed from the params and files
    of before must not replace its results.
    """
    with suppress(psutil.NoSuchProcess):
        if _dvc is None or (_dvc.is_running() and _dvc.status() != psutil.STATUS_ZOMBIE):
            return
    raise StageError(
        "the dvc that started this stage has ended before it, so its results are not kept: "
        "another run may be at work. `dvc repro` starts it again"
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Give the numeric libraries one thread each, those loaded by now and those loaded later.

    threadpool_limits reaches what is loaded. OpenMP and OpenBLAS read the variable when they are
    loaded, which for scikit-learn's is at the first fit.

    The variable also keeps scikit-learn from asking joblib for the number of physical cores, of
    which one thread has no use. Where there is no lscpu and /proc/cpuinfo names no cores, as in
    slim containers on some machines, joblib would find none and say so with a warning and a piece
    of a traceback.

    For fits, not around what starts programs: they would inherit the variable.
    """
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        with threadpool_limits(1):
            yield
    finally:
        if before is None:
            os.environ.pop("OMP_NUM_THREADS", None)  # another thread's fit may have taken it out
        else:
            os.environ["OMP_NUM_THREADS"] = before


def run(main: Callable[[], None]) -> None:
    """Run a stage's main(), as run_program() does; `--help` says what the stage is for."""
    name = stage_name()
    parser = ArgumentParser(
        prog=f"python -m stages.{name}",
        description=sys.modules["__main__"].__doc__,
        epilog=f"It takes no arguments: its parameters are in params.yaml, and `dvc repro {name}`\n"
        "runs it where they, or what it reads, have changed.",
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    run_program(main)


def run_program(main: Callable[[], None]) -> None:
    """Run a main(); exit 1 on what the user can mend, 130 on Ctrl-C.

    The numeric libraries get one thread each: at a thousand songs two only wait for one another,
    and where more cores help the stages start processes.
    """
    global _dvc
    _dvc = dvc_above()
    try:
        interrupt_on_ctrl_c()
        try:
            with threadpool_limits(1):
                main()
        finally:
            end_at_once_on_ctrl_c()
    except StageError as error:
        say(str(error))
        sys.exit(1)
    except OSError as error:
        say(f"{error.filename or 'a file'}: {error.strerror or error}")
        sys.exit(1)
    except KeyboardInterrupt:
        say(INTERRUPTED)
        sys.exit(CODE)
