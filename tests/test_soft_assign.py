"""Posteriors and hard labels of every song."""

from pathlib import Path

import numpy as np
import pandas as pd

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.tables import read_table
from stages import soft_assign


def test_the_hard_label_is_the_arg_max_and_posteriors_are_rounded() -> None:
    posterior = np.array([[0.1234567, 0.8765433], [0.5000001, 0.4999999]])
    assigned = soft_assign.assignment(pd.DataFrame({"song": ["a", "b"]}), posterior)
    assert list(assigned.columns) == ["song", "gmm_cluster", "gmm_prob_0", "gmm_prob_1"]
    assert assigned["gmm_cluster"].tolist() == [1, 0]
    assert assigned["gmm_prob_0"].tolist() == [0.123457, 0.5]


def test_written_rows_sum_to_one(finished: Path) -> None:
    assigned = read_table(finished / soft_assign.POSTERIORS)
    sums = assigned.filter(like="gmm_prob_").sum(axis=1)
    assert len(assigned) == 240
    np.testing.assert_allclose(sums, 1.0, atol=1e-5)


def test_what_refits_say_of_each_song_is_written(finished: Path) -> None:
    songs = read_table(finished / soft_assign.POSTERIORS)
    averaged = songs.filter(like="averaged_prob_")
    np.testing.assert_allclose(averaged.sum(axis=1), 1.0, atol=1e-5)
    expected = -(averaged * np.log(averaged.where(averaged > 0, 1))).sum(axis=1)
    np.testing.assert_allclose(songs["averaged_entropy"], expected, atol=1e-4)
    assert (songs["mutual_information"] <= songs["averaged_entropy"]).all()
    np.testing.assert_allclose(20 * songs["kept_share"] % 1, 0, atol=1e-9)  # of 20 refits
    assert 0.5 < songs["kept_share"].mean() <= 1


def test_typicality_by_hand() -> None:
    # Of a standard Gaussian in two features exp(-r^2 / 2) lies further out than r.
    mixture = Mixture("full", np.array([0.5, 0.5]), np.zeros((2, 2)), np.eye(2) * [[[1]], [[4]]])
    points = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    found = soft_assign.typicality(mixture, points, np.array([0, 0, 1]))
    np.testing.assert_allclose(found, [1.0, np.exp(-25 / 2), np.exp(-25 / 8)])


def test_metrics_by_hand() -> None:
    posterior = np.array([[0.95, 0.05], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]])
    metrics = soft_assign.summarize(posterior)
    assert metrics["mean_max_posterior"] == np.mean([0.95, 0.6, 0.7, 0.9])
    assert metrics["above_90_percent_share"] == 0.25
    assert metrics["components_with_songs_count"] == 2
