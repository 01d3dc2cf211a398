"""Songs that no table should hold: EM ends with a valid mixture, or says why it is not valid."""

import json
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError
from stages.k_sweep import sweep_fits
from tests.fitting.test_em import VARIED

TYPES = get_args(CovarianceType)


@st.composite
def hard_songs(draw: st.DrawFn) -> FloatArray:
    """Standardized features of songs with duplicates, offsets and scales over 12 orders, (N, d)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    songs, d = draw(st.integers(8, 80)), draw(st.integers(2, 5))
    distinct = draw(st.integers(4, songs))  # the others are duplicates of these
    points = rng.normal(size=(distinct, d))[rng.integers(0, distinct, songs)]
    points[:4] = rng.normal(size=(4, d))  # no feature is constant
    decimals = draw(st.sampled_from([0, 1, 15]))  # on a grid, as librosa's tempo
    points[4:] = points[4:].round(decimals)
    scales = 10.0 ** rng.uniform(-6, 6, d)
    offsets = rng.choice([0, 1, 1e6], d)
    standardized: FloatArray = StandardScaler().fit_transform((points + offsets) * scales)
    return standardized


# Of K-Means, where there are fewer distinct songs than components: what is tested here.
@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
@given(
    points=hard_songs(),
    share=st.floats(0, 1),
    covariance_type=st.sampled_from(TYPES),
    init=st.sampled_from(["varied", "kmeans"]),
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_a_fit_of_hard_songs_is_valid_or_says_why(
    points: FloatArray,
    share: float,
    covariance_type: CovarianceType,
    init: Literal["varied", "kmeans"],
) -> None:
    k = 2 + round(share * (len(points) // 2 - 2))  # up to the largest that is allowed
    params = replace(VARIED, init=init, short_runs=4, n_init=1, max_iter=200)
    try:
        fitted = fit_mixture(points, k, covariance_type, params)
    except StageError:  # which is a sentence
        return
    fit = evaluate_fit(fitted, points, params.reg_covar)
    assert bool(fit.valid) == (fit.fault == "")
    posterior, log_likelihoods = posteriors(fitted.mixture, points)
    assert np.isfinite(log_likelihoods).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert posterior.min() >= 0
    # Nats per song. What is added to a variance takes likelihood where it is not small beside it:
    # in 3,000 such fits up to 2e-6 in a valid one, 0.2 in one with a degenerate component.
    if fit.valid and fit.min_eigenvalue > 1000 * params.reg_covar:
        assert np.diff(fitted.lower_bounds).min(initial=0) > -1e-8


@pytest.mark.parametrize("covariance_type", TYPES)
def test_a_sweep_of_duplicates_is_the_same_bytes_on_any_number_of_workers(
    covariance_type: CovarianceType,
) -> None:
    rng = np.random.default_rng(5)
    points = rng.normal(size=(30, 3)).round(1)[rng.integers(0, 30, 120)] * [1e6, 1, 1e-6]
    points = StandardScaler().fit_transform(points + np.array([1e6, 1e6, 1]))
    sweep = {covariance_type: range(2, 8)}
    params: MixtureParams = replace(VARIED, short_runs=5, max_iter=100)
    results = [
        json.dumps([fitted.to_json() for fitted, _ in sweep_fits(points, sweep, params, compute)])
        for compute in (Compute(n_jobs=1), Compute(n_jobs=2), Compute(n_jobs=5))
    ]
    assert results[0] == results[1] == results[2]
