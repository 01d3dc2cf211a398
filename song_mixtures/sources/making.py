"""Where the features of a run are from: which columns, which values they can have, who made them.

Features of the same name need not mean the same: the energy of a streaming service is none of
ours, and ours of 10 s is not that of 30. So the run keeps with its models what a song must bring.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from song_mixtures.audio.version import MADE_BY
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import Range
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import possible
from song_mixtures.sources.table import read_source_columns, source_columns, texts_of


@dataclass(frozen=True)
class Making:
    """What the features of a run were made of."""

    table: str  # path of the table that the run was made of
    made_by: str  # what its column MADE_BY has; "": it has none, so it is somebody else's
    id: str | None  # column that names a song
    name: str | None  # column with what people call a song
    columns: Mapping[str, str]  # the table's column of each feature, in the order of the models
    ranges: Mapping[str, Range]  # of each feature

    def possible(self, values: FloatArray) -> FloatArray:
        """Return values, (N, d) in the order of `columns`, NaN where one cannot be."""
        columns = zip(values.T, self.ranges.values(), strict=True)
        can_be = np.column_stack([possible(column, one) for column, one in columns])
        return np.where(can_be, values, np.nan)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which from_json() reads; a bound that is none is null."""
        bounds = {
            name: {key: bound if np.isfinite(bound) else None for key, bound in asdict(one).items()}
            for name, one in self.ranges.items()
        }
        return asdict(self) | {"columns": dict(self.columns), "ranges": bounds}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Making":
        """Return what to_json() wrote."""
        ranges = {
            name: Range(**{key: bound for key, bound in one.items() if bound is not None})
            for name, one in content["ranges"].items()
        }
        return cls(**content | {"ranges": ranges})


def making_of(path: Path) -> str:
    """Return what a table says of how its features were made, "" where it says nothing.

    Raises StageError where its rows say different things: their features do not mean the same.
    """
    if MADE_BY not in source_columns(path):
        return ""
    content = read_source_columns(path, {MADE_BY: ""})
    found = sorted(set(texts_of(content[MADE_BY])))
    if len(found) > 1:
        raise StageError(
            f"{path}: its column {MADE_BY} has {' and '.join(map(repr, found))}: features that "
            "were made in different ways do not mean the same, and a mixture would part songs by "
            "that; keep the rows of one, or extract all of the audio again"
        )
    return found[0]
