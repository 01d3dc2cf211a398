"""A mixture along one feature or a plane, each number by hand or by counting songs drawn of it."""

import numpy as np
import pytest

from song_mixtures.mixture.marginals import cumulative_gap, marginal_cdf, within_another
from song_mixtures.mixture.model import Mixture


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
