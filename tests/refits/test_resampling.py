"""What is drawn: the same for the same seed, purpose and number; tables like the given one."""

import numpy as np
import pytest
from scipy.stats import ks_2samp, rankdata, spearmanr

from song_mixtures.refits.resampling import (
    COLD,
    WARM,
    bootstrap_rows,
    generator,
    mean_ranks,
    reference_points,
)


def test_rows_depend_on_seed_purpose_and_number_alone() -> None:
    drawn = {
        arguments: bootstrap_rows(50, generator(*arguments)).tolist()
        for arguments in ((1, COLD, 0), (1, COLD, 1), (1, WARM, 0), (2, COLD, 0))
    }
    assert len({tuple(rows) for rows in drawn.values()}) == 4
    assert bootstrap_rows(50, generator(1, COLD, 1)).tolist() == drawn[1, COLD, 1]


def test_every_row_may_be_drawn_and_some_twice() -> None:
    rows = np.concatenate([bootstrap_rows(20, generator(0, COLD, b)) for b in range(50)])
    assert set(rows.tolist()) == set(range(20))
    assert np.bincount(rows).mean() == 50


def test_equal_values_share_their_rank() -> None:
    values = np.array([3.0, 1.0, 3.0, 2.0, 3.0])
    assert mean_ranks(values).tolist() == rankdata(values).tolist() == [4, 1, 4, 2, 4]


@pytest.fixture
def table() -> np.ndarray:
    """Two groups apart, with a skewed feature, one on a grid, and one that depends on both."""
    rng = np.random.default_rng(0)
    group = np.repeat([0.0, 6.0], 1000)
    skewed, grid = np.exp(rng.normal(size=2000)), rng.integers(0, 30, 2000) / 10
    return np.column_stack([group + rng.normal(size=2000), skewed, grid, skewed + grid])


def test_a_reference_has_the_distributions_and_rank_correlations(table: np.ndarray) -> None:
    reference = reference_points(table, np.random.default_rng(1))
    assert reference.shape == table.shape
    for one, other in zip(table.T, reference.T, strict=True):
        assert ks_2samp(one, other).statistic < 0.05
        assert one.min() <= other.min() <= other.max() <= one.max()
    np.testing.assert_allclose(spearmanr(reference)[0], spearmanr(table)[0], atol=0.06)


def test_a_reference_has_no_groups_beyond_those_of_single_features() -> None:
    rng = np.random.default_rng(0)
    corner = np.repeat([[0.0, 0.0], [6.0, 6.0]], 500, axis=0)
    x, y = reference_points(corner + rng.normal(size=(1000, 2)), np.random.default_rng(1)).T
    between = ((x < 3) != (y < 3)).mean()  # low in one feature, high in the other: nobody before
    assert 0.05 < between < 0.5
