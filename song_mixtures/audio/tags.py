"""What a file says of its song: title, artist, album, genre. Files are read and never written."""

from dataclasses import dataclass
from pathlib import Path
from unicodedata import category

from tinytag import TinyTag, TinyTagException

LONGEST = 200  # characters; a damaged tag may hold a picture


@dataclass(frozen=True)
class Tags:
    """Tags of a file, each "" where it has none."""

    title: str
    artist: str
    album: str
    tag_genre: str


def read_tags(path: Path) -> Tags:
    """Return the tags of a file, of several values the first; all "" where none can be read.

    Tags that are damaged do not make a song unusable.
    """
    try:
        found = TinyTag.get(path, duration=False)
    except (TinyTagException, OSError):
        return Tags("", "", "", "")
    return Tags(*map(clean, (found.title, found.artist, found.album, found.genre)))


def clean(text: str | None) -> str:
    """Return a tag in one line, not endless; "" where it is none or of an encoding not declared.

    ID3 declares Latin-1, and some programs wrote what their system used, such as Shift-JIS. Read as
    Latin-1 that has control characters, which no name has; which encoding it was is not said.
    """
    line = " ".join((text or "")[: 10 * LONGEST].split())
    unreadable = any(letter == "\ufffd" or category(letter) in {"Cc", "Cs"} for letter in line)
    return "" if unreadable else line[:LONGEST]
