"""A mixture along one feature or a plane, each number by hand or by counting songs drawn of it."""

import numpy as np
import pytest

from song_mixtures.mixture.marginals import (
    cumulative_gap,
    deciding_features,
    marginal,
    marginal_cdf,
    within_another,
)
from song_mixtures.mixture.model import Mixture, posteriors


def test_the_density_of_a_feature_is_the_mixture_of_its_marginals() -> None:
    mixture = Mixture(
        "full", np.array([0.6, 0.4]), np.array([[0.0, -0.1], [0, 0.3]]),
        np.array([np.diag([1, 0.01]), np.diag([1, 0.04])]),
    )  # fmt: skip
    rng = np.random.default_rng(1)
    parts = rng.normal(-0.1, 0.1, 60_000), rng.normal(0.3, 0.2, 40_000)
    drawn = np.concatenate(parts)
    values = np.quantile(drawn, [0.1, 0.5, 0.9])
    counted = [[(part <= value).sum() / 1e5 for part in parts] for value in values]
    np.testing.assert_allclose(marginal_cdf(mixture, 1, values), counted, atol=0.005)
    assert cumulative_gap(mixture, 1, drawn) < 0.01


def test_the_gap_of_cumulative_shares_known_by_hand() -> None:
    mixture = Mixture("full", np.ones(1), np.zeros((1, 5)), np.eye(5)[None])
    # All songs at the median of a normal: below it the mixture has half of them, up to it too.
    assert cumulative_gap(mixture, 0, np.zeros(4)) == pytest.approx(0.5)


def test_means_within_anothers_ellipse_are_counted() -> None:
    # Only the last (deviation 1.5, at the origin) has others within: both.
    means = np.array([[1.0, 0], [-1.0, 0.5], [0, 0]])
    covariances = np.array([np.diag([1.0, 0.5]), np.eye(2) / 4, np.eye(2) * 2.25])
    assert within_another(means, covariances) == 2


def test_a_marginal_is_the_density_integrated_over_the_other_features() -> None:
    rng = np.random.default_rng(5)
    roots = rng.normal(size=(3, 3, 3))
    mixture = Mixture(
        "full", np.array([0.5, 0.3, 0.2]), rng.normal(size=(3, 3)),
        roots @ roots.transpose(0, 2, 1) + 0.3 * np.eye(3),
    )  # fmt: skip
    at = np.array([0.4, -0.2])  # of the features 2 and 0
    grid = np.linspace(-20, 20, 4001)  # of feature 1
    points = np.column_stack([np.full(4001, at[1]), grid, np.full(4001, at[0])])
    posterior, log_density = posteriors(mixture, points)
    joint = posterior * np.exp(log_density)[:, None]  # w_k N(x | m_k, S_k) along the grid
    integrals = np.trapezoid(joint, grid, axis=0)
    expected, log_total = posteriors(marginal(mixture, [2, 0]), at[None])
    assert np.exp(log_total[0]) == pytest.approx(integrals.sum(), rel=1e-8)
    np.testing.assert_allclose(expected[0], integrals / integrals.sum(), rtol=1e-8)


def test_the_feature_that_alone_decides_is_named_and_none_where_two_or_none_do() -> None:
    mixture = Mixture(
        "full", np.array([0.5, 0.5]), np.array([[-1.0, -1.0], [1.0, 1.0]]),
        np.repeat(np.eye(2)[None], 2, axis=0),
    )  # fmt: skip
    # Of component 1 by the first feature alone, by both, and by the second alone.
    points = np.array([[2.0, -0.5], [1.0, 1.0], [-0.5, 2.0]])
    labels = posteriors(mixture, points)[0].argmax(axis=1)
    assert labels.tolist() == [1, 1, 1]
    assert deciding_features(mixture, points, labels).tolist() == [0, -1, 1]
