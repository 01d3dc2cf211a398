"""The songs of a run: found by name, and the nearest of them to any song.

Near is what stage suspects calls near: Euclidean distance of standardized features, in which a
standard deviation of one feature counts as one of any other. A distance by the components' own
covariances would say that songs along a long component are near one another, and it would differ
from component to component.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from pyarrow import csv

from song_mixtures.mixture.marginals import known_parts
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import check_written, naming
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected")  # from preprocess
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments")  # from uncertainty
NAMES = ("song", "name", "genre")
# Up to so many pairs of songs all distances are computed; of more, a tree is faster.
MOST_PAIRS = 1_000_000


@dataclass(frozen=True)
class Nearest:
    """The nearest songs of the run to M songs, C of each, by row, the nearest first."""

    rows: IntArray  # (M, C); -1: the run has no further song
    distances: FloatArray  # (M, C), standard deviations, over the features that are known


@dataclass(frozen=True)
class KnownSongs:
    """The songs of a run, N of them, in the order of its tables."""

    ids: Sequence[str]
    names: Sequence[str]
    genres: Sequence[str]  # "" where it is not known
    components: IntArray  # hard labels, (N,)
    points: FloatArray  # standardized features, (N, d)
    path: Path  # of the table with all that the run says of them

    def find(self, name: str) -> IntArray:
        """Return the rows of the songs of that id, or of that name, or with it in either.

        The first of the three that any song fits; the last one passes over upper and lower case.
        """
        folded = name.casefold()
        for fits in (
            (one == name for one in self.ids),
            (one == name for one in self.names),
            (
                folded in song.casefold() or folded in called.casefold()
                for song, called in zip(self.ids, self.names, strict=True)
            ),
        ):
            rows = np.flatnonzero(np.fromiter(fits, bool))
            if len(rows):
                return rows
        return np.array([], dtype=np.int64)

    def nearest(self, points: FloatArray, count: int) -> Nearest:
        """Return the nearest songs to points, (M, d), by the features that are known of each.

        Songs of the run of which a feature is missing are near to none.
        """
        candidates = np.flatnonzero(~np.isnan(self.points).any(axis=1))
        found = Nearest(np.full((len(points), count), -1), np.full((len(points), count), np.nan))
        most = min(count, len(candidates))
        for kept, rows in known_parts(points):
            own, others = points[np.ix_(rows, kept)], self.points[np.ix_(candidates, kept)]
            nearby = nearest_rows(own, others, most)
            found.rows[rows, :most] = candidates[nearby]
            # Of the differences themselves, so that the distance of equal songs is 0.
            apart = others[nearby] - own[:, None]
            found.distances[rows, :most] = np.sqrt((apart**2).sum(axis=2))
        return found

    def said_of(self, rows: IntArray, columns: Collection[str]) -> dict[str, FloatArray]:
        """Return columns of numbers that the run says of the songs in these rows, each (rows,)."""
        content = read_columns(self.path, columns)
        return {name: as_array(content[name])[rows] for name in content.column_names}


def nearest_rows(points: FloatArray, others: FloatArray, count: int) -> IntArray:
    """Return which `count` of the others, (N, d), are nearest to each point, (M, d) -> (M, count).

    The nearest first; of equals the first.
    """
    if len(points) * len(others) > MOST_PAIRS:
        from scipy.spatial import cKDTree  # an import of 0.3 s, which a few songs need not wait for

        near = cKDTree(others).query(points, k=np.arange(1, count + 1))[1]
        return np.asarray(near, dtype=np.int64)
    squares = sum(
        (np.subtract.outer(own, other) ** 2 for own, other in zip(points.T, others.T, strict=True)),
        np.zeros((len(points), len(others))),
    )
    return np.argsort(squares, axis=1, kind="stable")[:, :count]


def read_known(folder: Path, suffix: str, scaling: Scaling) -> KnownSongs:
    """Return the songs of a run.

    Parameters
    ----------
    folder : of the project
    suffix : of its tables, `.csv` or `.parquet`
    scaling : the run's
    """
    features, assignments = (
        (folder / path).with_suffix(suffix) for path in (FEATURES_SELECTED, ASSIGNMENTS)
    )
    # Every digit of the features stands in the first table, all else in the second.
    values = read_columns(features, scaling.features)
    said = read_columns(assignments, {*NAMES, "gmm_cluster"})
    texts = {
        name: said[name].to_pylist() if name in said.column_names else [""] * len(said)
        for name in NAMES
    }
    table = [as_array(values[name]) for name in scaling.features]
    return KnownSongs(
        texts["song"],
        texts["name"],
        texts["genre"],
        as_array(said["gmm_cluster"]),
        scaling.standardized(np.column_stack(table).astype(np.float64)),
        assignments,
    )


def as_array(column: pyarrow.ChunkedArray) -> Any:
    """Return a column of numbers, (N,), NaN where a cell is empty; to_numpy() imports pandas."""
    return np.concatenate(
        [
            np.array(part.to_pylist(), dtype=np.float64)
            if part.null_count
            else np.from_dlpack(part)
            for part in column.chunks
        ]
    )


def read_columns(path: Path, columns: Collection[str]) -> pyarrow.Table:
    """Read those of these columns that a table of the run has; names are text."""
    check_written(path)
    with naming(path, ValueError, pyarrow.ArrowException):
        if path.suffix == ".csv":
            with csv.open_csv(path) as reader:
                has = reader.schema.names
            wanted = [name for name in has if name in columns]
            options = csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(TEXTS, pyarrow.string())
            )
            newlines = csv.ParseOptions(newlines_in_values=True)
            return csv.read_csv(path, parse_options=newlines, convert_options=options)
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path) as file:
            has = file.schema_arrow.names
            return file.read([name for name in has if name in columns])


# "NA" and "007" are names there, no numbers.
TEXTS = (*NAMES, "gmm_words", "deciding_feature", "profile")


def read_texts(path: Path, column: str) -> list[str]:
    """Return a column of text of a table of the run."""
    found: list[str] = read_columns(path, {column})[column].to_pylist()
    return found
