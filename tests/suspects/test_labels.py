"""Genres out of the features: read by forests that have not seen the song."""

import numpy as np
import pytest

from song_mixtures.suspects.labels import read_genres


def test_a_swapped_label_is_the_one_that_looks_wrong_and_separate_genres_are_read() -> None:
    rng = np.random.default_rng(3)
    points = np.repeat([[0.0, 0], [8, 0], [0, 8]], 60, axis=0) + rng.normal(size=(180, 2))
    genres = np.repeat(["a", "b", "c"], 60)
    genres[5] = "c"
    read = read_genres(points, genres, folds=5, seed=0)
    assert int(read.of_own().argmin()) == 5
    assert read.genres[read.predicted()[5]] == "a"
    assert read.scores()["accuracy_share"] == pytest.approx(179 / 180)
    assert read.scores()["ari"] > 0.95
    np.testing.assert_allclose(read.probabilities.sum(axis=1), 1)


def test_labels_that_say_nothing_are_not_read() -> None:
    rng = np.random.default_rng(4)
    read = read_genres(rng.normal(size=(300, 3)), rng.choice(["a", "b"], 300), 5, 0)
    assert abs(read.scores()["ari"]) < 0.05  # with songs seen in growing it would be near 1


def test_a_genre_of_one_song_is_never_read_for_it() -> None:
    points = np.arange(20.0)[:, None]
    read = read_genres(points, np.array(["rare", *["common"] * 19]), 5, 0)
    assert read.of_own()[0] == 0
