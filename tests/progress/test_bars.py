"""Bars: the items as they came, and on a terminal, where they take long, how many are left."""

import io
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from song_mixtures.progress import bars
from song_mixtures.progress.bars import with_bar, write_line


class Terminal(io.StringIO):
    """Standard error as a person sees it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal, and two seconds none."""
    screen = Terminal()
    # Of this module alone: pytest puts its own in the place of sys.stderr for every test.
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=screen, modules=sys.modules))
    monkeypatch.setattr(bars, "DELAY", 0.0)
    return screen


def test_a_bar_names_what_it_counts_and_yields_every_item_once(terminal: Terminal) -> None:
    assert list(with_bar(range(5), "songs")) == [0, 1, 2, 3, 4]
    shown = terminal.getvalue()
    assert "songs:  20%" in shown  # after the first, with the time that is left
    assert "1/5 [00:00<" in shown


def test_a_bar_of_a_generator_is_told_how_many_there_are(terminal: Terminal) -> None:
    letters: Iterator[str] = iter("ab")
    assert list(with_bar(letters, "letters", 2)) == ["a", "b"]
    assert "letters:  50%" in terminal.getvalue()


def test_a_line_is_written_above_the_bar(terminal: Terminal) -> None:
    for number in with_bar(range(3), "songs"):
        write_line(f"song {number}")
    lines = terminal.getvalue().split("\n")
    assert [line.split("\r")[-1] for line in lines[:3]] == ["song 0", "song 1", "song 2"]


def test_what_is_quick_shows_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bars, "DELAY", 60.0)
    assert list(with_bar(range(5), "songs")) == [0, 1, 2, 3, 4]
    assert terminal.getvalue() == ""


def test_where_nobody_watches_tqdm_is_not_even_imported() -> None:
    program = (
        "import sys\n"
        "from song_mixtures.pipeline import progress\n"
        "bars.DELAY = 0.0\n"
        "for number in bars.with_bar(range(3), 'songs'): bars.write_line(str(number))\n"
        "sys.exit('tqdm' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "0\n1\n2\n")
