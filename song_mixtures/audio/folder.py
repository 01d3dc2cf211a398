"""A folder of audio: what in it is to be decoded, and why the rest that looks like audio is not."""

import os
import shlex
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from song_mixtures.pipeline.stage import StageError

# What libsndfile opens, in any case.
SUFFIXES = (
    ".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".aifc", ".caf", ".au",
    ".snd", ".mp2", ".w64", ".rf64",
)  # fmt: skip
# Audio that it does not open. PyAV would; why it is not used, docs/features.md says.
FOREIGN = (
    ".m4a", ".m4b", ".m4p", ".aac", ".alac", ".wma", ".ape", ".wv", ".mpc", ".tta", ".tak", ".dsf",
    ".dff", ".mka", ".weba", ".ra", ".amr", ".3ga", ".ac3", ".dts", ".spx", ".shn",
)  # fmt: skip
NOTES = (".mid", ".midi", ".kar")


@dataclass(frozen=True)
class Sorted:
    """The audio files of a folder, each in one of the three, with the reason in the last two."""

    songs: list[Path]  # to decode, by path
    rejected: dict[Path, str]
    excluded: dict[Path, str]


def find_audio(folder: Path) -> list[Path]:
    """Return every file below `folder` that looks like audio by its suffix, sorted by path.

    Folders whose names begin with a dot are hidden and not entered. Links to folders are followed,
    after all plain folders; no folder is read twice, so that links may run in circles. Raises
    StageError where there is no such folder or no audio in it.
    """
    if not folder.is_dir():
        raise StageError(f"{folder} is not a folder; input.audio in params.yaml names it")
    found, seen, pending = [], set(), deque([folder])
    while pending:
        here = pending.popleft()
        if here.resolve() in seen:
            continue
        seen.add(here.resolve())
        for entry in sorted(here.iterdir()):
            if entry.is_dir():
                if not entry.name.startswith("."):
                    (pending.append if entry.is_symlink() else pending.appendleft)(entry)
            elif entry.suffix.lower() in (*SUFFIXES, *FOREIGN, *NOTES):
                found.append(entry)
    if not found:
        raise StageError(f"{folder} holds no audio: no file below it ends in {', '.join(SUFFIXES)}")
    return sorted(found)


def sort_out(paths: list[Path], folder: Path, patterns: list[str]) -> Sorted:
    """Return which files are to be decoded, which cannot be and which are not meant to be.

    Left out are hidden files (`._song.mp3` is no audio), what a pattern matches by the rules of
    .gitignore, and what has been converted: song.m4a where song.flac stands beside it.

    Parameters
    ----------
    paths : of find_audio()
    folder : that they lie below, and that patterns are relative to
    patterns : of .gitignore; of several that match a file the last one counts
    """
    spec = spec_of(patterns)
    decodable = {path.with_suffix(""): path.name for path in paths if is_decodable(path)}
    songs: list[Path] = []
    rejected: dict[Path, str] = {}
    excluded: dict[Path, str] = {}
    for path in paths:
        match = spec.check_file(path.relative_to(folder).as_posix())
        if path.name.startswith("."):
            excluded[path] = "hidden: its name begins with a dot"
        elif match.include and match.index is not None:
            excluded[path] = f"matches input.exclude: {patterns[match.index]}"
        elif is_decodable(path):
            songs.append(path)
        elif path.with_suffix("") in decodable:
            excluded[path] = f"converted: {decodable[path.with_suffix('')]} stands beside it"
        else:
            rejected[path] = cure_of(path)
    return Sorted(songs, rejected, excluded)


def unmatched(paths: list[Path], folder: Path, patterns: list[str]) -> list[str]:
    """Return the patterns that match no file, perhaps for a slip of the pen."""
    names = [path.relative_to(folder).as_posix() for path in paths]
    specs = [(text, spec_of([text.removeprefix("!")])) for text in patterns]
    return [text for text, spec in specs if not any(map(spec.match_file, names))]


def spec_of(patterns: list[str]) -> GitIgnoreSpec:
    """Return what matches files by patterns of .gitignore; StageError where one is none."""
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except GitIgnorePatternError as error:
        raise StageError(
            f"input.exclude in params.yaml: {error}; patterns are those of .gitignore, such as "
            "audiobooks/ or *.wav"
        ) from None


def is_decodable(path: Path) -> bool:
    """Tell whether a file ends as one that libsndfile opens, and is not hidden."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def cure_of(path: Path) -> str:
    """Return why a file of another kind cannot be used, and the line that helps."""
    kind = path.suffix.lower()
    if kind in NOTES:
        return f"{kind} is not decoded: it holds notes and no sound; render it to a .wav beside it"
    source, made = (printable(str(name)) for name in (path, path.with_suffix(".flac")))
    line = f"ffmpeg -i {shlex.quote(source)} -vn {shlex.quote(made)}"
    return f"{kind} is not decoded: convert it by `{line}`; then it may stay where it is"


def song_name(path: Path, folder: Path) -> str:
    """Return the path below `folder` with forward slashes; a byte that is no UTF-8 is escaped."""
    return printable(path.relative_to(folder).as_posix())


def printable(name: str) -> str:
    """Return the name of a file as text; a byte that is no UTF-8 is escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
