"""Songs of forty overlapping kinds in ten genres, so that initializations of EM end apart."""

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray, IntArray

KINDS = 40
GENRES = 10
# Mean and standard deviation of each feature in its own unit.
UNITS = {
    "tempo": (120.0, 20.0),
    "energy": (0.5, 0.1),
    "loudness": (-12.0, 4.0),
    "valence": (0.5, 0.1),
    "danceability": (0.5, 0.1),
}


def points_and_kinds(songs: int) -> tuple[FloatArray, IntArray]:
    """Return standardized points, (N, 5), and the kind of each, (N,)."""
    rng = np.random.default_rng(0)
    means, shapes = rng.normal(size=(KINDS, 5)), 0.4 * rng.normal(size=(KINDS, 5, 5))
    kinds = rng.integers(0, KINDS, songs)
    points = np.empty((songs, 5))
    for kind in range(KINDS):
        of_kind = np.flatnonzero(kinds == kind)
        points[of_kind] = means[kind] + rng.normal(size=(len(of_kind), 5)) @ shapes[kind]
    return (points - points.mean(axis=0)) / points.std(axis=0), kinds


def made_points(songs: int) -> FloatArray:
    """Return standardized points, (N, 5)."""
    return points_and_kinds(songs)[0]


def made_table(songs: int) -> pd.DataFrame:
    """Return a table of songs: filename, genre, and the features in their own units."""
    points, kinds = points_and_kinds(songs)
    table = pd.DataFrame(
        {
            "filename": [f"song {number}" for number in range(songs)],
            "genre": np.array([f"genre {kind % GENRES}" for kind in range(KINDS)])[kinds],
        }
    )
    for column, (name, (mean, deviation)) in zip(points.T, UNITS.items(), strict=True):
        table[name] = mean + deviation * column
    return table
