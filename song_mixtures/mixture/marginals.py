"""A mixture seen along fewer directions, some features or a plane, and distances there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from song_mixtures.mixture.model import Mixture, blocks, posteriors
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar


def marginal(mixture: Mixture, kept: Sequence[int] | IntArray) -> Mixture:
    """Return the mixture of the features `kept`, by their places: the others integrated out.

    A marginal of a Gaussian is the Gaussian of those means and covariances, Bishop (2006) eq. 2.98,
    so p(x_kept) = sum_k w_k N(x_kept | m_k,kept, S_k,kept), exactly.              (20)
    """
    places = np.array(kept)
    return replace(
        mixture,
        means=mixture.means[:, places],
        covariances=mixture.covariances[:, places[:, None], places],
    )


def known_parts(points: FloatArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield which features are known of which points, by their places: a pair for each pattern.

    Of points, (N, d), NaN where a feature is not known. Every row is in one pair.
    """
    known = ~np.isnan(points)
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        yield np.flatnonzero(pattern), np.flatnonzero(which.ravel() == number)


def deciding_features(mixture: Mixture, points: FloatArray, labels: IntArray) -> IntArray:
    """Return the feature that alone decides on each song's component, (N,), -1 where none does.

    It is the one feature without which, by (20), the hard label is another.

    Parameters
    ----------
    mixture : of d features, 2 or more
    points : standardized features, (N, d)
    labels : the songs' components, (N,)
    """
    d = points.shape[1]
    changed = np.empty((len(points), d), dtype=bool)
    others = [[other for other in range(d) if other != j] for j in range(d)]
    for block in with_bar(blocks(len(points)), "deciding features, blocks of songs"):
        for j, kept in enumerate(others):
            without = posteriors(marginal(mixture, kept), points[block, kept])[0]
            changed[block, j] = without.argmax(axis=1) != labels[block]
    found: IntArray = np.where(changed.sum(axis=1) == 1, changed.argmax(axis=1), -1)
    return found


def projected(
    mixture: Mixture, center: FloatArray, directions: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return means (K, p) and covariances P^T S P (K, p, p) of components along directions (d, p).

    `center` (d,) is the point that lies at the origin of the projection.
    """
    covariances = directions.T @ mixture.covariances @ directions
    return (mixture.means - center) @ directions, covariances


def mahalanobis(coordinates: FloatArray, means: FloatArray, covariances: FloatArray) -> FloatArray:
    """Return squared Mahalanobis distances of coordinates to components, (N, p) -> (N, K)."""
    differences = coordinates[:, None] - means[None]
    distances: FloatArray = np.einsum(
        "nki,kij,nkj->nk", differences, np.linalg.inv(covariances), differences, optimize=True
    )
    return distances


def within_another(means: FloatArray, covariances: FloatArray) -> int:
    """Count the components whose mean lies within another's ellipse on the plane."""
    distances = mahalanobis(means, means, covariances)
    np.fill_diagonal(distances, np.inf)
    return int((distances < 1).any(axis=1).sum())


def marginal_cdf(mixture: Mixture, j: int, values: FloatArray) -> FloatArray:
    """Return each component's share of songs with feature j up to `values`, (V,) -> (V, K).

    w_k Phi((v - m_kj) / s_kj), v standardized as the mixture's points are: a marginal of a Gaussian
    mixture is the mixture of the marginals.
    """
    from scipy.special import ndtr  # whoever wants no cumulative shares need not wait for it

    deviations = np.sqrt(mixture.covariances[:, j, j])
    below: FloatArray = mixture.weights * ndtr((values[:, None] - mixture.means[:, j]) / deviations)
    return below


def cumulative_gap(mixture: Mixture, j: int, values: FloatArray) -> float:
    """Return the maximum difference of the cumulative shares of songs and mixture, 0 to 1.

    `values` (N,) are the songs' feature j, standardized. The statistic of Kolmogorov and Smirnov,
    on either side of every value that occurs.
    """
    found, counts = np.unique(values, return_counts=True)
    expected = marginal_cdf(mixture, j, found).sum(axis=1)
    up_to = counts.cumsum() / counts.sum()
    before = up_to - counts / counts.sum()
    return float(np.maximum(np.abs(up_to - expected), np.abs(before - expected)).max())
