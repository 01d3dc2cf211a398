"""Near-duplicates: pairs of songs closer together than songs of such a table are by chance.

Of N points drawn from a density p, the number of pairs within a short distance r is nearly Poisson
with mean N (N - 1) / 2 V_d r^d I, with V_d the volume of the unit ball and I the integral of p^2
(Silverman & Brown 1978). The same recording twice, or one track of an album beside its neighbor cut
from the same minutes, lies closer than that.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import gamma, logsumexp

from song_mixtures.mixture.model import Mixture, blocks
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar


def integral_of_square(mixture: Mixture) -> float:
    """Return the integral of the squared density of a mixture.

    It is sum_k sum_l w_k w_l N(m_k | m_l, S_k + S_l).                             (17)
    """
    logs = np.log(mixture.weights)
    d = mixture.means.shape[1]
    terms = []
    for log_weight, mean, covariance in zip(logs, mixture.means, mixture.covariances, strict=True):
        factors = np.linalg.cholesky(mixture.covariances + covariance)
        whitened = np.linalg.solve(factors, (mixture.means - mean)[..., None])[..., 0]
        determinants = 2 * np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
        exponents = d * np.log(2 * np.pi) + determinants + (whitened**2).sum(axis=1)
        terms.append(log_weight + logs - 0.5 * exponents)
    return float(np.exp(logsumexp(terms)))


def pairs_by_chance(mixture: Mixture, songs: int, distance: FloatArray) -> FloatArray:
    """Return how many pairs of songs drawn from a mixture are expected within distances, (P,).

    N (N - 1) / 2 V_d r^d I with V_d = pi^(d/2) / Gamma(d/2 + 1) and I of (17).     (18)
    """
    d = mixture.means.shape[1]
    ball = np.pi ** (d / 2) / gamma(d / 2 + 1)
    expected: FloatArray = (
        songs * (songs - 1) / 2 * ball * distance**d * integral_of_square(mixture)
    )
    return expected


@dataclass(frozen=True)
class Pairs:
    """Pairs of songs by their rows, (P,), the closest first, and what they are worth."""

    first: IntArray
    second: IntArray
    expected: FloatArray  # pairs as close or closer by chance, in the whole table


def nearest_neighbors(points: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return the distance to each point's nearest other one, (N,), and its row; all differ."""
    tree = cKDTree(points)
    distances, neighbors = np.empty(len(points)), np.empty(len(points), dtype=np.int64)
    for block in with_bar(blocks(len(points)), "nearest songs, blocks of songs"):
        found, places = tree.query(points[block], k=2)  # the nearest is the point itself
        distances[block], neighbors[block] = found[:, 1], places[:, 1]
    return distances, neighbors


def near_duplicates(points: FloatArray, mixture: Mixture, most_by_chance: float) -> Pairs:
    """Return pairs of nearest neighbors that are closer than chance explains.

    Of songs that are all equal, each is paired with the first of them. Others are paired with their
    nearest neighbor where not more than `most_by_chance` pairs so close are expected.

    Parameters
    ----------
    points : standardized features, (N, d)
    mixture : of the points
    most_by_chance : pairs in the whole table that are named though chance made them, on average
    """
    distinct, first_rows, of_row = np.unique(points, axis=0, return_index=True, return_inverse=True)
    rows = np.arange(len(points))
    again = rows[first_rows[of_row] != rows]
    equal = Pairs(first_rows[of_row[again]], again, np.zeros(len(again)))
    if len(distinct) < 2:
        return equal
    distances, neighbors = nearest_neighbors(distinct)
    ends = np.sort(np.column_stack([first_rows, first_rows[neighbors]]), axis=1)
    ends, place = np.unique(ends, axis=0, return_index=True)
    expected = pairs_by_chance(mixture, len(points), distances[place])
    order = np.argsort(expected, kind="stable")
    order = order[expected[order] <= most_by_chance]
    return Pairs(
        np.concatenate([equal.first, ends[order, 0]]),
        np.concatenate([equal.second, ends[order, 1]]),
        np.concatenate([equal.expected, expected[order]]),
    )
