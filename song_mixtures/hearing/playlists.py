"""Which songs stand in a component's playlist, why the others do not, and the file itself.

A playlist is an extended M3U in UTF-8. How its lines are read is in RFC 8216, section 4.1; what
#PLAYLIST says, and that paths may lead from the playlist's folder, is the custom of players.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# Not in the name of a file on Windows, or with a meaning for a shell.
FORBIDDEN = re.compile(r'[<>:"/\\|?*\s\x00-\x1f\x7f-\x9f]+')
LONGEST_NAME = 60  # letters of at most 4 bytes: names of files end at 255 bytes


@dataclass(frozen=True)
class Entry:
    """A song of a playlist."""

    path: str
    seconds: float
    artist: str  # "" where it is not known
    title: str


def left_out(
    songs: Sequence[str],
    artists: Sequence[str],
    doubles: Mapping[str, set[str]],
    most: int,
    max_per_artist: int | None,
) -> list[str]:
    """Return for each song why it is not in the playlist, "" where it is.

    Songs are taken in the order given, the first reason counts: "near-duplicate" of one that is
    taken, "artist" of whom enough are taken, "limit".

    Parameters
    ----------
    songs : those that qualify, the most typical first
    artists : of each, "" where not known, which no limit holds for
    doubles : of a song its near-duplicates
    most : songs of the playlist
    max_per_artist : songs of one artist, in whatever case of letters; None: any number
    """
    taken: set[str] = set()
    of_artist: Counter[str] = Counter()
    reasons = []
    for song, artist in zip(songs, map(str.casefold, artists), strict=True):
        if doubles.get(song, set()) & taken:
            reason = "near-duplicate"
        elif artist and max_per_artist is not None and of_artist[artist] >= max_per_artist:
            reason = "artist"
        elif len(taken) >= most:
            reason = "limit"
        else:
            reason = ""
            taken.add(song)
            of_artist[artist] += 1
        reasons.append(reason)
    return reasons


def can_hold(path: str) -> bool:
    """Tell whether a playlist can hold a path: one line of UTF-8 that is no comment."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return path.splitlines() == [path] and path.strip() == path and not path.startswith("#")


def list_name(component: int, words: str) -> str:
    """Return what the playlist of a component is called, which every file system takes."""
    said = FORBIDDEN.sub(" ", words)[:LONGEST_NAME]
    return f"{component:02d} {said}".rstrip(" .")


def as_m3u8(name: str, entries: Iterable[Entry]) -> str:
    """Return the text of a playlist; seconds are whole ones there, -1 where not known (below 0)."""
    lines = ["#EXTM3U", f"#PLAYLIST:{one_line(name)}"]
    for entry in entries:
        said = one_line(f"{entry.artist} - {entry.title}" if entry.artist else entry.title)
        lines += [f"#EXTINF:{round(max(entry.seconds, -1))},{said}", entry.path]
    return "".join(f"{line}\n" for line in lines)


def one_line(text: str) -> str:
    """Return text with every run of white space and control characters as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
