"""The kinds of songs to look at, by the names that tables and charts have for them."""

import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray, IntArray

DUPLICATE, NOWHERE, OCTAVE, LABEL = KINDS = (
    "near-duplicate", "belongs nowhere", "octave", "label"
)  # fmt: skip


def rows(
    kind: str, row: IntArray, score: FloatArray, reason: list[str], other: IntArray | None = None
) -> pd.DataFrame:
    """Return rows of one kind, the most suspicious, of the least score, first.

    Parameters
    ----------
    kind : one of KINDS
    row : the songs' places in the table, (S,)
    score : (S,), 0 or more
    reason : in words
    other : the places of the other songs of pairs, (S,)
    """
    columns = {"row": row, "kind": kind, "score": score, "reason": reason}
    found = pd.DataFrame(columns | {"other_row": -1 if other is None else other})
    return found.sort_values("score", kind="stable")
