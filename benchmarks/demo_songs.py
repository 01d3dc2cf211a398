"""How far the demo songs are like music: their features, measured against the truth about them.

    python -m benchmarks.demo_songs                     seeds 42, 1 and 7, 1,000 songs each
    python -m benchmarks.demo_songs --seeds 42 --n-songs 200

Each seed's songs are made into a temporary folder and their features extracted. The table, a column
per seed beside the target each figure must reach, is printed and put into docs/demo_songs.md.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import soundfile
from joblib import Parallel, delayed, parallel_config
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, roc_auc_score

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.tempo import accuracy_1, accuracy_2
from song_mixtures.audio.extraction import FEATURES, song_features
from song_mixtures.audio.recipes import RECIPES
from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import posteriors
from song_mixtures.mixture.uncertainty import entropy
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import one_thread
from song_mixtures.refits.cold import hard_labels, refit_all
from song_mixtures.refits.songs import averaged, kept_share
from song_mixtures.refits.warm import RefitParams, warm_refits
from stages.demo import Demo, write_song, write_songs

K = 10

# What each figure must reach, where there is something to reach.
TARGETS = {
    "folder, MB": "< 100",
    "processor time of a song, ms": "<= 10",
    "ARI of K-Means and genres": "0.1 to 0.5",
    "ARI of the mixture and genres": "",
    "condition number": "< 10",
    "tempo, Accuracy 1": ">= 0.90",
    "tempo, Accuracy 2": ">= 0.97",
    "distinct tempos, share of songs": "> 0.95",
    "AUC of valence for major": ">= 0.80",
    "mean entropy of hybrids, nats": "above pure",
    "mean entropy of pure songs, nats": "",
    "AUC of entropy for hybrids": "> 0.50",
    "AUC of averaged entropy for hybrids": ">= 0.60",
    "AUC of the kept share for hybrids": ">= 0.60",
    "place of hybrids between their parents": "near the share",
    "mean share of the second genre": "",
} | {f"R² of {feature} on the other four": "" for feature in FEATURES}


def features_of(path: Path) -> dict[str, float]:
    """Return the five features of one clip."""
    features = song_features(soundfile.read(path, dtype="float32")[0])
    return {name: getattr(features, name) for name in FEATURES}


def standardized_features(songs: pd.DataFrame, folder: Path) -> tuple[pd.DataFrame, FloatArray]:
    """Extract every song; return the features in original units and standardized, (N, 5)."""
    with parallel_config(backend="loky", inner_max_num_threads=1):
        rows = Parallel(n_jobs=-1)(
            delayed(features_of)(folder / filename) for filename in songs["filename"]
        )
    features = pd.DataFrame(rows)
    return features, ((features - features.mean()) / features.std(ddof=0)).to_numpy()


def tempo_figures(found: pd.Series, true: pd.Series) -> dict[str, float]:
    """Return how often the tempo is right, and whether it lies on a grid."""
    return {
        "tempo, Accuracy 1": accuracy_1(found, true),
        "tempo, Accuracy 2": accuracy_2(found, true),
        "distinct tempos, share of songs": found.nunique() / len(found),
    }


def redundancy_figures(points: FloatArray) -> dict[str, float]:
    """Return the condition number of the correlations, and R² = 1 - 1 / (C^-1)_jj."""
    correlations = np.corrcoef(points.T)
    explained = 1 - 1 / np.diag(np.linalg.inv(correlations))
    return {"condition number": float(np.linalg.cond(correlations))} | {
        f"R² of {feature} on the other four": float(value)
        for feature, value in zip(FEATURES, explained, strict=True)
    }


def mean_place(songs: pd.DataFrame, points: FloatArray) -> float:
    """Return where hybrids lie on the way from their first genre's mean (0) to the second's (1).

    Distances are Mahalanobis', with the mean covariance of the genres' pure songs.
    """
    pure = songs["second_genre"] == ""
    of_genre = {
        genre: points[pure & (songs["genre"] == genre)] for genre in songs["genre"].unique()
    }
    metric = np.linalg.inv(np.mean([np.cov(own.T) for own in of_genre.values()], axis=0))
    places = []
    for row in np.flatnonzero(~pure):
        start = of_genre[songs["genre"][row]].mean(axis=0)
        way = of_genre[songs["second_genre"][row]].mean(axis=0) - start
        places.append((points[row] - start) @ metric @ way / (way @ metric @ way))
    return float(np.mean(places))


def grouping_figures(songs: pd.DataFrame, points: FloatArray) -> dict[str, float]:
    """Return how K-Means and the mixture agree with the genres, and how unsure of hybrids it is."""
    with one_thread():
        clusters = KMeans(K, n_init=20, random_state=42).fit_predict(points)
    recipe, params = read_params("mixture", MixtureParams), read_params("refits", RefitParams)
    mixture = fit_mixture(points, K, "full", recipe).mixture
    posterior, _ = posteriors(mixture, points)
    unsure = entropy(posterior)
    hybrid = (songs["hybrid_share"] > 0).to_numpy()
    over_refits = averaged(list(warm_refits(points, mixture, params, recipe, Compute())), points)
    [found] = refit_all(points, [mixture], params, recipe, Compute())
    cold = [refit.mixture for refit in found.refits]
    kept = kept_share(hard_labels(mixture, points), cold, points)
    return {
        "ARI of K-Means and genres": adjusted_rand_score(songs["genre"], clusters),
        "ARI of the mixture and genres": adjusted_rand_score(
            songs["genre"], posterior.argmax(axis=1)
        ),
        "mean entropy of hybrids, nats": unsure[hybrid].mean(),
        "mean entropy of pure songs, nats": unsure[~hybrid].mean(),
        "AUC of entropy for hybrids": roc_auc_score(hybrid, unsure),
        "AUC of averaged entropy for hybrids": roc_auc_score(hybrid, over_refits.entropy),
        "AUC of the kept share for hybrids": roc_auc_score(hybrid, -kept),
        "place of hybrids between their parents": mean_place(songs, points),
        "mean share of the second genre": songs["hybrid_share"][hybrid].mean(),
    }


def time_of_a_song(demo: Demo, folder: Path) -> float:
    """Return the mean processor time of five songs of each genre, made one by one, in ms."""
    start = time.process_time()
    for genre in RECIPES:
        for number in range(5):
            write_song(genre, number, demo, folder)
    return 1000 * (time.process_time() - start) / (5 * len(RECIPES))


def figures(demo: Demo) -> dict[str, float]:
    """Make the songs of one seed, extract them, and return every figure."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        songs = write_songs(demo, folder, Compute())
        size = sum(file.stat().st_size for file in folder.rglob("*.flac"))
        features, points = standardized_features(songs, folder)
        milliseconds = time_of_a_song(demo, folder)
    return {
        "folder, MB": size / 1e6,
        "processor time of a song, ms": milliseconds,
        "AUC of valence for major": roc_auc_score(songs["mode"] == "major", features["valence"]),
        **tempo_figures(features["tempo"], songs["tempo"]),
        **redundancy_figures(points),
        **grouping_figures(songs, points),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 1, 7])
    parser.add_argument("--n-songs", type=int, default=1000)
    chosen = parser.parse_args()
    columns = {
        f"seed {seed}": figures(
            Demo(n_songs=chosen.n_songs, seconds=8.0, hybrid_songs_share=0.1, seed=seed)
        )
        for seed in chosen.seeds
    }
    rows = [
        [figure, *(f"{values[figure]:.3g}" for values in columns.values()), target]
        for figure, target in TARGETS.items()
    ]
    put_table(DOCS / "demo_songs.md", "demo_songs", markdown(["figure", *columns, "target"], rows))


if __name__ == "__main__":
    main()
