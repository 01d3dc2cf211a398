"""Songs with features missing: exact, calibrated, and whole ones as ever."""

import numpy as np
import pytest

from benchmarks.calibration import greatest_stated
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.placing.posteriors import placed
from song_mixtures.refits.songs import averaged, kept_share


def random_mixture(seed: int, shift: float = 0.0) -> Mixture:
    """Return four components in five features, some of them close."""
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(4, 5, 5))
    covariances = roots @ roots.transpose(0, 2, 1) / 5 + 0.2 * np.eye(5)
    return Mixture(
        "full", np.array([0.4, 0.3, 0.2, 0.1]), rng.normal(size=(4, 5)) + shift, covariances
    )


TRUE = random_mixture(3)
REFITS = [random_mixture(3, shift) for shift in (-0.3, 0.1, 0.2)]


def with_holes(points: FloatArray, seed: int) -> FloatArray:
    """Return the points with one or two of five features missing at random in each."""
    rng = np.random.default_rng(seed)
    order = rng.permuted(np.tile(np.arange(5), (len(points), 1)), axis=1)
    return np.where(order < rng.integers(1, 3, (len(points), 1)), np.nan, points)


def test_of_a_song_with_all_features_it_is_what_the_pipeline_says() -> None:
    points, _ = drawn_points(TRUE, 50, np.random.default_rng(1))
    found = placed(TRUE, REFITS, REFITS, points)
    posterior = posteriors(TRUE, points)[0]
    over = averaged(REFITS, points)
    np.testing.assert_array_equal(found.posterior, posterior)
    np.testing.assert_array_equal(found.averaged, over.posterior)
    np.testing.assert_array_equal(found.mutual_information, over.mutual_information)
    kept = kept_share(posterior.argmax(axis=1), REFITS, points)
    np.testing.assert_array_equal(found.kept_share, kept)


def test_a_missing_feature_is_integrated_out() -> None:
    point = np.array([[0.3, np.nan, -0.5, 1.0, 0.2]])
    grid = np.linspace(-20, 20, 4001)
    along = np.repeat(point, len(grid), axis=0)
    along[:, 1] = grid
    expected = []
    for mixture in (TRUE, *REFITS):
        posterior, log_density = posteriors(mixture, along)
        joint = np.trapezoid(posterior * np.exp(log_density)[:, None], grid, axis=0)
        expected.append(joint / joint.sum())
    found = placed(TRUE, REFITS, REFITS, point)
    np.testing.assert_allclose(found.posterior[0], expected[0], rtol=1e-8)
    np.testing.assert_allclose(found.averaged[0], np.mean(expected[1:], axis=0), rtol=1e-8)
    same = np.argmax(expected[1:], axis=1) == np.argmax(expected[0])
    assert found.kept_share[0] == same.mean()


def test_with_values_missing_at_random_posteriors_are_as_calibrated_as_the_true_ones() -> None:
    points, components = drawn_points(TRUE, 20_000, np.random.default_rng(2))
    holes = with_holes(points, 3)
    assert np.isnan(holes).any(axis=1).all()
    whole = greatest_stated(posteriors(TRUE, points)[0], components)
    known = greatest_stated(placed(TRUE, [TRUE], [TRUE], holes).posterior, components)
    guessed = np.where(np.isnan(holes), TRUE.weights @ TRUE.means, holes)
    guess = greatest_stated(posteriors(TRUE, guessed)[0], components)
    # Of songs with so few of a kind of doubt the error is some .005 where there is none.
    assert whole.calibration_error() < 0.01
    assert known.calibration_error() < 0.01
    assert guess.calibration_error() > 0.05
    assert known.brier() < guess.brier()
    assert known.probability.mean() < whole.probability.mean() - 0.02  # less is known


def test_a_song_of_which_nothing_is_known_is_refused() -> None:
    points = np.array([[0.0, 0, 0, 0, 0], [np.nan] * 5])
    with pytest.raises(ValueError, match="1 songs have no feature, the first in row 1"):
        placed(TRUE, REFITS, REFITS, points)
