"""EM by moments is scikit-learn's EM: the same starts, steps, optimum; and so is naive EM.

scikit-learn is the oracle on regular, offset, badly scaled and nearly singular songs, for the
E-step by matrix products and for the compiled one. The E-step and M-step of docs/method.md are also
written out here, song by song.
"""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from song_mixtures.fitting import em
from song_mixtures.fitting.compiled import BLOCK, compiled_e_step
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.em import (
    MixtureParams,
    e_step,
    label_statistics,
    m_step,
    monomial_blocks,
    natural_parameters,
    run_em,
)
from song_mixtures.fitting.fit import best_initialization, fit_mixture, kmeans_labels
from song_mixtures.mixture.model import CovarianceType, Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError, one_thread
from tests.conftest import FEATURES, ROOT, make_songs
from tests.mixture.test_mixture import POINTS, TYPES, mixture_of

PARAMS = MixtureParams(
    n_init=2, max_iter=300, tol=1e-6, reg_covar=1e-6, sample_above=50_000, seed=42
)


def nearly_singular() -> FloatArray:
    """Songs that lie in a plane but for a thousandth of a standard deviation."""
    rng = np.random.default_rng(3)
    points = POINTS.copy()
    points[:, 4] = 0.6 * points[:, 0] - 0.8 * points[:, 1] + 1e-3 * rng.normal(size=len(points))
    return points


SONGS = {
    "regular": POINTS,
    "offset": POINTS + np.array([5.0, -5.0, 3.0, 0.0, 8.0]),
    "badly scaled": POINTS * np.array([30.0, 0.03, 1.0, 1.0, 0.1]),
    "nearly singular": nearly_singular(),
    "many blocks": np.random.default_rng(1).normal(size=(5000, 5)) + np.arange(5000)[:, None] % 3,
    "two features": POINTS[:, :2],
}


def scikit_learn(points: FloatArray, k: int, kind: str, params: MixtureParams) -> Any:
    model = GaussianMixture(
        k,
        covariance_type=kind,
        n_init=params.n_init,
        max_iter=params.max_iter,
        tol=params.tol,
        reg_covar=params.reg_covar,
        random_state=params.seed,
    )
    with one_thread():  # with more, it is slow where other work runs on the machine
        return model.fit(points)


@cache
def oracle(songs: str, kind: str) -> Any:
    return scikit_learn(SONGS[songs], 4, kind, PARAMS)


# Running out of steps is compared as well.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("songs", SONGS)
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("compiled_from", [0, 10_000], ids=["compiled", "products"])
def test_starts_steps_and_optimum_are_those_of_scikit_learn(
    songs: str, kind: CovarianceType, compiled_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(em, "COMPILED_FROM", compiled_from)
    points = SONGS[songs]
    model = oracle(songs, kind)
    fitted = fit_mixture(points, 4, kind, PARAMS)
    assert (len(fitted.lower_bounds), fitted.converged) == (model.n_iter_, model.converged_)
    np.testing.assert_allclose(fitted.lower_bounds, model.lower_bounds_, rtol=1e-9)
    # Where two starts end on the same optimum, the last bit decides which order is kept.
    ours, theirs = np.argsort(fitted.mixture.weights), np.argsort(model.weights_)
    np.testing.assert_allclose(fitted.mixture.weights[ours], model.weights_[theirs], rtol=1e-6)
    np.testing.assert_allclose(fitted.mixture.means[ours], model.means_[theirs], atol=1e-6)
    np.testing.assert_allclose(
        fitted.mixture.covariances[ours],
        mixture_of(model).covariances[theirs],
        rtol=1e-5,
        atol=1e-9,
    )


def start_of(points: FloatArray, k: int, kind: CovarianceType = "full") -> Mixture:
    """Return the mixture of the songs dealt out to K components in turn."""
    labels = np.arange(len(points)) % k
    return m_step(label_statistics(monomial_blocks(points), labels, k), kind, 1e-6)


# One song lies far away from all others.
@pytest.mark.parametrize("songs", [name for name in SONGS if name != "two features"])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("d", range(1, 6))
def test_compiled_e_step_gives_the_sums_of_the_matrix_products(
    songs: str, kind: CovarianceType, d: int
) -> None:
    points = np.ascontiguousarray(np.vstack([SONGS[songs][:, :d], SONGS[songs][:1, :d] + 20]))
    mixture = start_of(points, 4, kind)
    for _ in range(15):
        rows = natural_parameters(mixture)
        statistics, log_likelihood = e_step(monomial_blocks(points), rows)
        compiled_sums, compiled_log_likelihood = compiled_e_step(points, rows)
        np.testing.assert_allclose(compiled_log_likelihood, log_likelihood, rtol=1e-9)
        scale = np.abs(statistics).max(axis=0)
        np.testing.assert_allclose(compiled_sums / scale, statistics / scale, atol=1e-7)
        mixture = m_step(statistics, kind, 1e-6)


@pytest.mark.parametrize("count", [1, 31, 33, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_compiled_e_step_at_the_edges_of_its_blocks(count: int) -> None:
    rows = natural_parameters(start_of(POINTS, 3))
    found = compiled_e_step(POINTS[:count], rows)
    expected = e_step(monomial_blocks(POINTS[:count]), rows)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)


def test_few_songs_need_no_compiler() -> None:
    code = (
        "import sys, numpy as np; from song_mixtures.fitting import em; "
        "em.e_step_over(np.zeros((1000, 5))); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


FIT = """
import hashlib, numpy as np
from song_mixtures.fitting.em import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
points = np.random.default_rng(0).normal(size=(30_000, 5)) ** 3
params = MixtureParams(2, 20, 1e-6, 1e-6, 25_000, 42)
mixture = fit_mixture(points, 4, "full", params).mixture
arrays = [mixture.weights, mixture.means, mixture.covariances]
print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""


def test_the_number_of_threads_changes_no_byte() -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    found = {
        subprocess.run(
            [sys.executable, "-c", FIT],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(names, threads),
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1


def test_above_a_size_the_starts_run_on_one_sample_and_the_best_goes_on_with_all() -> None:
    params = replace(PARAMS, sample_above=1000)
    points = SONGS["many blocks"]
    chosen = np.sort(np.random.default_rng(42).choice(len(points), 1000, replace=False))
    with one_thread():
        best = best_initialization(points[chosen], 3, "full", params)
    expected = run_em(points, best.mixture, params)
    assert fit_mixture(points, 3, "full", params).lower_bounds == expected.lower_bounds
    # These songs have one optimum, and starting from a sample does not miss it.
    everything = fit_mixture(points, 3, "full", PARAMS).lower_bounds[-1]
    np.testing.assert_allclose(expected.lower_bounds[-1], everything, atol=1e-3)


def test_a_table_of_the_samples_size_is_its_own_sample() -> None:
    points = SONGS["many blocks"]
    exact = fit_mixture(points, 3, "full", replace(PARAMS, sample_above=len(points)))
    assert exact.lower_bounds == fit_mixture(points, 3, "full", PARAMS).lower_bounds


def test_the_best_of_several_starts_is_kept() -> None:
    random_state = np.random.RandomState(42)
    params = replace(PARAMS, n_init=5, tol=1e-3)
    ends = []
    for _ in range(5):
        with one_thread():
            labels = kmeans_labels(POINTS, 8, random_state)
        start = m_step(
            label_statistics(monomial_blocks(POINTS), labels, 8), "full", params.reg_covar
        )
        ends.append(run_em(POINTS, start, params).lower_bounds[-1])
    assert len(set(ends)) > 1
    assert fit_mixture(POINTS, 8, "full", params).lower_bounds[-1] == max(ends)


def test_a_fit_out_of_steps_is_not_converged() -> None:
    fitted = fit_mixture(POINTS, 3, "full", replace(PARAMS, max_iter=2, tol=1e-12))
    assert (fitted.converged, len(fitted.lower_bounds)) == (False, 2)


def test_songs_without_spread_and_no_reg_covar_are_refused_with_the_way_out() -> None:
    flat = POINTS.copy()
    flat[:, 4] = flat[:, 0]
    with pytest.raises(StageError, match=r"not positive definite.* set mixture\.reg_covar higher"):
        fit_mixture(flat, 2, "full", replace(PARAMS, reg_covar=0.0))


def test_a_repeated_song_makes_a_collapsed_component() -> None:
    points = np.vstack([POINTS, np.repeat(POINTS[:1] + 9, 30, axis=0)])
    fitted = fit_mixture(points, 2, "full", replace(PARAMS, n_init=1))
    fit = evaluate_fit(fitted, points, PARAMS.reg_covar)
    assert (fit.converged, fit.degenerate, fit.valid) == (1, 1, 0)


def naive_e_step(weights: Any, means: Any, covariances: Any) -> FloatArray:
    """Responsibility of component k for song n: w_k N(x_n | m_k, S_k) / sum_j (equation 3)."""
    responsibilities = np.zeros((len(POINTS), len(weights)))
    for n, x in enumerate(POINTS):
        for k, weight in enumerate(weights):
            offset = x - means[k]
            distance = offset @ np.linalg.inv(covariances[k]) @ offset
            scale = (2 * np.pi) ** (-len(x) / 2) / np.sqrt(np.linalg.det(covariances[k]))
            responsibilities[n, k] = weight * scale * np.exp(-distance / 2)
        responsibilities[n] /= responsibilities[n].sum()
    return responsibilities


def naive_m_step(responsibilities: FloatArray, reg_covar: float) -> Any:
    """Weights, means and covariances from the responsibilities (equation 4)."""
    weights, means, covariances = [], [], []
    for r in responsibilities.T:
        total = sum(r)
        mean = sum(r_n * x for r_n, x in zip(r, POINTS, strict=True)) / total
        covariance = np.zeros((POINTS.shape[1], POINTS.shape[1]))
        for r_n, x in zip(r, POINTS, strict=True):
            covariance += r_n * np.outer(x - mean, x - mean) / total
        weights.append(total / len(POINTS))
        means.append(mean)
        covariances.append(covariance + reg_covar * np.eye(POINTS.shape[1]))
    return np.array(weights), np.array(means), np.array(covariances)


def test_naive_em_from_the_same_start_takes_the_same_steps() -> None:
    found = fit_mixture(POINTS, 3, "full", replace(PARAMS, n_init=1, max_iter=6, tol=1e-12))
    with one_thread():
        start = KMeans(3, n_init=1, random_state=np.random.RandomState(42)).fit(POINTS)
    parameters = naive_m_step(np.eye(3)[start.labels_], 1e-6)
    for _ in range(6):
        parameters = naive_m_step(naive_e_step(*parameters), 1e-6)
    np.testing.assert_allclose(found.mixture.weights, parameters[0], rtol=1e-8)
    np.testing.assert_allclose(found.mixture.means, parameters[1], rtol=1e-8)
    np.testing.assert_allclose(found.mixture.covariances, parameters[2], rtol=1e-8, atol=1e-12)


def test_a_converged_fit_is_a_fixed_point_of_naive_em() -> None:
    fitted = fit_mixture(POINTS, 3, "full", replace(PARAMS, tol=1e-13, max_iter=5000))
    found = fitted.mixture
    assert fitted.converged
    again = naive_m_step(naive_e_step(found.weights, found.means, found.covariances), 1e-6)
    np.testing.assert_allclose(found.weights, again[0], rtol=1e-5)
    np.testing.assert_allclose(found.means, again[1], atol=1e-5)
    np.testing.assert_allclose(found.covariances, again[2], atol=1e-5)


def test_more_steps_never_lower_the_likelihood() -> None:
    bounds = fit_mixture(POINTS, 6, "full", replace(PARAMS, n_init=1, tol=1e-12)).lower_bounds
    assert len(bounds) > 20
    assert (np.diff(bounds) > -1e-12).all()


def test_songs_of_known_make_are_found_again() -> None:
    """Three kinds of 80 songs: the weights are a third each, the means those of the recipe."""
    songs = make_songs(per_kind=2000, seed=1)
    points = songs[FEATURES].to_numpy()
    scale = points.std(axis=0)
    found = fit_mixture((points - points.mean(axis=0)) / scale, 3, "full", PARAMS).mixture
    means = found.means * scale + points.mean(axis=0)
    by_tempo = np.argsort(means[:, 0])
    truth = songs.groupby("genre")[FEATURES].mean().sort_values("tempo").to_numpy()
    np.testing.assert_allclose(found.weights, 1 / 3, atol=0.02)
    np.testing.assert_allclose((means[by_tempo] - truth) / scale, 0, atol=0.05)
