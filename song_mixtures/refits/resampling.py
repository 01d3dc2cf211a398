"""Songs drawn anew: bootstrap samples of a table, and tables like it but without groups.

What is drawn depends on the seed, the purpose and a number, and not on who draws it or when.
"""

import numpy as np
from scipy.special import ndtr, ndtri

from song_mixtures.pipeline.arrays import FloatArray, IntArray

COLD, WARM, REFERENCE = range(3)  # purposes
JITTER = 1e-9  # of variance, for a Cholesky factor of features that determine one another


def generator(seed: int, purpose: int, number: int) -> np.random.Generator:
    """Return the random numbers of one refit."""
    return np.random.default_rng([seed, purpose, number])


def bootstrap_rows(songs: int, rng: np.random.Generator) -> IntArray:
    """Return as many rows as there are songs, (N,), drawn with replacement, Efron (1979)."""
    return rng.integers(songs, size=songs)


def reference_points(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return as many points without groups, (N, d): a Gaussian copula, Nelsen (2006), sec. 2.3.

    Every feature keeps its own distribution, every two features their rank correlation; of points
    (N, d) these are taken by normal scores.                                       (12)
    """
    songs = len(points)
    shares = (np.arange(songs) + 0.5) / songs
    scores = np.column_stack([ndtri((mean_ranks(column) - 0.5) / songs) for column in points.T])
    correlations = np.corrcoef(scores.T) + JITTER * np.eye(points.shape[1])
    drawn = rng.standard_normal(points.shape) @ np.linalg.cholesky(correlations).T
    columns = zip(ndtr(drawn).T, points.T, strict=True)
    return np.column_stack([np.interp(share, shares, np.sort(column)) for share, column in columns])


def mean_ranks(values: FloatArray) -> FloatArray:
    """Return the ranks of values, (N,), from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
