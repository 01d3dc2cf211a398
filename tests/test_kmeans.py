"""K-Means, the yardstick."""

from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from song_mixtures.compute.parallel import Compute
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import one_thread
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
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


def test_of_a_large_table_the_starts_run_on_a_sample_and_the_best_is_carried_on() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 4, 3000)
    points = 8 * rng.normal(size=(4, 5))[kinds] + rng.normal(size=(3000, 5))
    exact = kmeans.KMeansParams(
        n_init=5, max_iter=300, sample_above=3000, silhouette_sample=100, seed=1
    )
    with one_thread():
        expected = kmeans.fit_kmeans(points, 4, exact)
        found = kmeans.fit_kmeans(points, 4, replace(exact, sample_above=1000))
        again = kmeans.fit_kmeans(points, 4, replace(exact, sample_above=1000))
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-6)
    assert len(found.labels_) == 3000
    squared = ((points[:, None, :] - found.cluster_centers_) ** 2).sum(axis=2)
    assert found.labels_.tolist() == squared.argmin(axis=1).tolist()
    assert again.cluster_centers_.tobytes() == found.cluster_centers_.tobytes()
    assert found.cluster_centers_.tobytes() != expected.cluster_centers_.tobytes()


def test_up_to_the_sample_size_the_fit_is_scikit_learns() -> None:
    points = np.random.default_rng(0).normal(size=(1000, 5))
    parameters = kmeans.KMeansParams(
        n_init=3, max_iter=50, sample_above=1000, silhouette_sample=100, seed=7
    )
    with one_thread():
        expected = KMeans(6, n_init=3, max_iter=50, random_state=7).fit(points)
        found = kmeans.fit_kmeans(points, 6, parameters)
    assert found.labels_.tolist() == expected.labels_.tolist()
    assert found.inertia_ == pytest.approx(expected.inertia_, rel=1e-12)


def test_fits_in_parallel_are_those_of_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    points = np.random.default_rng(0).normal(size=(300, 5))
    parameters = kmeans.KMeansParams(
        n_init=2, max_iter=50, sample_above=1000, silhouette_sample=100, seed=7
    )
    scored, ks = np.arange(0, 300, 3), [2, 3, 5]
    alone = kmeans.cluster_all(points, scored, ks, 3, parameters, Compute(n_jobs=1))
    monkeypatch.setattr(kmeans, "PARALLEL_FROM", 0)
    beside = kmeans.cluster_all(points, scored, ks, 3, parameters, Compute(n_jobs=2))
    assert [one.k for one in alone] == [one.k for one in beside] == ks
    for one, other in zip(alone, beside, strict=True):
        assert (one.inertia, one.iterations) == (other.inertia, other.iterations)
        assert one.scored_labels.tolist() == other.scored_labels.tolist()
    chosen = [one.model for one in alone if one.model is not None]
    assert [model.n_clusters for model in chosen] == [3]
    assert chosen[0].cluster_centers_.tobytes() == beside[1].model.cluster_centers_.tobytes()
