"""Rows of the table of songs to look at."""

import numpy as np

from song_mixtures.suspects.kinds import LABEL, rows


def test_no_row_of_any_kind_leaves_the_columns() -> None:
    nothing = rows(LABEL, np.array([], dtype=int), np.array([]), [])
    assert nothing.empty
    assert list(nothing.columns) == ["row", "kind", "score", "reason", "other_row"]
