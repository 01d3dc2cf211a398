"""How far two labelings of the same songs agree, from how many songs have each pair of labels."""

import numpy as np
from scipy.special import gammaln, xlogy

from song_mixtures.pipeline.arrays import FloatArray, IntArray


def contingency(rows: IntArray, columns: IntArray, k: int, k_columns: int = 0) -> IntArray:
    """Return how many songs have each pair of labels, (K, K) or (K, k_columns).

    Parameters
    ----------
    rows : one labeling, (N,), whole numbers from 0 to K - 1
    columns : the other, (N,)
    k : the number of labels
    k_columns : that of the other labeling; 0: K, too
    """
    across = k_columns or k
    return np.bincount(across * rows + columns, minlength=k * across).reshape(k, across)


def matching(rows: IntArray, columns: IntArray, k: int) -> IntArray:
    """Return the label of `columns` matched to each of `rows`, (K,): most songs in common.

    Kuhn (1955), the Hungarian method, on the contingency table.
    """
    from scipy.optimize import linear_sum_assignment  # 0.3 s, and few need it

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


def mutual_information(counts: IntArray) -> float:
    """Return the mutual information of a contingency table's rows and columns, nats.

    sum_ij n_ij / N ln(N n_ij / (a_i b_j)), Vinh, Epps & Bailey (2010), section 2.2.
    """
    songs = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / songs
    ratio = np.divide(counts, expected, out=np.zeros(counts.shape), where=counts > 0)
    return float(xlogy(counts, ratio).sum() / songs)


def label_entropy(sizes: IntArray) -> float:
    """Return the entropy of a labeling with so many songs of each label, nats."""
    shares = sizes / sizes.sum()
    return float(-xlogy(shares, shares).sum())


def expected_mutual_information(counts: IntArray) -> float:
    """Return the mutual information of labelings of the same sizes at random, nats.

    Each n_ij is hypergeometric then: Vinh, Epps & Bailey (2010), eq. 24a.
    """
    rows, columns, songs = counts.sum(axis=1), counts.sum(axis=0), int(counts.sum())
    log_factorial = gammaln(np.arange(songs + 1) + 1)
    total = 0.0
    for a in rows[rows > 0]:
        for b in columns[columns > 0]:
            both = np.arange(max(1, a + b - songs), min(a, b) + 1)
            sizes = np.array([a, b, songs - a, songs - b])
            log_chance = log_factorial[sizes].sum() - log_factorial[songs]
            for part in (both, a - both, b - both, songs - a - b + both):
                log_chance = log_chance - log_factorial[part]
            log_ratio = np.log(songs * both / (a * b))
            total += float((both / songs * log_ratio * np.exp(log_chance)).sum())
    return total


def normalized_mutual(counts: IntArray) -> float:
    """Return the mutual information over the mean of both entropies, 0 to 1; not 0 by chance."""
    mean = (label_entropy(counts.sum(axis=1)) + label_entropy(counts.sum(axis=0))) / 2
    return 1.0 if mean == 0 else mutual_information(counts) / mean


def adjusted_mutual(counts: IntArray) -> float:
    """Return the adjusted mutual information, 1 for the same groups, 0 by chance.

    Vinh, Epps & Bailey (2010), with the mean of both entropies as the most there can be.
    """
    mean = (label_entropy(counts.sum(axis=1)) + label_entropy(counts.sum(axis=0))) / 2
    expected = expected_mutual_information(counts)
    if mean - expected < 1e-12:
        return 1.0  # both have one group, or each song one of its own: sizes leave nothing open
    return (mutual_information(counts) - expected) / (mean - expected)


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
