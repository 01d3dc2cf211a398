"""Compiled EM is scikit-learn's EM: the same initializations, iterations, optimum; so is naive EM.

scikit-learn is the oracle on regular, offset, badly scaled and nearly singular songs. The E-step
and M-step are also written out here twice: by matrix products, and song by song as in
docs/method.md.
"""

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from benchmarks.choice_of_features import largest_difference
from song_mixtures.fitting import compiled
from song_mixtures.fitting.compiled import BLOCK
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.em import (
    aitken_gain,
    feature_rows,
    kind_of,
    mixture_of,
    parameters_of,
    run_accelerated_em,
    run_em,
    start_from_labels,
)
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.initialization import best_of_kmeans, kmeans_labels
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError, one_thread
from tests.conftest import FEATURES, ROOT, make_songs
from tests.mixture.test_mixture import POINTS, TYPES
from tests.mixture.test_mixture import mixture_of as mixture_of_scikit_learn

PARAMS = MixtureParams(
    init="kmeans",
    short_runs=20,
    short_tol=1e-4,
    short_sample=50_000,
    carried_on=3,
    remaining_gain=1e-7,
    n_init=2,
    tol=1e-6,
    sample_above=50_000,
    max_iter=300,
    reg_covar=1e-6,
    seed=42,
)
VARIED = replace(PARAMS, init="varied", max_iter=3000)


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


# Running out of iterations is compared as well.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("songs", SONGS)
@pytest.mark.parametrize("kind", TYPES)
def test_initializations_iterations_and_optimum_are_those_of_scikit_learn(
    songs: str, kind: CovarianceType
) -> None:
    points = SONGS[songs]
    model = oracle(songs, kind)
    fitted = fit_mixture(points, 4, kind, PARAMS)
    assert (len(fitted.lower_bounds), fitted.converged) == (model.n_iter_, model.converged_)
    np.testing.assert_allclose(fitted.lower_bounds, model.lower_bounds_, rtol=1e-9)
    # Where two initializations end on the same optimum, the last bit decides which order is kept.
    ours, theirs = np.argsort(fitted.mixture.weights), np.argsort(model.weights_)
    np.testing.assert_allclose(fitted.mixture.weights[ours], model.weights_[theirs], rtol=1e-6)
    np.testing.assert_allclose(fitted.mixture.means[ours], model.means_[theirs], atol=1e-6)
    np.testing.assert_allclose(
        fitted.mixture.covariances[ours],
        mixture_of_scikit_learn(model).covariances[theirs],
        rtol=1e-5,
        atol=1e-9,
    )


def monomials(points: FloatArray) -> FloatArray:
    """Return 1, x_i, x_i x_j with i <= j of every point, (M, N)."""
    first, second = np.triu_indices(points.shape[1])
    x = points.T
    return np.concatenate([np.ones((1, len(points))), x, x[first] * x[second]])


def natural_parameters(mixture: Mixture) -> FloatArray:
    """Return log w_k + log N(x | m_k, S_k) as coefficients of the monomials of x, (K, M)."""
    d = mixture.means.shape[1]
    precisions = np.linalg.inv(mixture.covariances)
    linear = np.einsum("kij,kj->ki", precisions, mixture.means)
    constant = np.log(mixture.weights) - 0.5 * (
        d * np.log(2 * np.pi)
        + np.linalg.slogdet(mixture.covariances)[1]
        + (mixture.means * linear).sum(axis=1)
    )
    first, second = np.triu_indices(d)
    # x_i x_j stands for x_j x_i as well, but x_i x_i only for itself.
    quadratic = precisions[:, first, second] * np.where(first == second, -0.5, -1.0)
    return np.concatenate([constant[:, None], linear, quadratic], axis=1)


def e_step_by_products(points: FloatArray, natural: FloatArray) -> tuple[FloatArray, float]:
    """Return the sufficient statistics, (K, M), and ln L."""
    terms = monomials(points)
    joint = natural @ terms
    maximum = joint.max(axis=0)
    total = np.exp(joint - maximum).sum(axis=0)
    responsibilities = np.exp(joint - maximum) / total
    return responsibilities @ terms.T, float((maximum + np.log(total)).sum())


def compiled_e_step(points: FloatArray, natural: FloatArray) -> tuple[FloatArray, float]:
    statistics = np.empty_like(natural)
    return statistics, compiled.e_step(feature_rows(points), natural, statistics)


def start_of(points: FloatArray, k: int, kind: CovarianceType = "full") -> FloatArray:
    """Return the parameters of the songs dealt out to K components in turn."""
    return start_from_labels(feature_rows(points), np.arange(len(points)) % k, k, kind, 1e-6)


def many_features(d: int) -> FloatArray:
    """Return correlated songs of three groups."""
    rng = np.random.default_rng(d)
    return rng.normal(size=(600, d)) @ rng.normal(size=(d, d)) + np.arange(600)[:, None] % 3


# One song lies far away from all others.
@pytest.mark.parametrize("songs", [name for name in SONGS if name != "two features"])
@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("d", range(1, 6))
def test_compiled_steps_are_those_of_the_matrix_products(
    songs: str, kind: CovarianceType, d: int
) -> None:
    points = np.ascontiguousarray(np.vstack([SONGS[songs][:, :d], SONGS[songs][:1, :d] + 20]))
    check_against_products(points, kind)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("d", range(6, 16))
def test_any_number_of_features(kind: CovarianceType, d: int) -> None:
    check_against_products(many_features(d), kind)


def test_many_songs_of_six_features() -> None:
    check_against_products(np.tile(many_features(6), (5, 1)), "full")


def check_against_products(points: FloatArray, kind: CovarianceType) -> None:
    parameters = start_of(points, 4, kind)
    natural = np.empty_like(parameters)
    for _ in range(15):
        compiled.natural_parameters(parameters, natural)
        expected = natural_parameters(mixture_of(parameters, kind))
        scale = np.abs(expected).max(axis=0) + 1e-300
        np.testing.assert_allclose(natural / scale, expected / scale, atol=1e-7)
        statistics, log_likelihood = e_step_by_products(points, natural)
        found, compiled_log_likelihood = compiled_e_step(points, natural)
        np.testing.assert_allclose(compiled_log_likelihood, log_likelihood, rtol=1e-9)
        scale = np.abs(statistics).max(axis=0)
        np.testing.assert_allclose(found / scale, statistics / scale, atol=1e-7)
        assert compiled.m_step(statistics, kind_of(kind), 1e-6, parameters)


@pytest.mark.parametrize("d", [4, 5])
@pytest.mark.parametrize("count", [1, 31, 33, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_compiled_e_step_at_the_edges_of_its_blocks(count: int, d: int) -> None:
    points = np.tile(POINTS[:, :d], (3, 1))
    natural = natural_parameters(mixture_of(start_of(points, 3), "full"))
    found = compiled_e_step(points[:count], natural)
    expected = e_step_by_products(points[:count], natural)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)


@pytest.mark.parametrize("kind", TYPES)
def test_a_mixture_and_its_array_of_parameters_are_one(kind: CovarianceType) -> None:
    parameters = start_of(POINTS, 4, kind)
    mixture = mixture_of(parameters, kind)
    np.testing.assert_allclose(parameters_of(mixture), parameters, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(mixture.weights.sum(), 1)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("songs", SONGS)
def test_accelerated_em_climbs_to_an_optimum_of_em(songs: str, kind: CovarianceType) -> None:
    x = feature_rows(SONGS[songs])
    with one_thread():
        labels = kmeans_labels(SONGS[songs], 3, np.random.RandomState(0))
    start = start_from_labels(x, labels, 3, kind, 1e-6)
    # Where spreads are small, reg_covar takes from the likelihood that EM climbs.
    params = replace(PARAMS, tol=1e-12, reg_covar=0.0, max_iter=5000)
    plain = run_em(x, start, kind, params)
    quick = run_accelerated_em(x, start, kind, 1e-10, params)
    assert (plain.converged, quick.converged) == (True, True)
    assert (np.diff(quick.log_likelihoods) > -1e-8).all()
    assert len(quick.log_likelihoods) <= len(plain.log_likelihoods) + 3
    again = run_em(x, quick.parameters, kind, params)
    np.testing.assert_allclose(again.log_likelihoods[-1], quick.log_likelihoods[-1], atol=1e-5)
    np.testing.assert_allclose(plain.log_likelihoods[-1], quick.log_likelihoods[-1], atol=1e-5)


def test_where_em_is_slow_accelerated_em_needs_less_than_half_of_the_iterations() -> None:
    one_group = np.random.default_rng(0).normal(size=(500, 2))
    x, start = feature_rows(one_group), start_of(one_group, 3)
    plain = run_em(x, start, "full", replace(PARAMS, tol=1e-12, max_iter=5000))
    quick = run_accelerated_em(x, start, "full", 1e-10, replace(PARAMS, max_iter=5000))
    assert len(plain.log_likelihoods) > 1000
    np.testing.assert_allclose(quick.log_likelihoods[-1], plain.log_likelihoods[-1], atol=1e-4)
    assert 2 * len(quick.log_likelihoods) < len(plain.log_likelihoods)


def test_accelerated_em_out_of_iterations_has_not_converged_and_says_what_remains() -> None:
    x, start = feature_rows(POINTS), start_of(POINTS, 6)
    end = run_accelerated_em(x, start, "full", 1e-10, replace(PARAMS, max_iter=5000))
    for most in range(2, 12):
        run = run_accelerated_em(x, start, "full", 1e-10, replace(PARAMS, max_iter=most))
        assert not run.converged
        assert most - 3 < len(run.log_likelihoods) <= most
        assert 0 < run.remaining_gain < np.inf
        assert run.log_likelihoods[-1] <= end.log_likelihoods[-1]


def test_gains_that_halve_leave_as_much_as_the_last_one() -> None:
    assert aitken_gain(np.array([0.0, 8.0, 12.0, 14.0])) == pytest.approx(2.0)
    assert aitken_gain(np.array([0.0, 5.0, 5.0])) == 0
    assert np.isfinite(aitken_gain(np.array([0.0, 1.0, 3.0])))  # gains grow: EM leaves a plateau
    assert np.isfinite(aitken_gain(np.array([-7.0])))


def test_set_up_leaves_nothing_to_compile() -> None:
    code = (
        "from song_mixtures.fitting import __main__, compiled; __main__.main(); "
        "names = ('em', 'accelerated_em', 'cluster', 'm_step', 'label_statistics'); "
        "print([sum(getattr(compiled, n).stats.cache_misses.values()) for n in names])"
    )
    for _ in range(2):  # the first may compile
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[0, 0, 0, 0, 0]"


def test_without_a_folder_for_machine_code_functions_are_compiled_in_every_process(
    tmp_path: Path,
) -> None:
    """numba looks into NUMBA_CACHE_DIR, __pycache__ and the user's cache: here all are files."""
    package = tmp_path / "song_mixtures"
    for name in ("__init__.py", "fitting/__init__.py", "fitting/compiled.py"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_bytes((ROOT / "song_mixtures" / name).read_bytes())
    (package / "fitting/__pycache__").touch()
    (tmp_path / "file").touch()
    blocked = ("NUMBA_CACHE_DIR", "HOME", "XDG_CACHE_HOME")
    code = (
        "import numpy as np; from song_mixtures.fitting import compiled as c; "
        "s = np.ones((1, 3)); p = np.empty((1, 3)); print(c.m_step(s, 0, 1.0, p), p[0, 1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | dict.fromkeys(blocked, str(tmp_path / "file/none")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "True"
    assert float(done.stdout.split()[1]) == pytest.approx(1)
    assert not list(tmp_path.rglob("*.nbi"))


FIT = """
import hashlib, numpy as np
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
points = np.random.default_rng(0).normal(size=(30_000, 5)) ** 3
params = MixtureParams(
    init="{init}", short_runs=8, short_tol=1e-4, short_sample=20_000, carried_on=2,
    remaining_gain=1e-7, n_init=2, tol=1e-6, sample_above=25_000, max_iter=20, reg_covar=1e-6,
    seed=42,
)
mixture = fit_mixture(points, 4, "full", params).mixture
arrays = [mixture.weights, mixture.means, mixture.covariances]
print(hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest())
"""


@pytest.mark.parametrize("init", ["varied", "kmeans"])
def test_the_number_of_threads_changes_no_byte(init: str) -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    found = {
        subprocess.run(
            [sys.executable, "-c", FIT.replace("{init}", init)],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(names, threads),
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "2")
    }
    assert len(found) == 1


def test_above_a_size_initializations_run_on_one_sample_and_the_best_goes_on_with_all() -> None:
    params = replace(PARAMS, sample_above=1000)
    points = SONGS["many blocks"]
    chosen = np.sort(np.random.default_rng(42).choice(len(points), 1000, replace=False))
    with one_thread():
        best = best_of_kmeans(points[chosen], 3, "full", params, progress=False)
    expected = run_em(feature_rows(points), best.parameters, "full", params).fitted()
    assert fit_mixture(points, 3, "full", params).lower_bounds == expected.lower_bounds
    # These songs have one optimum, and starting from a sample does not miss it.
    everything = fit_mixture(points, 3, "full", PARAMS).lower_bounds[-1]
    np.testing.assert_allclose(expected.lower_bounds[-1], everything, atol=1e-3)


def test_a_table_of_the_samples_size_is_its_own_sample() -> None:
    points = SONGS["many blocks"]
    exact = fit_mixture(points, 3, "full", replace(PARAMS, sample_above=len(points)))
    assert exact.lower_bounds == fit_mixture(points, 3, "full", PARAMS).lower_bounds


def test_the_best_of_several_initializations_is_kept() -> None:
    random_state = np.random.RandomState(42)
    params = replace(PARAMS, n_init=5, tol=1e-3)
    ends = []
    for _ in range(5):
        with one_thread():
            labels = kmeans_labels(POINTS, 8, random_state)
        x = feature_rows(POINTS)
        start = start_from_labels(x, labels, 8, "full", params.reg_covar)
        ends.append(run_em(x, start, "full", params).log_likelihoods[-1] / len(POINTS))
    assert len(set(ends)) > 1
    assert fit_mixture(POINTS, 8, "full", params).lower_bounds[-1] == max(ends)


def test_a_fit_out_of_iterations_is_not_converged() -> None:
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


def test_naive_em_from_the_same_start_takes_the_same_iterations() -> None:
    found = fit_mixture(POINTS, 3, "full", replace(PARAMS, n_init=1, max_iter=6, tol=1e-12))
    with one_thread():
        start = KMeans(3, n_init=1, random_state=np.random.RandomState(42)).fit(POINTS)
    parameters = naive_m_step(np.eye(3)[start.labels_], 1e-6)
    for _ in range(6):
        parameters = naive_m_step(naive_e_step(*parameters), 1e-6)
    order = np.argsort(-parameters[0], kind="stable")
    np.testing.assert_allclose(found.mixture.weights, parameters[0][order], rtol=1e-8)
    np.testing.assert_allclose(found.mixture.means, parameters[1][order], rtol=1e-8)
    np.testing.assert_allclose(
        found.mixture.covariances, parameters[2][order], rtol=1e-8, atol=1e-12
    )


def test_a_converged_fit_is_a_fixed_point_of_naive_em() -> None:
    fitted = fit_mixture(POINTS, 3, "full", replace(PARAMS, tol=1e-13, max_iter=5000))
    found = fitted.mixture
    assert fitted.converged
    again = naive_m_step(naive_e_step(found.weights, found.means, found.covariances), 1e-6)
    np.testing.assert_allclose(found.weights, again[0], rtol=1e-5)
    np.testing.assert_allclose(found.means, again[1], atol=1e-5)
    np.testing.assert_allclose(found.covariances, again[2], atol=1e-5)


def test_more_iterations_never_lower_the_likelihood() -> None:
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


# ---- any number of features, many songs

# All of them up to 100,000 songs: python -m benchmarks.choice_of_features em
SIZES = [(2, 1_000), (9, 1_000), (15, 1_000), (15, 10_000)]


@pytest.mark.parametrize(("d", "songs"), SIZES)
@pytest.mark.parametrize("kind", TYPES)
def test_from_the_same_start_em_ends_where_scikit_learn_does(
    d: int, songs: int, kind: CovarianceType
) -> None:
    assert largest_difference(d, songs, kind) < 1e-6
