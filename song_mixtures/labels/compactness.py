"""Scores of hard labels by geometry: how compact groups are and how far from one another."""

import numpy as np

from song_mixtures.pipeline.arrays import FloatArray, IntArray


def _groups(points: FloatArray, labels: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return each point's group from 0, and size (G,) and mean (G, d) of the groups that occur."""
    _, labels, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    sums = np.stack([np.bincount(labels, weights=column) for column in points.T], axis=1)
    return labels, sizes, sums / sizes[:, None]


def davies_bouldin(points: FloatArray, labels: IntArray) -> float:
    """Return the score of Davies & Bouldin (1979), 0 or more, the lower the better.

    The mean over groups of max_j (s_i + s_j) / |m_i - m_j|, with s the mean distance of a group's
    points to their mean m; groups with equal means are left out. Of points, (N, d), with labels,
    (N,), of two groups or more.
    """
    labels, sizes, means = _groups(points, labels)
    distances = np.linalg.norm(points - means[labels], axis=1)
    spread = np.bincount(labels, weights=distances) / sizes
    apart = np.linalg.norm(means[:, None] - means, axis=2)
    both = spread[:, None] + spread
    ratios = np.divide(both, apart, out=np.zeros(apart.shape), where=apart > 0)
    return float(ratios.max(axis=1).mean())


def calinski_harabasz(points: FloatArray, labels: IntArray) -> float:
    """Return the score of Caliński & Harabasz (1974), 0 or more, the higher the better.

    Variance between G groups over that within, each by its degrees of freedom, G - 1 and N - G.
    Of points, (N, d), with labels, (N,), of two groups or more; 1 where no group has any variance.
    """
    labels, sizes, means = _groups(points, labels)
    between = float((sizes * ((means - points.mean(axis=0)) ** 2).sum(axis=1)).sum())
    within = float(((points - means[labels]) ** 2).sum())
    freedom = (len(points) - len(sizes)) / (len(sizes) - 1)
    return 1.0 if within == 0 else between / within * freedom
