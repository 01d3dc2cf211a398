"""Group the songs with K-Means, the yardstick: inertia and silhouette per K, then the same K.

K-Means is the mixture with equal round components and hard labels. Where the two agree, the
mixture's shapes matter little. K-Means cannot say how sure it is of a song.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from sklearn.cluster import KMeans

from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.labels.silhouette import silhouettes
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import read_json, write_metrics, write_pickle
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import one_thread, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.progress.bars import with_bar
from song_mixtures.sampling.rows import sampled_rows
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
ELBOW = Path("data/processed/kmeans_elbow.csv")
KMEANS_ASSIGNMENTS = Path("data/processed/kmeans_cluster_assignments.csv")
KMEANS_MODEL = Path("models/kmeans_model.pkl")
METRICS = Path("metrics/kmeans.json")

# Songs below which all fits take less time than other processes need to start.
PARALLEL_FROM = 10_000


@dataclass(frozen=True)
class KMeansParams:
    """How every K-Means is fitted."""

    n_init: Annotated[int, Range(1, 100_000)]
    max_iter: Annotated[int, Range(1)]
    sample_above: Annotated[int, Range(1000)]  # songs; of more, initializations run on a sample
    silhouette_sample: Annotated[int, Range(100)]  # songs; of more, a sample is scored
    seed: Annotated[int, Range(0, 2**32 - 1)]


def fit_kmeans(points: FloatArray, k: int, params: KMeansParams) -> Any:
    """Fit K-Means to points, (N, d), on one thread, for the same bytes on every machine.

    The best of n_init initializations. Of more than sample_above points they run on one random
    sample of that size, and the best of them is carried on with all points.
    """
    model = KMeans(k, n_init=params.n_init, max_iter=params.max_iter, random_state=params.seed)
    with one_thread():
        if len(points) <= params.sample_above:
            return model.fit(points)
        best = model.fit(points[sampled_rows(len(points), params.sample_above, params.seed)])
        return model.set_params(init=best.cluster_centers_, n_init=1).fit(points)


@dataclass(frozen=True)
class Clustering:
    """What is kept of a fit: the model itself only where it is the chosen one."""

    k: int
    inertia: float  # sum of squared distances, standardized
    iterations: int
    scored_labels: IntArray  # of the songs whose silhouette is computed
    model: Any


def cluster(
    points: FloatArray, scored: IntArray, k: int, chosen: int, params: KMeansParams
) -> Clustering:
    """Fit K clusters; the labels of all points are kept for the chosen K only.

    Parameters
    ----------
    points : standardized features, (N, d)
    scored : rows of the points whose silhouette is computed, (n,), n <= N
    k : clusters, 2 or more
    chosen : the K whose model is kept
    params : how K-Means is fitted
    """
    model = fit_kmeans(points, k, params)
    kept = model if k == chosen else None
    return Clustering(k, model.inertia_, model.n_iter_, model.labels_[scored], kept)


def cluster_all(
    points: FloatArray,
    scored: IntArray,
    ks: list[int],
    chosen: int,
    params: KMeansParams,
    compute: Compute,
) -> list[Clustering]:
    """Return the clusterings of every K, fitted in parallel.

    Parameters
    ----------
    points : standardized features, (N, d)
    scored : rows of the points whose silhouette is computed, (n,), n <= N
    ks : clusters of each clustering, 2 or more
    chosen : the K whose model is kept, one of ks
    params : how K-Means is fitted
    compute : where the clusterings are fitted
    """
    calls = ((points, scored, k, chosen, params) for k in ks)
    most_jobs = 1 if len(points) < PARALLEL_FROM else None
    found = parallel_map(cluster, calls, compute, large=[points], most_jobs=most_jobs)
    return list(with_bar(found, "K-Means fits", len(ks)))


def elbow(clusterings: list[Clustering], points: FloatArray, scored: IntArray) -> pd.DataFrame:
    """Return a row per K: inertia (sum of squared distances, standardized) and silhouette."""
    labelings = [one.scored_labels for one in clusterings]
    return pd.DataFrame(
        {
            "k": [one.k for one in clusterings],
            "inertia": [one.inertia for one in clusterings],
            "silhouette": silhouettes(points[scored], labelings),
            "silhouette_songs": len(scored),
            "iterations": [one.iterations for one in clusterings],
        }
    )


def summarize(curve: pd.DataFrame, k: int, scored: int) -> dict[str, float]:
    """Return the stage's metrics."""
    chosen = curve["k"].tolist().index(k)
    return {
        "n_clusters": k,
        "inertia": curve["inertia"].tolist()[chosen],
        "silhouette": curve["silhouette"].tolist()[chosen],
        "silhouette_best_k": curve["k"].tolist()[int(curve["silhouette"].to_numpy().argmax())],
        "silhouette_songs_count": scored,
    }


def main() -> None:
    """Fit K-Means for every K of the sweep and the chosen one, write curve, labels and model."""
    tables = read_params("tables", Tables)
    params = read_params("kmeans", KMeansParams)
    compute = read_params("compute", Compute)
    k_min = read_param("k_sweep", "k_min", Annotated[int, Range(2)])
    k_max = read_param("k_sweep", "k_max", Annotated[int, Range(2)])
    k = read_json(CHOSEN_K)["n_components"]
    scaling = Scaling.from_json(read_json(SCALING))
    points = scaling.standardize(tables.read(FEATURES_SELECTED, scaling.features))

    scored = sampled_rows(len(points), params.silhouette_sample, params.seed)
    k_max = min(k_max, len(points) // 2)  # two songs a cluster, or no silhouette says anything
    ks = sorted({*range(k_min, k_max + 1), k})
    clusterings = cluster_all(points, scored, ks, k, params, compute)
    curve = elbow(clusterings, points, scored)
    model = clusterings[ks.index(k)].model
    metrics = summarize(curve, k, len(scored))

    songs = tables.read(FEATURES_SELECTED)  # only now: names and genres need not wait in memory
    tables.write(ELBOW, curve)
    tables.write(KMEANS_ASSIGNMENTS, songs.assign(kmeans_cluster=model.labels_))
    write_pickle(KMEANS_MODEL, model)
    write_metrics(METRICS, metrics)
    say(
        f"K = {k}: inertia {metrics['inertia']:.1f}, silhouette {metrics['silhouette']:.3f} on "
        f"{len(scored)} songs; the silhouette is highest at K = {metrics['silhouette_best_k']}"
    )


if __name__ == "__main__":
    run(main)
