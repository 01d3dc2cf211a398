"""Numbers that stay: against optimal matchings found one by one, and whatever the order was."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.labels.agreement import contingency, jaccards
from song_mixtures.labels.numbering import (
    SAME,
    corresponding,
    keep_numbers,
    kept_songs_share,
)
from song_mixtures.mixture.selection import TRUSTED
from song_mixtures.pipeline.arrays import FloatArray, IntArray

K = 5
LABELS = st.lists(st.tuples(st.integers(0, K - 1), st.integers(0, K - 1)), min_size=1)
# Of the songs few change their group, so that most groups are recognized.
NEARLY = st.lists(
    st.tuples(st.integers(0, K - 1), st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2])), min_size=20
)


def labelings(pairs: list[tuple[int, int]]) -> tuple[IntArray, IntArray]:
    one, other = np.array(pairs, dtype=np.int64).T
    return one, other


def best_orders(gain: FloatArray) -> list[tuple[int, ...]]:
    """Return every one-to-one assignment of rows to columns whose gain is the greatest."""
    rows = list(range(len(gain)))
    gains = {order: gain[rows, list(order)].sum() for order in permutations(rows)}
    return [order for order, found in gains.items() if found > max(gains.values()) - 1e-12]


def test_by_hand() -> None:
    # The earlier run's 0 has become 2, its 1 is split among 0 and 1, and both are new.
    earlier = np.array([0] * 10 + [1] * 10)
    labels = np.array([2] * 9 + [0] + [0] * 5 + [1] * 5)
    found = keep_numbers(earlier, labels, 2, np.array([0.3, 0.25, 0.45]))
    assert found.order.tolist() == [2, 0, 1]
    assert found.earlier.tolist() == [0, -1, -1]
    assert found.statuses() == ["kept", "new", "new"]
    np.testing.assert_allclose(found.jaccard, [9 / 10, 5 / 11, 5 / 10])
    assert kept_songs_share(earlier, labels, found) == 9 / 20


def test_a_component_whose_number_is_beyond_the_last_is_renumbered() -> None:
    earlier, labels = np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1])
    found = keep_numbers(earlier, labels, 3, np.array([0.6, 0.4]))
    assert found.earlier.tolist() == [-1, 2]
    assert found.statuses() == ["new", "renumbered"]
    assert kept_songs_share(earlier, labels, found) == 0


def test_six_songs_of_ten_are_enough() -> None:
    earlier = np.array([0] * 8 + [1] * 2)
    labels = np.array([1] * 6 + [0] * 4)  # 1 and 0 share 6 of 8; 0 and 1 share 2 of 4
    assert keep_numbers(earlier, labels, 2, np.array([0.4, 0.6])).order.tolist() == [1, 0]
    three_of_five = keep_numbers(np.array([0, 0, 0, 0, 1]), np.array([1, 1, 1, 0, 1]), 2, HALVES)
    assert three_of_five.statuses() == ["kept", "new"]
    assert three_of_five.jaccard[0] == SAME


HALVES = np.array([0.5, 0.5])


def test_what_counts_as_the_same_is_what_counts_as_coming_back() -> None:
    assert SAME == TRUSTED


@pytest.mark.parametrize("criterion", ["songs", "jaccard"])
@given(pairs=NEARLY)
def test_kept_numbers_are_those_of_every_optimal_matching(
    criterion: str, pairs: list[tuple[int, int]]
) -> None:
    earlier, shift = labelings(pairs)
    labels = (2 * earlier + shift) % K
    found = keep_numbers(earlier, labels, K, np.bincount(labels, minlength=K) / len(labels))
    counts = contingency(earlier, labels, K)
    gain = counts.astype(float) if criterion == "songs" else jaccards(counts)
    kept = np.flatnonzero(found.kept())
    for order in best_orders(gain):
        assert found.order[kept].tolist() == [order[number] for number in kept]
        # So where numbers are kept, as many songs agree as under that matching.
        agreeing = sum(counts[number, order[number]] for number in kept)
        assert kept_songs_share(earlier, labels, found) == pytest.approx(agreeing / len(pairs))


@given(pairs=NEARLY, order=st.permutations(range(K)))
def test_the_order_in_which_components_came_does_not_matter(
    pairs: list[tuple[int, int]], order: list[int]
) -> None:
    earlier, shift = labelings(pairs)
    labels, weights = (earlier + shift) % K, np.array([0.1, 0.3, 0.25, 0.15, 0.2])
    place = np.argsort(order)  # component order[k] is now k
    once = keep_numbers(earlier, labels, K, weights)
    again = keep_numbers(earlier, place[labels], K, weights[order])
    assert np.array(order)[again.order].tolist() == once.order.tolist()
    assert again.earlier.tolist() == once.earlier.tolist()
    np.testing.assert_array_equal(again.jaccard, once.jaccard)


@given(pairs=LABELS)
def test_every_component_gets_one_number_and_what_is_new_goes_by_weight(
    pairs: list[tuple[int, int]],
) -> None:
    earlier, labels = labelings(pairs)
    weights = np.array([0.1, 0.3, 0.25, 0.15, 0.2])
    found = keep_numbers(earlier, labels, K, weights)
    assert sorted(found.order) == list(range(K))
    new = weights[found.order][~found.kept()]
    assert (np.diff(new) <= 0).all()


@given(pairs=LABELS, k=st.integers(1, K))
def test_components_correspond_by_the_most_songs_in_common(
    pairs: list[tuple[int, int]], k: int
) -> None:
    earlier, labels = labelings(pairs)
    earlier = earlier % k
    matched, index = corresponding(earlier, labels, k, K)
    counts = contingency(earlier, labels, K)
    has = matched >= 0
    assert len(set(matched[has])) == has.sum()
    common = counts[np.arange(k)[has], matched[has]]
    assert (common > 0).all()
    most = max(counts[range(K), order].sum() for order in permutations(range(K)))
    assert common.sum() == most
    np.testing.assert_array_equal(index[has], jaccards(counts)[np.arange(k)[has], matched[has]])
    assert (index[~has] == 0).all()
