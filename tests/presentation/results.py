"""All that stage figures reads, of songs of a mixture drawn at random."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.mixture.model import CovarianceType, Mixture, posteriors
from song_mixtures.pipeline.files import write_json, write_text
from song_mixtures.pipeline.tables import Tables, write_table
from song_mixtures.presentation.figures.palettes import Palette, Records
from song_mixtures.songs.features import FEATURES as KNOWN
from song_mixtures.songs.features import to_json
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling
from stages import figures
from stages.compare_kmeans import confusion, genre_table
from stages.components import covariances_table, means_table, summarize, weights_table
from stages.uncertainty import evaluate_songs
from tests.conftest import FEATURES

LONG_NAMES = [
    "$oul & r_n_b: $x^2$ _and_ {braces} \\frac{1}{2} of sixty letters, all in all",
    "MMMMMMMMMMWWWWWWWWWWMMMMMMMMMMWWWWWWWWWWMMMMMMMMMMWWWWWWWWWW",
    "русская народная песня в современной обработке для хора",
    "موسيقى عربية كلاسيكية طويلة الاسم جدا",
    "日本の伝統音楽と現代的なポップスの融合を目指す長い名前",
    "हिन्दी फ़िल्मी संगीत 🎵",
]
CASES: dict[str, dict[str, Any]] = {
    "two components, no genres": {"k": 2, "genres": []},
    "ten components": {"k": 10},
    "twenty components, 114 genres": {"k": 20, "genres": [f"genre-{i:03d}" for i in range(114)]},
    "sixty components": {"k": 60},
    "spherical": {"k": 7, "form": "spherical"},
    "tied, long names of genres": {"k": 9, "form": "tied", "genres": LONG_NAMES},
}


def write_results(
    k: int = 3,
    form: CovarianceType = "full",
    genres: list[str] | None = None,
    count: int = 1000,
) -> None:
    """Write into the current folder what the stages before would: K-Means errs for a third."""
    rng = np.random.default_rng(k)
    roots = rng.normal(size=(k, 5, 5)) / 4 + np.eye(5) / 3
    full = roots @ roots.transpose(0, 2, 1)
    covariances = {
        "full": full,
        "tied": np.repeat(full[:1], k, axis=0),
        "diag": full * np.eye(5),
        "spherical": full[:, :1, :1] * np.eye(5),
    }[form]
    weights = np.sort(rng.dirichlet(np.full(k, 3.0)))[::-1]
    mixture = Mixture(form, weights, rng.normal(size=(k, 5)) * 0.8, covariances)
    center, scale = np.array([110, 0.5, -12, 0.5, 0.5]), np.array([20, 0.1, 5, 0.1, 0.1])
    scaling = Scaling(tuple(FEATURES), ("identity",) * 5, center, scale)
    drawn = rng.choice(k, count, p=weights)
    points = mixture.means[drawn] + np.einsum(
        "nij,nj->ni", np.linalg.cholesky(covariances)[drawn], rng.normal(size=(count, 5))
    )
    posterior, _ = posteriors(mixture, points)
    songs = pd.DataFrame(scaling.original_units(points), columns=FEATURES).assign(
        song=[f"song {i}" for i in range(count)],
        name=[f"song {i}" for i in range(count)],
        gmm_cluster=posterior.argmax(axis=1),
        **{f"gmm_prob_{i}": posterior[:, i] for i in range(k)},
    )
    names = [f"genre {i:03d}" for i in range(10)] if genres is None else genres
    if names:
        songs["genre"] = rng.choice(names, count)
    songs = songs.join(evaluate_songs(posterior, 0.2)).assign(
        density_p_value=rng.uniform(size=count)
    )
    suspects = pd.DataFrame({
        "song": ["song 1", "song 2", "song 2"], "other_song": ["song 0", "", ""],
        "kind": ["near-duplicate", "belongs nowhere", "label"],
    })  # fmt: skip
    gmm = songs["gmm_cluster"].to_numpy()
    kmeans = np.where(rng.random(count) < 0.33, rng.integers(0, k, count), (gmm + 1) % k)
    sweep = pd.DataFrame({
        "k": [2, 3, 4, 2, 3, 4], "covariance_type": ["full"] * 3 + ["spherical"] * 3,
        "bic": [30.0, 20, 25, 40, 41, 42], "aic": [28.0, 15, 12, 40, 41, 42],
        "icl": [31.0, 35, 40, 50, 51, 52], "log_likelihood": [-9.0, -7, -6, -9, -8, -7],
        "valid": [1, 1, 0, 1, 1, 1],
    })  # fmt: skip
    stability = pd.DataFrame({
        "k": [2, 3], "covariance_type": "full", "ari": [0.9, 0.7], "ari_se": 0.05,
        "reference_ari": [0.5, 0.65], "reference_ari_se": 0.1, "supported": [1, 0],
    })  # fmt: skip
    ks = sorted({2, 3, k})
    elbow = {"k": ks, "inertia": [30.0, 20, 9][: len(ks)], "silhouette": [0.2, 0.1, 0.3][: len(ks)]}
    jaccards = pd.DataFrame({"jaccard": np.linspace(0.9, 0.3, k)})
    weights_found = weights_table(mixture, songs, jaccards)
    for path, table in {
        figures.K_SWEEP: sweep,
        figures.STABILITY: stability,
        figures.ASSIGNMENTS: songs,
        figures.SUSPECTS: suspects,
        figures.MEANS: means_table(mixture, scaling, KNOWN, 0.5),
        figures.WEIGHTS: weights_found,
        figures.COVARIANCES: covariances_table(mixture, scaling, songs),
        figures.ELBOW: pd.DataFrame(elbow),
        figures.KMEANS_ASSIGNMENTS: pd.DataFrame({"kmeans_cluster": kmeans}),
        figures.CONFUSION: confusion(gmm, kmeans, k),
        figures.GENRES: genre_table(songs),
    }.items():
        write_table(path, table)
    write_json(figures.GMM, mixture.to_json())
    write_json(figures.SCALING, scaling.to_json())
    write_json(figures.FEATURES, to_json({name: KNOWN[name] for name in FEATURES}))
    write_json(figures.AXES, Plane.through(songs, scaling).to_json())
    write_json(figures.CHOSEN_K, {"n_components": k, "covariance_type": form})
    for stage, metrics in {
        "components": summarize(weights_found),
        "compare_kmeans": {"equal_labels_matched_share": 0.67},
        "soft_assign": {"above_90_percent_share": 0.5},
        "suspects": {"belongs_nowhere_count": 1, "belongs_nowhere_by_chance": 0.01 * count},
        "uncertainty": {
            "mean_entropy_nats": 0.1,
            "ambiguous_songs_share": 0.05,
            "averaged_above_90_percent_share": 0.4,
        },
    }.items():
        write_json(figures.METRICS_BEFORE / f"{stage}.json", metrics)


def charted(
    palette: Palette = "distinct", audio: Path | None = None, **results: Any
) -> dict[str, Records]:
    """Write results and the data of their charts as the stage does; return the records."""
    write_results(**{"count": 150, **results})
    parameters = figures.Figures(50, palette, max_points=5000, max_page_songs=100, seed=42)
    records = figures.charted(figures.read_found(parameters, Tables("csv"), audio))
    for name, rows in records.items():
        write_text(figures.PLOTS / f"{name}.json", figures.as_json(rows))
    return records
