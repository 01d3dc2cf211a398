"""Songs that belong nowhere: false alarms as stated, planted strangers found, no song seen."""

from dataclasses import replace

import numpy as np
import pytest

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.suspects.strangers import Fold, fitted_folds, folds_of, out_of_fold
from tests.conftest import ROOT

HERE = Compute(1, "loky", None)
TRUTH = Mixture(
    "full",
    np.array([0.5, 0.3, 0.2]),
    np.array([[0.0, 0, 0, 0, 0], [2.0, 1, -1, 0, 1], [-2.0, 1, 1, 1, 0]]),
    np.array([np.eye(5), np.eye(5) * 0.5, np.eye(5) * 0.25]),
)


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> MixtureParams:
    monkeypatch.chdir(ROOT)
    return replace(read_params("mixture", MixtureParams), short_runs=20, carried_on=2)


def p_values(points: FloatArray, recipe: MixtureParams, sample_above: int = 20_000) -> FloatArray:
    left_out = folds_of(len(points), 5, sample_above, 0)
    folds = list(fitted_folds(points, left_out, (3, "full"), recipe, HERE))
    return out_of_fold(points, left_out, folds)


def test_one_in_a_hundred_is_named_by_chance_and_planted_songs_are_found(
    recipe: MixtureParams,
) -> None:
    named, found = [], []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        points, _ = drawn_points(TRUTH, 1000, rng)
        points[:10] = rng.uniform(points.min(axis=0), points.max(axis=0), (10, 5))
        below = p_values(points, recipe) < 0.01
        named.append(below[10:].mean())
        found.append(below[:10].mean())
    # 6 x 990 songs: a share of .01 has a standard error of .0013.
    assert 0.006 < np.mean(named) < 0.016
    assert np.mean(found) >= 0.4


def test_a_song_is_judged_by_a_mixture_that_has_not_seen_it(recipe: MixtureParams) -> None:
    points, _ = drawn_points(TRUTH, 600, np.random.default_rng(7))
    left_out = folds_of(600, 5, 20_000, 0)
    assert np.bincount(left_out).tolist() == [120] * 5
    before = p_values(points, recipe)
    changed = points.copy()
    moved = np.flatnonzero(left_out == 2)
    changed[moved] = changed[moved][::-1]  # what fold 2's mixture was fitted to is the same
    np.testing.assert_array_equal(p_values(changed, recipe)[moved], before[moved][::-1])


def test_of_a_large_table_a_sample_is_fitted_and_every_song_judged(recipe: MixtureParams) -> None:
    points, _ = drawn_points(TRUTH, 3000, np.random.default_rng(8))
    left_out = folds_of(3000, 5, 1000, 0)
    assert (left_out >= 0).sum() == 1000
    found = p_values(points, recipe, sample_above=1000)
    assert np.isfinite(found).all()
    assert 0.004 < (found < 0.01).mean() < 0.025


def test_a_p_value_by_hand_is_never_zero() -> None:
    one = Mixture("full", np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))
    log_density = -0.5 * np.log(2 * np.pi) - np.array([4.5, 2.0, 0.5])  # at 3, 2 and 1
    fold = Fold(one, log_density)
    found = fold.p_values(np.array([[4.0], [2.5], [2.0], [0.0]]))
    np.testing.assert_allclose(found, [1 / 4, 2 / 4, 3 / 4, 1])
