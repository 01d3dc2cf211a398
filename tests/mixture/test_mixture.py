"""What follows from a fitted mixture, each number by hand, by SciPy or by scikit-learn."""

from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

from song_mixtures.fitting.criteria import (
    degeneracies,
    degenerate_components,
    evaluate_fit,
    free_parameters,
    largest_k,
    own_parameters,
)
from song_mixtures.mixture import model as mixture_module
from song_mixtures.mixture.model import (
    CovarianceType,
    FittedMixture,
    Mixture,
    log_densities,
    posteriors,
)
from song_mixtures.mixture.selection import best_fit
from song_mixtures.mixture.uncertainty import entropy
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import one_thread
from tests.conftest import FEATURES, make_songs

TYPES: tuple[CovarianceType, ...] = get_args(CovarianceType)


def standardized_songs() -> FloatArray:
    values = make_songs()[FEATURES].to_numpy()
    return (values - values.mean(axis=0)) / values.std(axis=0)


POINTS = standardized_songs()


def oracle(covariance_type: CovarianceType = "full", k: int = 3) -> Any:
    """Return scikit-learn's own fit of the songs."""
    model = GaussianMixture(k, covariance_type=covariance_type, random_state=42)
    with one_thread():
        return model.fit(POINTS)


def mixture_of(model: Any) -> Mixture:
    """Return the plain arrays of a GaussianMixture, covariances written out as (K, d, d)."""
    k, d = model.means_.shape
    covariances: dict[str, Any] = {
        "full": lambda c: c,
        "tied": lambda c: np.repeat(c[None], k, axis=0),
        "diag": lambda c: np.array([np.diag(row) for row in c]),
        "spherical": lambda c: np.array([value * np.eye(d) for value in c]),
    }
    expanded = covariances[model.covariance_type](model.covariances_)
    return Mixture(model.covariance_type, model.weights_, model.means_, expanded)


def fitted_of(model: Any) -> FittedMixture:
    return FittedMixture(mixture_of(model), model.lower_bounds_, model.converged_, 0.0)


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
    mixture = mixture_of(oracle(covariance_type))
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
    model = oracle(covariance_type)
    posterior, log_likelihoods = posteriors(mixture_of(model), POINTS)
    np.testing.assert_allclose(posterior, model.predict_proba(POINTS), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(log_likelihoods, model.score_samples(POINTS), rtol=1e-9)


def test_a_song_far_from_everything_still_has_posteriors_that_sum_to_one() -> None:
    posterior, log_likelihood = posteriors(TWO, np.array([[1e6, -1e6]]))
    np.testing.assert_allclose(posterior.sum(), 1.0)
    assert np.isfinite(log_likelihood).all()


# --- criteria -----------------------------------------------------------------------------------


def test_free_parameters_by_hand() -> None:
    # K = 3, d = 2: 2 weights, 6 means and the covariances' own.
    counts = {name: free_parameters(3, 2, name) for name in TYPES}
    assert counts == {"full": 17, "tied": 11, "diag": 14, "spherical": 11}


@pytest.mark.parametrize("covariance_type", TYPES)
def test_criteria_are_those_of_scikit_learn(covariance_type: CovarianceType) -> None:
    model = oracle(covariance_type, k=4)
    fit = evaluate_fit(fitted_of(model), POINTS, 1e-6)
    np.testing.assert_allclose(fit.bic, model.bic(POINTS), rtol=1e-12)
    np.testing.assert_allclose(fit.aic, model.aic(POINTS), rtol=1e-12)
    np.testing.assert_allclose(fit.log_likelihood, model.score(POINTS) * len(POINTS), rtol=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_criteria_come_out_of_one_pass_in_blocks(
    covariance_type: CovarianceType, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = fitted_of(oracle(covariance_type))
    posterior, log_likelihoods = posteriors(fitted.mixture, POINTS)
    monkeypatch.setattr(mixture_module, "BLOCK", 64)
    fit = evaluate_fit(fitted, POINTS, 1e-6)
    np.testing.assert_allclose(fit.log_likelihood, log_likelihoods.sum(), rtol=1e-12)
    certainty = np.log(posterior.max(axis=1)).sum()
    np.testing.assert_allclose(fit.icl, fit.bic - 2 * certainty, rtol=1e-12)


def test_icl_is_bic_of_songs_together_with_their_hard_labels() -> None:
    model = oracle()
    labels = model.predict(POINTS)
    # ln of the completed likelihood: each song's weighted density under its own component alone.
    completed = sum(
        np.log(model.weights_[k]) + multivariate_normal.logpdf(x, model.means_[k], covariance)
        for x, k in zip(POINTS, labels, strict=True)
        for covariance in [model.covariances_[k]]
    )
    fit = evaluate_fit(fitted_of(model), POINTS, 1e-6)
    np.testing.assert_allclose(
        fit.icl, -2 * completed + fit.parameters * np.log(len(POINTS)), rtol=1e-8
    )


def test_the_rated_fit_says_what_the_model_says() -> None:
    model = oracle(k=4)
    fit = evaluate_fit(fitted_of(model), POINTS, 1e-6)
    assert (fit.k, fit.covariance_type, fit.iterations) == (4, "full", model.n_iter_)
    assert fit.min_weight == model.weights_.min()
    smallest = min(np.linalg.eigvalsh(covariance)[0] for covariance in model.covariances_)
    np.testing.assert_allclose(fit.min_eigenvalue, smallest)


# --- entropy ------------------------------------------------------------------------------------


def test_entropy_by_hand() -> None:
    posterior = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(entropy(posterior), [0.0, np.log(2), np.log(3)])


def test_a_certain_song_has_an_entropy_of_exactly_plus_zero() -> None:
    assert str(entropy(np.array([[0.0, 1.0]]))[0]) == "0.0"


def test_posteriors_that_are_all_certain_may_come_as_whole_numbers() -> None:
    """A table of ones and zeros is read back as such: CSV has no 1.0."""
    assert entropy(np.array([[1, 0], [0, 1]])).tolist() == [0.0, 0.0]


@given(arrays(np.float64, (4, 5), elements=st.floats(1e-9, 1)))
def test_entropy_lies_between_zero_and_log_k_and_is_that_of_scipy(raw: FloatArray) -> None:
    posterior = raw / raw.sum(axis=1, keepdims=True)
    found = entropy(posterior)
    assert ((found >= 0) & (found <= np.log(5) + 1e-12)).all()
    np.testing.assert_allclose(found, scipy_entropy(posterior, axis=1), rtol=1e-9, atol=1e-12)


# --- validity -----------------------------------------------------------------------------------


def test_a_round_heavy_component_is_not_collapsed() -> None:
    assert not degenerate_components(TWO, 100, 1e-6).any()


@pytest.mark.parametrize(("variance", "degenerate"), [(1.9e-6, True), (2.1e-6, False)])
def test_a_component_whose_spread_is_that_of_reg_covar_is_degenerate(
    variance: float, degenerate: bool
) -> None:
    small = Mixture("full", TWO.weights, TWO.means, np.array([np.eye(2), variance * np.eye(2)]))
    assert degenerate_components(small, 100, 1e-6).tolist() == [False, degenerate]


@pytest.mark.parametrize(
    ("kind", "own"), [("full", 20), ("tied", 5), ("diag", 10), ("spherical", 6)]
)
def test_a_component_needs_as_many_songs_as_parameters_of_its_own(
    kind: CovarianceType, own: int
) -> None:
    assert own_parameters(5, kind) == own
    assert free_parameters(3, 5, kind) == 2 + 3 * own + (15 if kind == "tied" else 0)
    assert (largest_k(10 * own, 5, kind), largest_k(10 * own - 1, 5, kind)) == (10, 9)
    weights = np.array([1 - own / 1000, own / 1000])
    mixture = Mixture(kind, weights, np.zeros((2, 5)), np.array([np.eye(5)] * 2))
    assert not degenerate_components(mixture, 1000, 1e-6).any()
    assert degenerate_components(mixture, 999, 1e-6).tolist() == [False, True]
    assert list(degeneracies(mixture, 999, 1e-6)) == [
        f"fewer songs than the {own} parameters of their own"
    ]


def test_a_component_that_is_a_layer_is_degenerate() -> None:
    def layer(ratio: float) -> Mixture:
        return Mixture("full", TWO.weights, TWO.means, np.array([np.eye(2), np.diag([ratio, 1])]))

    assert degenerate_components(layer(1001.0), 100, 1e-6).tolist() == [False, True]
    assert not degenerate_components(layer(999.0), 100, 1e-6).any()


def test_faults_are_counted_and_said() -> None:
    degenerate = Mixture("full", np.array([0.999, 0.001]), TWO.means, TWO.covariances)
    points = np.random.default_rng(0).normal(size=(100, 2))
    fit = evaluate_fit(
        FittedMixture(degenerate, [-3.0, -2.5], converged=False, remaining_gain=9.0), points, 1e-6
    )
    assert (fit.converged, fit.degenerate, fit.valid, fit.iterations) == (0, 1, 0, 2)
    said = "not converged in 2 iterations, 1 of 2 with fewer songs than the 5 parameters"
    assert fit.fault == f"{said} of their own"
    valid = evaluate_fit(
        FittedMixture(TWO, [-3.0], converged=True, remaining_gain=0.0), points, 1e-6
    )
    assert (valid.converged, valid.degenerate, valid.valid) == (1, 0, 1)
    assert valid.fault == ""


def test_the_best_fit_is_the_lowest_of_the_valid_ones() -> None:
    fits = pd.DataFrame({"k": [2, 3, 4], "bic": [9.0, 7.0, 1.0], "valid": [1, 1, 0]})
    assert best_fit(fits, "bic")["k"] == 3
    assert best_fit(fits.assign(valid=0), "bic")["k"] == 4


# --- the two forms of a mixture -----------------------------------------------------------------


@pytest.mark.parametrize("covariance_type", TYPES)
def test_json_keeps_the_mixture(covariance_type: CovarianceType) -> None:
    mixture = mixture_of(oracle(covariance_type))
    found = Mixture.from_json(mixture.to_json() | {"features": []})
    assert found.covariance_type == covariance_type
    np.testing.assert_array_equal(found.weights, mixture.weights)
    np.testing.assert_array_equal(found.means, mixture.means)
    np.testing.assert_array_equal(found.covariances, mixture.covariances)
