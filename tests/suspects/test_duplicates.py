"""Near-duplicates: as many pairs by chance as stated, the pairs that are none of chance's found."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.suspects.duplicates import (
    integral_of_square,
    near_duplicates,
    pairs_by_chance,
)

MIXTURE = Mixture(
    "full",
    np.array([0.7, 0.3]),
    np.array([[0.0, 0.0, 0.0], [1.5, -1.0, 0.5]]),
    np.array([np.eye(3), [[0.5, 0.2, 0.0], [0.2, 0.4, 0.1], [0.0, 0.1, 0.3]]]),
)


def test_the_integral_of_the_squared_density_is_its_mean_over_the_songs() -> None:
    points, _ = drawn_points(MIXTURE, 200_000, np.random.default_rng(0))
    density = sum(
        weight * multivariate_normal(mean, covariance).pdf(points)
        for weight, mean, covariance in zip(
            MIXTURE.weights, MIXTURE.means, MIXTURE.covariances, strict=True
        )
    )
    assert integral_of_square(MIXTURE) == pytest.approx(density.mean(), rel=0.01)


def test_among_songs_of_a_mixture_chance_makes_as_many_pairs_as_stated() -> None:
    counts = []
    for seed in range(200):
        points, _ = drawn_points(MIXTURE, 300, np.random.default_rng(seed))
        counts.append(len(near_duplicates(points, MIXTURE, 2.0).first))
    # Poisson with mean 2: the mean of 200 has a standard error of 0.1.
    assert np.mean(counts) == pytest.approx(2.0, abs=0.3)
    assert np.var(counts) == pytest.approx(2.0, abs=0.8)


def test_copies_and_near_copies_are_found_and_named_once() -> None:
    points, _ = drawn_points(MIXTURE, 500, np.random.default_rng(1))
    points[[40, 41]] = points[7]
    points[90] = points[12] + 0.001
    found = near_duplicates(points, MIXTURE, 0.01)
    pairs = list(zip(found.first, found.second, strict=True))
    assert pairs == [(7, 40), (7, 41), (12, 90)]
    assert found.expected[:2].tolist() == [0, 0]
    distance = np.array([np.sqrt(3) * 0.001])
    assert found.expected[2] == pytest.approx(pairs_by_chance(MIXTURE, 500, distance)[0])


def test_songs_that_are_all_equal_are_copies_of_the_first() -> None:
    found = near_duplicates(np.ones((4, 3)), MIXTURE, 1.0)
    assert (found.first.tolist(), found.second.tolist()) == ([0, 0, 0], [1, 2, 3])
