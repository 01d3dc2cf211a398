"""What goes along with a song and is fitted to nothing: its name, and columns of the user's table.

The details stand in a table of their own, which no stage that fits a mixture reads: another name,
or another column that is kept, fits nothing again.
"""

from collections.abc import Collection

import pandas as pd

from song_mixtures.pipeline.params import PARAMS
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import TAKEN, TAKEN_BEGINNINGS, Columns, Feature, Features
from song_mixtures.songs.names import display_name

MOST_KEPT = 20  # columns, which stand in every table of songs
LONGEST_KEY = 30  # letters of what a kept column is called
# Columns that kept ones stand beside, besides those that features stand beside.
TAKEN_IN_LISTS = {"kind", "score", "reason", "other_song", "other_name", "rank", "posterior", "row"}
MOST_VALUES = 3  # features that tell a song without a name from others


def kept_columns(keep: Columns, features: Collection[str]) -> dict[str, str]:
    """Return the columns that `input.keep` names, by what they are called in our tables.

    `features` are the names in `input.columns`. Raises StageError where there are too many, or one
    of them cannot be called so.
    """
    kept = {name: column for name, column in keep.items() if column is not None}
    for name in kept:
        if fault := _fault_of_key(name, features):
            raise StageError(f"{PARAMS}: input.keep: no column can be called {name!r}: {fault}")
    if len(kept) > MOST_KEPT:
        raise StageError(
            f"{PARAMS}: input.keep has {len(kept)} columns, expected at most {MOST_KEPT}: they "
            "stand in every table of songs"
        )
    return kept


def _fault_of_key(name: str, features: Collection[str]) -> str:
    if not name.isidentifier() or name.startswith("_"):
        return "letters, digits and _ are allowed, a letter first; the table's column may have any"
    if len(name) > LONGEST_KEY:
        return f"it has {len(name)} letters, expected at most {LONGEST_KEY}"
    if name in features:
        return "a feature in input.columns has that name"
    if name in TAKEN | TAKEN_IN_LISTS or name.startswith(TAKEN_BEGINNINGS):
        return "a column of our own tables has that name; add a word to it"
    return ""


def called(given: pd.Series, kept: pd.DataFrame) -> pd.Series:
    """Return what people call each song: what is given, else its artist and title, else "".

    Parameters
    ----------
    given : names, text, "" where there is none, (N,)
    kept : columns that are kept; those called `title` and `artist` name a song
    """
    if "title" not in kept:
        return given
    artists = kept["artist"].tolist() if "artist" in kept else [""] * len(kept)
    names = map(display_name, artists, kept["title"].tolist())
    return given.where(given != "", pd.Series(list(names), index=given.index, dtype="str"))


def rows_described(songs: pd.DataFrame, features: Features) -> list[str]:
    """Return a name for songs that nothing names: their row, and a few of their values.

    `row 17: 120 BPM, energy 0.63, −7.2 dB`. `songs` has their rows in the user's table, counted
    from 0, as its index, and these features in original units.
    """
    cells = [_in_words(songs[one.name], one) for one in list(features.values())[:MOST_VALUES]]
    rows = zip(songs.index, *cells, strict=True)
    return [f"row {row}: {', '.join(values)}" for row, *values in rows]


def _in_words(values: pd.Series, feature: Feature) -> list[str]:
    """Return values with their unit or their feature's name: `120 BPM`, `energy 0.63`."""
    # Each is written once: of a million songs 8 seconds become 1.
    codes, different = pd.factorize(values.round(feature.decimals or 0))
    written = [feature.written(value) for value in different]
    words = [f"{w} {feature.unit}" if feature.unit else f"{feature.name} {w}" for w in written]
    return [words[code] for code in codes]
