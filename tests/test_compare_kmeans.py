"""Agreement of two labelings, before and after matching, and with the genres."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import davies_bouldin_score

from song_mixtures.labels.agreement import matching
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages import compare_kmeans

GMM = np.array([0, 0, 0, 1, 1, 2])
KMEANS = np.array([2, 2, 1, 0, 0, 1])  # 2 is 0, 0 is 1, 1 is 2, but for one song


def test_matching_undoes_a_renaming() -> None:
    assert matching(GMM, KMEANS, 3).tolist() == [2, 0, 1]


def test_agreement_by_hand() -> None:
    found = compare_kmeans.agreement(GMM, KMEANS, 3)
    assert found["equal_labels_raw_share"] == 0.0
    assert found["equal_labels_matched_share"] == 5 / 6
    # Pairs together in both 2, in GMM 4, in K-Means 3, of 15: (2 - .8) / (3.5 - .8).
    assert found["ari"] == pytest.approx((2 - 12 / 15) / (3.5 - 12 / 15))


def test_a_renamed_labeling_agrees_fully() -> None:
    found = compare_kmeans.agreement(GMM, np.array([2, 0, 1])[GMM], 3)
    assert found["equal_labels_matched_share"] == 1.0
    assert [found["ari"], found["ami"], found["nmi"]] == pytest.approx([1, 1, 1])


def test_labels_by_chance_agree_by_chance() -> None:
    rng = np.random.default_rng(0)
    found = compare_kmeans.agreement(rng.integers(0, 10, 20000), rng.integers(0, 10, 20000), 10)
    assert abs(found["ari"]) < 0.002
    assert abs(found["ami"]) < 0.002
    assert found["equal_labels_raw_share"] == pytest.approx(0.1, abs=0.01)


def test_the_confusion_has_the_matches_on_its_diagonal() -> None:
    table = compare_kmeans.confusion(GMM, KMEANS, 3)
    square = table.pivot_table("songs", "gmm_cluster", "matched_component", aggfunc="sum")
    assert square.to_numpy().tolist() == [[2, 0, 1], [0, 2, 0], [0, 0, 1]]
    first = table[table["gmm_cluster"] == 0]
    assert first["kmeans_cluster"].tolist() == [2, 0, 1]


def test_a_component_without_songs_is_matched_all_the_same() -> None:
    matched = matching(np.array([0, 0, 2, 2]), np.array([1, 1, 0, 0]), 3)
    assert sorted(matched.tolist()) == [0, 1, 2]
    assert matched[[0, 2]].tolist() == [1, 0]


def test_purity_by_hand() -> None:
    counts = np.array([[2, 0], [1, 2], [0, 1]])  # songs of three genres in two clusters
    assert compare_kmeans.purity(counts) == 4 / 6


def test_songs_without_a_genre_are_left_out() -> None:
    songs = pd.DataFrame(
        {
            "genre": ["a", "a", "b", "b", ""],
            "gmm_cluster": [0, 0, 1, 1, 1],
            "kmeans_cluster": [0, 1, 0, 1, 0],
        }
    )
    found = compare_kmeans.genre_agreement(songs, 2)
    assert found["gmm_genre_ari"] == 1.0
    assert found["kmeans_genre_ari"] < 0.01
    assert found["gmm_genre_purity_share"] == 1.0
    assert compare_kmeans.genre_table(songs)["songs"].sum() == 4


@pytest.mark.parametrize(
    "songs", [pd.DataFrame({"gmm_cluster": [0]}), pd.DataFrame({"genre": [""]})]
)
def test_without_genres_there_are_no_genre_scores(songs: pd.DataFrame) -> None:
    assert compare_kmeans.genre_agreement(songs, 1) == {}


def test_a_mixture_with_all_songs_in_one_component_has_no_compactness() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2))
    found = compare_kmeans.compactness(
        points, np.zeros(20, dtype=np.int64), np.arange(20) % 2, np.arange(20)
    )
    assert found["gmm_silhouette"] == 0.0
    assert "gmm_davies_bouldin" not in found
    assert found["kmeans_davies_bouldin"] == pytest.approx(
        davies_bouldin_score(points, np.arange(20) % 2)
    )


def test_the_written_numbers_are_those_of_the_tables(finished: Path) -> None:
    metrics = read_json(finished / compare_kmeans.METRICS)
    confusion = read_table(finished / compare_kmeans.CONFUSION)
    assert confusion["songs"].sum() == 240
    matched = confusion["gmm_cluster"] == confusion["matched_component"]
    share = confusion.loc[matched, "songs"].sum() / 240
    assert metrics["equal_labels_matched_share"] == pytest.approx(share)
    songs = read_table(finished / "data/processed/gmm_cluster_assignments.csv")
    points = Scaling.from_json(read_json(finished / compare_kmeans.SCALING)).standardize(songs)
    expected = davies_bouldin_score(points, songs["gmm_cluster"])
    assert metrics["gmm_davies_bouldin"] == pytest.approx(expected, rel=1e-6)
    assert metrics["silhouette_songs_count"] == 240
