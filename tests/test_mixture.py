"""The mathematics of docs/method.md, each number by a second way.

scikit-learn and SciPy are the oracles; the E-step and M-step formulas are also written out here
naively, song by song, and must arrive where the fit arrived.
"""

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from scipy.stats import multivariate_normal
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from stages._mixture import (
    CovarianceType,
    Mixture,
    best_fit,
    collapsed_components,
    entropy,
    fit_mixture,
    free_parameters,
    log_densities,
    mixture_of,
    posteriors,
    rate_fit,
)
from stages._scaling import FloatArray
from tests.conftest import FEATURES, make_songs

TYPES: tuple[CovarianceType, ...] = get_args(CovarianceType)


def standardized_songs() -> FloatArray:
    values = make_songs()[FEATURES].to_numpy()
    return (values - values.mean(axis=0)) / values.std(axis=0)


POINTS = standardized_songs()


def fitted(covariance_type: CovarianceType = "full", k: int = 3, **changes: Any) -> Any:
    settings: dict[str, Any] = {"n_init": 2, "max_iter": 300, "tol": 1e-6, "reg_covar": 1e-6}
    return fit_mixture(
        POINTS, n_components=k, covariance_type=covariance_type, seed=42, **settings | changes
    )


TWO = Mixture(
    "full",
    weights=np.array([0.5, 0.5]),
    means=np.array([[0.0, 0.0], [2.0, 0.0]]),
    covariances=np.array([np.eye(2), np.eye(2)]),
)


# --- density and posteriors -------------------------------------------------------------------


def test_density_at_the_mean_of_a_round_component_is_one_over_two_pi() -> None:
    np.testing.assert_allclose(log_densities(TWO, np.zeros((1, 2)))[0, 0], -np.log(2 * np.pi))


def test_density_one_standard_deviation_away_is_half_a_nat_less() -> None:
    at_mean, away = log_densities(TWO, np.array([[0.0, 0.0], [0.0, 1.0]]))[:, 0]
    np.testing.assert_allclose(at_mean - away, 0.5)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_densities_are_those_of_scipy(covariance_type: CovarianceType) -> None:
    mixture = mixture_of(fitted(covariance_type))
    expected = [
        multivariate_normal(mean, covariance).logpdf(POINTS)
        for mean, covariance in zip(mixture.means, mixture.covariances, strict=True)
    ]
    np.testing.assert_allclose(log_densities(mixture, POINTS).T, expected, rtol=1e-9)


def test_posterior_halfway_between_two_equal_components_is_one_half() -> None:
    posterior, _ = posteriors(TWO, np.array([[1.0, 3.0]]))
    np.testing.assert_allclose(posterior, [[0.5, 0.5]])


def test_posterior_by_hand() -> None:
    # At the first mean the densities are 1 and exp(-2) of the peak, the weights equal.
    posterior, log_likelihood = posteriors(TWO, np.zeros((1, 2)))
    np.testing.assert_allclose(posterior[0, 0], 1 / (1 + np.exp(-2)))
    np.testing.assert_allclose(log_likelihood, np.log(0.5 * (1 + np.exp(-2)) / (2 * np.pi)))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_posteriors_are_those_of_scikit_learn(covariance_type: CovarianceType) -> None:
    model = fitted(covariance_type)
    posterior, log_likelihoods = posteriors(mixture_of(model), POINTS)
    np.testing.assert_allclose(posterior, model.predict_proba(POINTS), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(log_likelihoods, model.score_samples(POINTS), rtol=1e-9)


def test_a_song_far_from_everything_still_has_posteriors_that_sum_to_one() -> None:
    posterior, log_likelihood = posteriors(TWO, np.array([[1e6, -1e6]]))
    np.testing.assert_allclose(posterior.sum(), 1.0)
    assert np.isfinite(log_likelihood).all()


# --- EM, written out song by song --------------------------------------------------------------


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
    model = fitted(n_init=1, max_iter=6, tol=1e-12)
    start = KMeans(3, n_init=1, random_state=np.random.RandomState(42)).fit(POINTS)
    parameters = naive_m_step(np.eye(3)[start.labels_], 1e-6)
    for _ in range(model.n_iter_):
        parameters = naive_m_step(naive_e_step(*parameters), 1e-6)
    np.testing.assert_allclose(model.weights_, parameters[0], rtol=1e-8)
    np.testing.assert_allclose(model.means_, parameters[1], rtol=1e-8)
    np.testing.assert_allclose(model.covariances_, parameters[2], rtol=1e-8, atol=1e-12)


def test_a_converged_fit_is_a_fixed_point_of_naive_em() -> None:
    model = fitted(tol=1e-12, max_iter=5000)
    assert model.converged_
    again = naive_m_step(
        naive_e_step(model.weights_, model.means_, model.covariances_), model.reg_covar
    )
    np.testing.assert_allclose(model.weights_, again[0], rtol=1e-4)
    np.testing.assert_allclose(model.means_, again[1], atol=1e-4)
    np.testing.assert_allclose(model.covariances_, again[2], atol=1e-4)


def test_more_steps_never_lower_the_likelihood() -> None:
    likelihoods = [fitted(n_init=1, max_iter=n, tol=1e-12).score(POINTS) for n in (1, 3, 9, 27)]
    assert likelihoods == sorted(likelihoods)


def test_songs_of_known_make_are_found_again() -> None:
    """Three kinds of 80 songs: the weights are a third each, the means those of the recipe."""
    songs = make_songs(per_kind=2000, seed=1)
    points = songs[FEATURES].to_numpy()
    scale = points.std(axis=0)
    model = fit_mixture(
        (points - points.mean(axis=0)) / scale,
        n_components=3,
        covariance_type="full",
        n_init=3,
        max_iter=300,
        tol=1e-7,
        reg_covar=1e-6,
        seed=0,
    )
    means = model.means_ * scale + points.mean(axis=0)
    by_tempo = np.argsort(means[:, 0])
    truth = songs.groupby("genre")[FEATURES].mean().sort_values("tempo").to_numpy()
    np.testing.assert_allclose(model.weights_, 1 / 3, atol=0.02)
    np.testing.assert_allclose((means[by_tempo] - truth) / scale, 0, atol=0.05)


# --- criteria -----------------------------------------------------------------------------------


def test_free_parameters_by_hand() -> None:
    # K = 3, d = 2: 2 weights, 6 means and the covariances' own.
    counts = {name: free_parameters(3, 2, name) for name in TYPES}
    assert counts == {"full": 17, "tied": 11, "diag": 14, "spherical": 11}


@pytest.mark.parametrize("covariance_type", TYPES)
def test_criteria_are_those_of_scikit_learn(covariance_type: CovarianceType) -> None:
    model = fitted(covariance_type, k=4)
    fit = rate_fit(model, POINTS)
    np.testing.assert_allclose(fit.bic, model.bic(POINTS), rtol=1e-12)
    np.testing.assert_allclose(fit.aic, model.aic(POINTS), rtol=1e-12)
    np.testing.assert_allclose(fit.log_likelihood, model.score(POINTS) * len(POINTS), rtol=1e-12)


def test_icl_adds_twice_the_entropy_to_bic() -> None:
    model = fitted()
    probabilities = model.predict_proba(POINTS)
    total = sum(scipy_entropy(row) for row in probabilities)
    fit = rate_fit(model, POINTS)
    np.testing.assert_allclose(fit.icl - fit.bic, 2 * total, rtol=1e-8)


def test_the_rated_fit_says_what_the_model_says() -> None:
    model = fitted(k=4)
    fit = rate_fit(model, POINTS)
    assert (fit.k, fit.covariance_type, fit.iterations) == (4, "full", model.n_iter_)
    assert fit.smallest_weight == model.weights_.min()
    smallest = min(np.linalg.eigvalsh(covariance)[0] for covariance in model.covariances_)
    np.testing.assert_allclose(fit.smallest_eigenvalue, smallest)


# --- entropy ------------------------------------------------------------------------------------


def test_entropy_by_hand() -> None:
    posterior = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(entropy(posterior), [0.0, np.log(2), np.log(3)])


def test_a_certain_song_has_an_entropy_of_exactly_plus_zero() -> None:
    assert str(entropy(np.array([[0.0, 1.0]]))[0]) == "0.0"


@given(arrays(np.float64, (4, 5), elements=st.floats(1e-9, 1)))
def test_entropy_lies_between_zero_and_log_k_and_is_that_of_scipy(raw: FloatArray) -> None:
    posterior = raw / raw.sum(axis=1, keepdims=True)
    found = entropy(posterior)
    assert ((found >= 0) & (found <= np.log(5) + 1e-12)).all()
    np.testing.assert_allclose(found, scipy_entropy(posterior, axis=1), rtol=1e-9, atol=1e-12)


# --- soundness ----------------------------------------------------------------------------------


def test_a_round_heavy_component_is_not_collapsed() -> None:
    assert not collapsed_components(TWO, 100, 1e-6).any()


def test_a_component_without_spread_in_one_direction_is_collapsed() -> None:
    flat = np.array([np.eye(2), np.diag([1.0, 1e-6 + 0.9e-6])])
    mixture = Mixture("full", TWO.weights, TWO.means, flat)
    assert collapsed_components(mixture, 100, 1e-6).tolist() == [False, True]
    wider = np.array([np.eye(2), np.diag([1.0, 1e-6 + 1.1e-6])])
    assert not collapsed_components(Mixture("full", TWO.weights, TWO.means, wider), 100, 1e-6).any()


def test_a_component_of_two_songs_is_collapsed() -> None:
    mixture = Mixture("full", np.array([0.98, 0.02]), TWO.means, TWO.covariances)
    assert collapsed_components(mixture, 100, 1e-6).tolist() == [False, True]
    assert not collapsed_components(mixture, 101, 1e-6).any()


def test_a_fit_on_a_repeated_song_is_said_to_be_collapsed() -> None:
    points = np.vstack([POINTS, np.repeat(POINTS[:1] + 9, 30, axis=0)])
    model = fit_mixture(
        points,
        n_components=2,
        covariance_type="full",
        n_init=1,
        max_iter=300,
        tol=1e-4,
        reg_covar=1e-6,
        seed=0,
    )
    fit = rate_fit(model, points)
    assert (fit.converged, fit.collapsed, fit.sound) == (1, 1, 0)
    assert fit.faults() == "1 collapsed"


def test_a_fit_out_of_steps_is_said_to_be_not_converged() -> None:
    fit = rate_fit(fitted(max_iter=2, tol=1e-12), POINTS)
    assert (fit.converged, fit.sound, fit.iterations) == (0, 0, 2)
    assert fit.faults() == "not converged in 2 steps"


def test_the_best_fit_is_the_lowest_of_the_sound_ones() -> None:
    fits = pd.DataFrame({"k": [2, 3, 4], "bic": [9.0, 7.0, 1.0], "sound": [1, 1, 0]})
    assert best_fit(fits, "bic")["k"] == 3
    assert best_fit(fits.assign(sound=0), "bic")["k"] == 4


# --- the two forms of a mixture -----------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", TYPES)
def test_json_keeps_the_mixture(covariance_type: CovarianceType) -> None:
    mixture = mixture_of(fitted(covariance_type))
    found = Mixture.from_json(mixture.to_json() | {"features": []})
    assert found.covariance_type == covariance_type
    np.testing.assert_array_equal(found.weights, mixture.weights)
    np.testing.assert_array_equal(found.means, mixture.means)
    np.testing.assert_array_equal(found.covariances, mixture.covariances)


def test_the_fit_is_scikit_learns_own() -> None:
    direct = GaussianMixture(3, max_iter=300, n_init=2, tol=1e-6, random_state=42).fit(POINTS)
    np.testing.assert_array_equal(fitted().means_, direct.means_)
