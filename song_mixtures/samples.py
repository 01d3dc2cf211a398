"""Random samples of a table's rows, the same ones for the same table size and seed."""

import numpy as np
from numpy.typing import NDArray


def sampled_rows(rows: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return at most so many of the row numbers 0 to rows - 1, (rows or most,), in their order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
