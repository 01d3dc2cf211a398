"""How far two labelings of the same songs agree, from how many songs have each pair of labels."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from song_mixtures.pipeline.arrays import FloatArray, IntArray


def contingency(rows: IntArray, columns: IntArray, k: int) -> IntArray:
    """Return how many songs have each pair of labels, both (N,) from 0 to K - 1, as (K, K)."""
    return np.bincount(k * rows + columns, minlength=k * k).reshape(k, k)


def matching(rows: IntArray, columns: IntArray, k: int) -> IntArray:
    """Return the label of `columns` matched to each of `rows`, (K,): most songs in common.

    Kuhn (1955), the Hungarian method, on the contingency table.
    """
    _, matched = linear_sum_assignment(contingency(rows, columns, k), maximize=True)
    return np.asarray(matched)


def adjusted_rand(counts: IntArray) -> float:
    """Return the adjusted Rand index of a contingency table, 1 for the same groups, 0 by chance.

    Hubert & Arabie (1985), eq. 5.                                                 (10)
    """
    both, rows, columns, songs = (
        float((n * (n - 1) / 2).sum())
        for n in (counts, counts.sum(axis=1), counts.sum(axis=0), counts.sum())
    )
    expected, most = rows * columns / songs, (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def jaccards(counts: IntArray) -> FloatArray:
    """Return the Jaccard index of each row's group and each column's, (K, K), 0 to 1.

    Songs in both over songs in either, Hennig (2007); 0 for a group without songs. (11)
    """
    either = counts.sum(axis=1)[:, None] + counts.sum(axis=0) - counts
    return np.asarray(counts / np.maximum(either, 1))


def best_jaccards(counts: IntArray) -> FloatArray:
    """Return of each row's group its Jaccard index with the most similar column's, (K,)."""
    best: FloatArray = jaccards(counts).max(axis=1)
    return best
