"""Compactness of groups, by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as scores

from song_mixtures.labels.compactness import calinski_harabasz, davies_bouldin

POINTS = np.array([[0.0, 0], [2, 0], [10, 0], [10, 4]])
LABELS = np.array([5, 5, 2, 2])  # numbers of groups need not go on from 0


def test_davies_bouldin_by_hand() -> None:
    # Mean distances of 1 and 2 to the means (1, 0) and (10, 2).
    assert davies_bouldin(POINTS, LABELS) == pytest.approx(3 / np.hypot(9, 2))


def test_calinski_harabasz_by_hand() -> None:
    # Within 2 + 8; between, each mean half of (9, 2) from the middle: 4 (4.5^2 + 1).
    assert calinski_harabasz(POINTS, LABELS) == pytest.approx(4 * 21.25 / 10 * 2 / 1)


@given(st.integers(0, 10_000), st.integers(2, 6))
def test_scores_are_scikit_learns(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(40, 3)) * [1, 10, 100]
    labels = np.append(np.arange(k), rng.integers(0, k, 40 - k))
    found = davies_bouldin(points, labels), calinski_harabasz(points, labels)
    expected = (
        scores.davies_bouldin_score(points, labels),
        scores.calinski_harabasz_score(points, labels),
    )
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def test_groups_without_any_variance() -> None:
    points = np.repeat([[0.0, 0], [1, 1]], 3, axis=0)
    labels = np.repeat([0, 1], 3)
    assert (davies_bouldin(points, labels), calinski_harabasz(points, labels)) == (0.0, 1.0)
    assert davies_bouldin(np.zeros((6, 2)), labels) == 0.0  # equal means are left out
