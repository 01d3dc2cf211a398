"""The bounds of entropy, by hand and over posteriors drawn at random."""

import numpy as np

from song_mixtures.mixture.uncertainty import entropy, entropy_bounds


def test_songs_lie_between_the_bounds_of_entropy() -> None:
    posterior = np.random.default_rng(0).dirichlet([0.3, 0.3, 0.3], 500)
    least, most = entropy_bounds(posterior.max(axis=1), 3)
    assert (least <= entropy(posterior) + 1e-9).all()
    assert (most >= entropy(posterior) - 1e-9).all()


def test_the_bounds_of_entropy_known_by_hand() -> None:
    least, most = entropy_bounds(np.array([1.0, 0.5, 0.25]), 4)
    np.testing.assert_allclose(least, np.log([1, 2, 4]), atol=1e-9)
    np.testing.assert_allclose(most, [0, np.log(2) + np.log(3) / 2, np.log(4)], atol=1e-9)
