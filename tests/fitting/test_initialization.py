"""Varied initializations find what K-Means misses, and what is kept of them is stated."""

from dataclasses import replace

import numpy as np
import pytest

from song_mixtures.fitting.criteria import degenerate_components
from song_mixtures.fitting.em import Run, parameters_of, run_em
from song_mixtures.fitting.em import feature_rows as rows
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.initialization import merit, most_promising, short_runs
from song_mixtures.mixture.model import CovarianceType, Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError
from tests.fitting.test_em import VARIED
from tests.mixture.test_mixture import POINTS, TYPES


def within() -> FloatArray:
    """Return two narrow groups of songs within a wide one: K-Means cuts up the wide one."""
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(400, 2)) * 2
    narrow = [rng.normal(size=(80, 2)) * 0.15 + center for center in ([0, 0], [1.5, 0])]
    return np.vstack([wide, *narrow])


def truth() -> Mixture:
    """Return the mixture that within() is drawn from."""
    spreads = np.array([2, 0.15, 0.15]) ** 2
    weights, means = np.array([400, 80, 80]) / 560, np.array([[0, 0], [0, 0], [1.5, 0.0]])
    return Mixture("full", weights, means, spreads[:, None, None] * np.eye(2))


def run_with(log_likelihood: float, weight: float = 0.5, songs: int = 100) -> Run:
    """Return a run that has come to a log-likelihood, with a component of some weight."""
    weights = np.array([1 - weight, weight])
    mixture = Mixture("full", weights, np.zeros((2, 2)), np.array([np.eye(2), np.eye(2)]))
    return Run("full", songs, parameters_of(mixture), np.array([log_likelihood]), 0.0, True)


@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_found_from_every_seed_where_kmeans_misses_it(seed: int) -> None:
    points = within()
    best = run_em(rows(points), parameters_of(truth()), "full", replace(VARIED, tol=1e-12))
    expected = best.log_likelihood() / len(points)
    params = replace(VARIED, short_runs=200, seed=seed)
    found = fit_mixture(points, 3, "full", params)
    assert found.converged
    np.testing.assert_allclose(found.lower_bounds[-1], expected, atol=1e-6)
    missed = fit_mixture(points, 3, "full", replace(params, init="kmeans", tol=1e-9, n_init=10))
    assert missed.lower_bounds[-1] < expected - 0.1


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("d", [1, 2, 5, 6])
def test_every_covariance_type_and_number_of_features_converges(
    d: int, kind: CovarianceType
) -> None:
    points = np.hstack([POINTS, POINTS[:, :1] + POINTS[::-1, :1]])[:, :d]
    fitted = fit_mixture(points, 3, kind, VARIED)
    assert fitted.converged
    assert fitted.mixture.means.shape == (3, d)
    assert (np.diff(fitted.mixture.weights) <= 0).all()
    assert fitted.remaining_gain < VARIED.remaining_gain * len(points)


def test_one_component_is_the_one_gaussian() -> None:
    found = fit_mixture(POINTS, 1, "full", VARIED).mixture
    np.testing.assert_allclose(found.means[0], POINTS.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(found.covariances[0], np.cov(POINTS.T, bias=True), atol=2e-6)


def test_a_degenerate_run_stands_behind_every_valid_one() -> None:
    valid, degenerate = run_with(-200.0), run_with(-100.0, weight=0.01)
    assert degenerate_components(degenerate.mixture(), 100, VARIED.reg_covar).any()
    assert merit(valid, VARIED) > merit(degenerate, VARIED)
    assert most_promising([degenerate, valid], 1, VARIED) == [valid]
    assert most_promising([degenerate], 3, VARIED) == [degenerate]


def test_of_runs_on_their_way_to_one_optimum_the_best_is_carried_on() -> None:
    near = VARIED.short_tol * 100 / 2
    runs = [run_with(-50.0 - near), run_with(-70.0), run_with(-50.0), run_with(-60.0)]
    found = most_promising(runs, 3, VARIED)
    assert [run.log_likelihood() for run in found] == [-50, -60, -70]


def test_the_last_digits_of_a_log_likelihood_decide_nothing() -> None:
    first, second = run_with(-50.0), run_with(-50.0 + 1e-8)
    assert max([first, second], key=lambda run: merit(run, VARIED)) is first
    assert most_promising([first, second], 1, VARIED)[0] is first


def test_short_runs_are_short_and_many_and_differ() -> None:
    runs = short_runs(POINTS, 5, "full", VARIED, progress=False)
    assert len(runs) == VARIED.short_runs
    assert len({run.log_likelihood() for run in runs}) > 3
    fitted = fit_mixture(POINTS, 5, "full", VARIED)
    assert len(fitted.lower_bounds) > np.mean([len(run.log_likelihoods) for run in runs])
    _, best = max(merit(run, VARIED) for run in runs)
    assert fitted.lower_bounds[-1] * len(POINTS) > best - 1e-6


def test_of_a_large_table_only_the_winner_sees_all_songs() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(6000, 5)) + rng.integers(3, size=6000)[:, None]
    small = replace(VARIED, short_sample=1000, sample_above=2000)
    fitted, everything = (fit_mixture(points, 3, "full", p) for p in (small, VARIED))
    assert fitted.converged
    np.testing.assert_allclose(fitted.lower_bounds[-1], everything.lower_bounds[-1], atol=1e-6)
    # The first iteration with all songs begins where the sample's optimum is.
    assert fitted.lower_bounds[0] > fitted.lower_bounds[-1] - 0.02 > everything.lower_bounds[0]


def test_songs_without_spread_and_no_reg_covar_are_refused_with_the_way_out() -> None:
    flat = np.repeat(POINTS[:2], 20, axis=0)
    with pytest.raises(StageError, match=r"not positive definite.* set mixture\.reg_covar higher"):
        fit_mixture(flat, 2, "full", replace(VARIED, reg_covar=0.0))
