"""Where the file of a song is, and its address on a page that plays it.

A song of stage extract is called by its path below the folder of audio (audio/folder.py,
song_name()). No file is opened here, and none is looked for.
"""

import os
import re
from pathlib import Path
from urllib.parse import quote

# What Chromium and Firefox play.
PLAYED = (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus")
ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")  # a byte of a file's name that was no UTF-8


def folder_of(audio: list[str], song_id: str | None) -> Path | None:
    """Return the folder whose files the songs are, None where songs are not files.

    Parameters
    ----------
    audio : input.audio, the folder or nothing
    song_id : input.id; only `filename` leads back to a file
    """
    return Path(audio[0]) if audio and song_id == "filename" else None


def file_of(song: str) -> str:
    """Return the path of a song below its folder as the file system has it, from its name."""
    path = ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), song.encode())
    return os.fsdecode(path)


def from_here(folder: Path, place: Path) -> str:
    """Return the way to a folder from the folder `place`, with forward slashes.

    An absolute path stays one: relative, it would hold only where the project lies now, and a
    queued experiment lies elsewhere.
    """
    if folder.is_absolute():
        return folder.as_posix()
    return Path(os.path.relpath(folder, place)).as_posix()


def address(song: str, folder: Path | None, place: Path) -> str:
    """Return the percent-encoded path of a song's file as an address on a page in `place`.

    "" where songs are not files.
    """
    if folder is None:
        return ""
    return quote(os.fsencode(f"{from_here(folder, place)}/{file_of(song)}"))


def format_of(song: str) -> str:
    """Return the suffix of a song's file, in small letters."""
    return Path(song).suffix.lower()
