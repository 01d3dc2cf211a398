"""Compare the mixture's hard labels with K-Means, and both with the genres where known.

Cluster numbers are arbitrary. Equal numbers mean nothing until clusters are matched, so the raw
share stands here only because people know it; the adjusted indices are 0 for labels by chance.
Genres are a yardstick, not the truth: the features were never meant to tell them apart.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from song_mixtures.labels.agreement import (
    adjusted_mutual,
    adjusted_rand,
    contingency,
    matching,
    normalized_mutual,
)
from song_mixtures.labels.compactness import calinski_harabasz, davies_bouldin
from song_mixtures.labels.silhouette import silhouettes
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import read_json, write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.sampling.rows import sampled_rows
from song_mixtures.songs.scaling import Scaling

SCALING = Path("models/scaling.json")  # from preprocess
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
POSTERIORS = Path("data/processed/posteriors.csv")  # from soft_assign
KMEANS_ASSIGNMENTS = Path("data/processed/kmeans_cluster_assignments.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")
GENRES = Path("data/processed/genre_by_component.csv")
METRICS = Path("metrics/compare_kmeans.json")


def confusion(gmm: IntArray, kmeans: IntArray, k: int) -> pd.DataFrame:
    """Return songs per component and K-Means cluster, clusters in the order of their match."""
    order = matching(gmm, kmeans, k)
    matched = contingency(gmm, kmeans, k)[:, order]
    return pd.DataFrame(
        {
            "gmm_cluster": np.repeat(np.arange(k), k),
            "kmeans_cluster": np.tile(order, k),
            "matched_component": np.tile(np.arange(k), k),
            "songs": matched.ravel(),
        }
    )


def agreement(gmm: IntArray, kmeans: IntArray, k: int) -> dict[str, float]:
    """Return how far the two labelings agree; ARI and AMI are 0 by chance and 1 when equal."""
    counts = contingency(gmm, kmeans, k)
    return {
        "equal_labels_raw_share": float(np.mean(gmm == kmeans)),
        "equal_labels_matched_share": float(np.mean(matching(gmm, kmeans, k)[gmm] == kmeans)),
        "ari": adjusted_rand(counts),
        "ami": adjusted_mutual(counts),
        "nmi": normalized_mutual(counts),
    }


def compactness(
    points: FloatArray, gmm: IntArray, kmeans: IntArray, scored: IntArray
) -> dict[str, float]:
    """Return the geometric scores of both labelings, which favor round, separate clusters.

    Labels that name one cluster only have a silhouette of 0 and no other of these scores.

    Parameters
    ----------
    points : standardized features, (N, d)
    gmm : hard labels of the mixture, (N,), 0 to K - 1
    kmeans : clusters of K-Means, (N,), 0 to K - 1
    scored : rows of the points whose silhouette is computed, (n,), n <= N
    """
    found: dict[str, float] = {"silhouette_songs_count": len(scored)}
    of_gmm, of_kmeans = silhouettes(points[scored], [gmm[scored], kmeans[scored]])
    found |= {"gmm_silhouette": of_gmm, "kmeans_silhouette": of_kmeans}
    if np.unique(gmm).size > 1:
        found |= {
            "gmm_davies_bouldin": davies_bouldin(points, gmm),
            "gmm_calinski_harabasz": calinski_harabasz(points, gmm),
        }
    return found | {
        "kmeans_davies_bouldin": davies_bouldin(points, kmeans),
        "kmeans_calinski_harabasz": calinski_harabasz(points, kmeans),
    }


def purity(counts: IntArray) -> float:
    """Return the share of songs whose genre is the commonest in their cluster, 0 to 1.

    Of songs per genre and cluster, (G, K). It grows with K by itself: compare it only between
    labelings with the same K.
    """
    return float(counts.max(axis=0).sum() / counts.sum())


def genre_agreement(songs: pd.DataFrame, k: int) -> dict[str, float]:
    """Return how far components and clusters follow the genres, of the songs with a genre."""
    if "genre" not in songs or (songs["genre"] == "").all():
        return {}
    known = songs[songs["genre"] != ""]
    genres, names = pd.factorize(known["genre"])
    of_gmm, of_kmeans = (
        contingency(genres, known[labels].to_numpy(), len(names), k)
        for labels in ("gmm_cluster", "kmeans_cluster")
    )
    return {
        "gmm_genre_ari": adjusted_rand(of_gmm),
        "gmm_genre_ami": adjusted_mutual(of_gmm),
        "gmm_genre_nmi": normalized_mutual(of_gmm),
        "gmm_genre_purity_share": purity(of_gmm),
        "kmeans_genre_ari": adjusted_rand(of_kmeans),
        "kmeans_genre_ami": adjusted_mutual(of_kmeans),
        "kmeans_genre_nmi": normalized_mutual(of_kmeans),
        "kmeans_genre_purity_share": purity(of_kmeans),
    }


def genre_table(songs: pd.DataFrame) -> pd.DataFrame:
    """Return songs per genre and component, one row per pair that occurs."""
    known = songs[songs["genre"] != ""] if "genre" in songs else songs.head(0).assign(genre="")
    return (
        known.groupby(["genre", "gmm_cluster"], as_index=False)
        .size()
        .rename(columns={"size": "songs"})
    )


def outcome(found: dict[str, float]) -> str:
    """Return the line that says what came out."""
    line = (
        f"equal labels {found['equal_labels_raw_share']:.1%} raw, "
        f"{found['equal_labels_matched_share']:.1%} matched; ARI {found['ari']:.3f}"
    )
    if "gmm_genre_ari" not in found:
        return f"{line}; no genres to compare with"
    genres = f"mixture {found['gmm_genre_ari']:.3f}, K-Means {found['kmeans_genre_ari']:.3f}"
    return f"{line}; ARI with the genres: {genres}"


def main() -> None:
    """Read both labelings, write their confusion, the genre table and every score."""
    tables = read_params("tables", Tables)
    silhouette_sample = read_param("kmeans", "silhouette_sample", Annotated[int, Range(100)])
    seed = read_param("kmeans", "seed", Annotated[int, Range(0, 2**32 - 1)])
    scaling = Scaling.from_json(read_json(SCALING))
    k = read_json(CHOSEN_K)["n_components"]
    songs = tables.read(FEATURES_SELECTED, {*scaling.features, "genre"})
    songs = songs.join(tables.read(POSTERIORS, ["gmm_cluster"]))
    songs = songs.join(tables.read(KMEANS_ASSIGNMENTS, ["kmeans_cluster"]))
    gmm, kmeans = songs["gmm_cluster"].to_numpy(), songs["kmeans_cluster"].to_numpy()
    scored = sampled_rows(len(songs), silhouette_sample, seed)

    counts = confusion(gmm, kmeans, k)
    found = {
        **agreement(gmm, kmeans, k),
        **compactness(scaling.standardize(songs), gmm, kmeans, scored),
        **genre_agreement(songs, k),
    }

    tables.write(CONFUSION, counts)
    tables.write(GENRES, genre_table(songs))
    write_metrics(METRICS, found)
    say(outcome(found))


if __name__ == "__main__":
    run(main)
