"""Make the five features from the widespread 58-column feature table of GTZAN.

For people who have `features_30_sec.csv` and no audio. The table holds neither mode nor onsets,
so energy, valence and danceability are stand-ins, fitting only among themselves: each is
standardized over the table. Rows of this table and rows of stage extract must not share a model.
Its other columns are there for whoever names them in `input.columns`; they go through as they are.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from song_mixtures.pipeline.params import read_param
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import write_table
from song_mixtures.songs.features import Columns
from song_mixtures.sources.table import read_source_table

SONGS = Path("data/raw/gtzan.csv")

NONE: Mapping[str, str] = MappingProxyType({})
MADE = ("filename", "genre", "tempo", "energy", "loudness", "valence", "danceability")

NAMES = ["filename", "label"]
POSITIVE = [  # what logarithms are taken of
    "tempo",
    "rms_mean",
    "rms_var",
    "zero_crossing_rate_mean",
    "harmony_var",
    "perceptr_var",
    "mfcc4_var",
]


def read_gtzan_table(path: Path, more: Mapping[str, str] = NONE) -> pd.DataFrame:
    """Return the columns NAMES and `more` as text, POSITIVE as floats.

    Raises StageError where the table is absent, broken, empty, lacks columns (names them all),
    or holds something other than a number above 0 (names the first such cell).

    Parameters
    ----------
    path : of the table
    more : further columns, and who names each
    """
    table = read_source_table(path, {**more, **dict.fromkeys(NAMES + POSITIVE, "")})
    numbers = table[POSITIVE].apply(pd.to_numeric, errors="coerce")
    check_not_positive(table, numbers, path)
    given = [name for name in more if name not in {*NAMES, *POSITIVE}]
    return table[NAMES].join(numbers).join(table[given])


def further_columns(columns: Columns) -> dict[str, str]:
    """Return the table's own columns that `input.columns` names, and the key that does."""
    named = {column: f"input.columns.{name}" for name, column in columns.items() if column}
    return {column: key for column, key in named.items() if column not in MADE}


def check_not_positive(table: pd.DataFrame, numbers: pd.DataFrame, path: Path) -> None:
    """Raise a StageError for the first cell that is not a finite number above 0."""
    wrong = ~((numbers > 0) & np.isfinite(numbers)).to_numpy()
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        name = POSITIVE[column]
        raise StageError(
            f"{path}, line {row + 2} ({table['filename'][row]}): {name} is "
            f"{table[name][row]!r}, expected a number above 0"
        )


def standardized_log(values: pd.Series) -> NDArray[np.float64]:
    """Return z = (ln x - mean) / standard deviation (divisor N); all 0 where x is constant."""
    logs = np.log(values.to_numpy(dtype=np.float64))
    spread = logs.std() if values.nunique() > 1 else 1.0
    return np.asarray((logs - logs.mean()) / spread)


def gtzan_songs(table: pd.DataFrame) -> pd.DataFrame:
    """Return filename, genre and the five features; F is the logistic function.

    tempo         as it is [BPM], on librosa's lag grid
    loudness      10 log10(rms_mean^2 + rms_var) [dBFS]: the mean square, exactly
    energy        F(z zcr), zcr the zero-crossing rate: brightness and noise
    valence       F(z percussive - z zcr / 2), percussive = perceptr_var / harmony_var: timbral
    danceability  F(0.7 z dynamics + 0.7 z mfcc4_var), dynamics = sqrt(rms_var) / rms_mean
    with z the standardized logarithm. The weights are our choice.
    """
    crossings = standardized_log(table["zero_crossing_rate_mean"])
    percussive = standardized_log(table["perceptr_var"] / table["harmony_var"])
    dynamics = standardized_log(np.sqrt(table["rms_var"]) / table["rms_mean"])
    timbre_change = standardized_log(table["mfcc4_var"])
    return pd.DataFrame(
        {
            "filename": table["filename"],
            "genre": table["label"],
            "tempo": table["tempo"],
            "energy": expit(crossings),
            "loudness": 10 * np.log10(table["rms_mean"] ** 2 + table["rms_var"]),
            "valence": expit(percussive - crossings / 2),
            "danceability": expit(0.7 * dynamics + 0.7 * timbre_change),
        }
    )


def main() -> None:
    """Read the GTZAN feature table; write its songs."""
    [path] = map(Path, read_param("input", "gtzan_table", tuple[str, ...]))
    more = further_columns(read_param("input", "columns", Columns))

    table = read_gtzan_table(path, more)
    songs = gtzan_songs(table).join(table[list(more)])

    write_table(SONGS, songs)
    say(f"{len(songs)} songs, {songs['tempo'].nunique()} distinct tempos, in {SONGS}")


if __name__ == "__main__":
    run(main)
