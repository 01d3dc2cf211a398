"""Which columns of the user's table look like names of songs, and the line that keeps them."""

import json
import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from song_mixtures.sources.table import as_names, as_numbers, read_head

LEAST_DISTINCT = 0.2  # of the songs: artists have several, genres many
LONGEST_TEXT = 100  # letters of half of the cells, at most: lyrics are no names
# What a column is called by words in its own name, the first that fits; of several columns that one
# is which has the earliest word.
WORDS = {
    "uri": ("uri", "url", "href", "link"),
    "id": ("_id", " id", "isrc"),
    "artist": ("artist", "performer", "band"),
    "album": ("album", "release"),
    "title": ("title", "track", "song", "name"),
}


def looks_like_names(column: pd.Series) -> bool:
    """Tell whether a column is short text that differs between songs."""
    text = as_names(column)
    text = text[text != ""]
    if text.empty or text.nunique() < LEAST_DISTINCT * len(text):
        return False
    lettered = text.str.contains(r"[^\W\d_]") & as_numbers(text).isna()
    return bool(lettered.mean() > 0.5 and text.str.len().median() <= LONGEST_TEXT)


def proposal(path: Path, used: Collection[str]) -> str:
    """Return the line of section `input` that names a table's songs, "" where none would.

    By the first rows of the table; `used` are columns that params.yaml names already.
    """
    try:
        head = read_head(path)
    except (ValueError, OSError):  # of columns that nobody has asked for, and that may be broken
        return ""
    likely = [
        str(name) for name, column in head.items() if name not in used and looks_like_names(column)
    ]
    keep: dict[str, str] = {}
    left = likely
    for role, words in WORDS.items():
        of_role = [(word, column) for word in words for column in left if word in column.lower()]
        if of_role:
            keep[role] = of_role[0][1]
            left = [column for column in left if column not in {one for _, one in of_role}]
    if "title" not in keep:
        return f"name: {_scalar(left[0])}" if left else ""
    order = [role for role in ("artist", "title", "album", "uri", "id") if role in keep]
    entries = [f"{_key(role, keep[role])}: {_scalar(keep[role])}" for role in order]
    return f"keep: {{{', '.join(entries)}}}"


def _key(role: str, column: str) -> str:
    """Return what a column is called when it is kept; an id as in the table, as far as it can."""
    plain = re.sub(r"\W+", "_", column.lower()).strip("_")
    return plain if role == "id" and plain.isidentifier() else role


def _scalar(text: str) -> str:
    """Return a text as YAML has it, in quotes where it needs them."""
    plain = re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII)
    is_text = plain is not None and text.lower() not in {"null", "true", "false"}
    return text if is_text else json.dumps(text, ensure_ascii=False)
