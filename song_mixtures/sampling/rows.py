"""Random rows of a table, the same for the same size and seed."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def sampled_rows(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return at most so many of the row numbers 0 to rows - 1, (rows or most,), in their order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def sampled_songs(songs: pd.DataFrame, max_points: int, seed: int) -> pd.DataFrame:
    """Return the songs of the scatter pictures in random order, lest one component hide another.

    At most max_points: a fixed random sample.
    """
    order = np.random.default_rng(seed).permutation(len(songs))
    return songs.iloc[order[:max_points]]
