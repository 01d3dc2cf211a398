"""Agreement of two labelings, by hand and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as scores

from song_mixtures.labels.agreement import (
    adjusted_mutual,
    adjusted_rand,
    best_jaccards,
    contingency,
    jaccards,
    matching,
    normalized_mutual,
)

ONE, OTHER = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 1, 0, 0, 0, 0])
COUNTS = [[1, 2, 0], [2, 0, 0], [1, 0, 0]]


def test_songs_of_each_pair_of_labels_are_counted() -> None:
    assert contingency(ONE, OTHER, 3).tolist() == COUNTS


def test_adjusted_rand_by_hand() -> None:
    # Pairs together in both: 1 + 1 = 2; in the one 3 + 1 = 4, in the other 6 + 1 = 7, of 15.
    expected = 4 * 7 / 15
    found = adjusted_rand(np.array(COUNTS))
    assert found == pytest.approx((2 - expected) / ((4 + 7) / 2 - expected))


def test_jaccard_by_hand() -> None:
    # {0 1 2} with {0 1}: 2 of 3; {3 4} with {2 3 4 5}: 2 of 4; {5} with {2 3 4 5}: 1 of 4.
    np.testing.assert_allclose(best_jaccards(np.array(COUNTS)), [2 / 3, 1 / 2, 1 / 4])
    expected = [[1 / 6, 2 / 3, 0], [1 / 2, 0, 0], [1 / 4, 0, 0]]
    np.testing.assert_allclose(jaccards(np.array(COUNTS)), expected)


def test_a_group_without_songs_is_like_no_other() -> None:
    assert best_jaccards(np.array([[3, 0], [0, 0]])).tolist() == [1.0, 0.0]


def test_the_matching_has_the_most_songs_in_common() -> None:
    assert matching(ONE, OTHER, 3).tolist() == [1, 0, 2]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=2))
def test_indices_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    one, other = np.array(pairs).T
    counts = contingency(one, other, 4, 6)
    found = [adjusted_rand(counts), adjusted_mutual(counts), normalized_mutual(counts)]
    expected = [
        scores.adjusted_rand_score(one, other),
        scores.adjusted_mutual_info_score(one, other),
        scores.normalized_mutual_info_score(one, other),
    ]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_indices_of_many_songs_and_genres_are_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    genres = rng.integers(0, 114, 30_000)
    labels = np.where(rng.random(30_000) < 0.2, genres % 10, rng.integers(0, 10, 30_000))
    counts = contingency(genres, labels, 114, 10)
    expected = scores.adjusted_mutual_info_score(genres, labels)
    assert adjusted_mutual(counts) == pytest.approx(expected, abs=1e-9)
