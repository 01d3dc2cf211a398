"""The silhouette of many labelings at once is scikit-learn's, one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from song_mixtures.labels import silhouette
from song_mixtures.labels.silhouette import silhouettes

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(1100, 5))  # more than two blocks


def test_by_hand() -> None:
    # On a line at 0, 1 and 10, 11: a = 1; b = 10.5 for the outer, 9.5 for the inner songs.
    line = np.array([[0.0], [1.0], [10.0], [11.0]])
    expected = ((10.5 - 1) / 10.5 + (9.5 - 1) / 9.5) / 2
    assert silhouettes(line, [np.array([0, 0, 1, 1])]) == [pytest.approx(expected)]


@given(st.lists(st.integers(2, 20), min_size=1, max_size=3), st.integers(0, 99))
def test_random_labelings_score_as_in_scikit_learn(ks: list[int], seed: int) -> None:
    points = POINTS[:90]
    labelings = [np.random.default_rng(seed).integers(0, k, 90) for k in ks]
    expected = [silhouette_score(points, labels) for labels in labelings]
    np.testing.assert_allclose(silhouettes(points, labelings), expected, atol=1e-12)


def test_many_blocks_score_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = (POINTS[:, 0] > 0).astype(int) + 2 * (POINTS[:, 1] > 1)
    blocks = silhouettes(POINTS, [labels])
    monkeypatch.setattr(silhouette, "BLOCK", 5000)
    np.testing.assert_allclose(blocks, silhouettes(POINTS, [labels]), rtol=1e-12)
    np.testing.assert_allclose(blocks, [silhouette_score(POINTS, labels)], rtol=1e-12)


def test_a_cluster_number_without_songs_and_a_song_alone() -> None:
    labels = np.array([0] * 50 + [3] * 39 + [5])
    expected = silhouette_score(POINTS[:90], labels)
    np.testing.assert_allclose(silhouettes(POINTS[:90], [labels]), [expected], atol=1e-12)


def test_equal_songs_in_two_clusters_score_zero() -> None:
    assert silhouettes(np.zeros((4, 2)), [np.array([0, 0, 1, 1])]) == [0.0]


def test_one_cluster_tells_nothing_apart() -> None:
    assert silhouettes(POINTS, [np.zeros(len(POINTS), dtype=np.int64)]) == [0.0]


def test_a_sample_that_misses_a_cluster_is_scored_all_the_same() -> None:
    """A song far away is a cluster of its own in all songs, and not in a sample without it."""
    labels = np.zeros(len(POINTS), dtype=np.int64)
    labels[0] = 1
    assert silhouettes(POINTS[1:], [labels[1:]]) == [0.0]
