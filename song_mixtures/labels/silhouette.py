"""The silhouette of many labelings of the same songs, from one pass over their distances.

The distances between songs do not depend on the labels, so they are computed once, block by
block, and summed per cluster of every labeling by one matrix product. scikit-learn's
silhouette_score, called once per K, computes them anew each time.
"""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist

from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar

BLOCK = 512  # songs whose distances to all others are held at a time


def silhouettes(points: FloatArray, labelings: Sequence[IntArray]) -> list[float]:
    """Return the mean silhouette of each labeling of the points, -1 to 1, Rousseeuw (1987).

    s = (b - a) / max(a, b) with a the mean distance to the song's own cluster and b that to the
    nearest other one; 0 for a song alone in its cluster. All songs in one cluster have no
    nearest other one: 0, too, for nothing is told apart.
    """
    members = [np.eye(int(labels.max()) + 1)[labels] for labels in labelings]
    totals = np.zeros(len(labelings))
    starts = range(0, len(points), BLOCK)
    for start in with_bar(starts, "silhouettes, blocks of songs"):
        block = slice(start, start + BLOCK)
        distances = cdist(points[block], points)
        for index, (labels, one_hot) in enumerate(zip(labelings, members, strict=True)):
            sums = distances @ one_hot
            totals[index] += _block_silhouette(sums, labels[block], one_hot.sum(axis=0)).sum()
    return [float(total / len(points)) for total in totals]


def _block_silhouette(sums: FloatArray, labels: IntArray, sizes: FloatArray) -> FloatArray:
    """Return the silhouettes of some songs from their summed distances to each cluster."""
    rows = np.arange(len(labels))
    own_size = sizes[labels]
    within = sums[rows, labels] / np.maximum(own_size - 1, 1)
    others = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    others[rows, labels] = np.inf
    nearest = others.min(axis=1)
    widest = np.maximum(within, nearest)
    alike = (own_size == 1) | (widest == 0) | np.isinf(nearest)
    nearest, widest = np.where(alike, within, nearest), np.where(alike, 1.0, widest)
    return (nearest - within) / widest
