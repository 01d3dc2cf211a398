"""K-Means, the yardstick."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import silhouette_score

from song_mixtures.files import read_json, read_table
from song_mixtures.scaling import Scaling
from stages import kmeans
from tests.conftest import FEATURES


def test_inertia_is_the_sum_of_squared_distances_to_the_nearest_center(finished: Path) -> None:
    model = joblib.load(finished / kmeans.KMEANS_MODEL)
    songs = read_table(finished / kmeans.KMEANS_ASSIGNMENTS)
    points = Scaling.from_json(read_json(finished / kmeans.SCALING)).standardize(songs)
    squared = ((points[:, None, :] - model.cluster_centers_) ** 2).sum(axis=2)
    metrics = read_json(finished / kmeans.METRICS)
    assert metrics["inertia"] == pytest.approx(squared.min(axis=1).sum(), rel=1e-7)
    assert songs["kmeans_cluster"].tolist() == squared.argmin(axis=1).tolist()
    labels = songs["kmeans_cluster"]
    assert metrics["silhouette"] == pytest.approx(silhouette_score(points, labels), rel=1e-7)


def test_the_elbow_has_every_k_and_its_inertia_falls(finished: Path) -> None:
    curve = read_table(finished / kmeans.ELBOW)
    assert curve["k"].tolist() == [2, 3, 4, 5]
    assert (np.diff(curve["inertia"]) < 0).all()


def test_a_chosen_k_outside_the_sweep_is_in_the_elbow_too() -> None:
    curve = pd.DataFrame({"k": [2, 9], "inertia": [4.0, 1.0], "silhouette": [0.5, 0.2]})
    metrics = kmeans.summarize(curve, 9, 10)
    assert (metrics["inertia"], metrics["silhouette"]) == (1.0, 0.2)
    assert metrics["silhouette_best_k"] == 2


def test_the_table_has_the_notebooks_columns(finished: Path) -> None:
    songs = read_table(finished / kmeans.KMEANS_ASSIGNMENTS)
    assert list(songs.columns) == ["song", "genre", *FEATURES, "kmeans_cluster"]
