"""Draw every picture, from the tables alone: no model is loaded and no number changed here.

The pictures are PNG files of fixed names in plots/images/, each drawn by the function of its
name, whose docstring says how to read it. The same tables give the same bytes.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from tqdm import tqdm

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import atomic_write, read_json, write_json
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.figures.palettes import Palette, palette_colors
from song_mixtures.presentation.pictures.components import component_means, covariances, weights
from song_mixtures.presentation.pictures.densities import feature_densities
from song_mixtures.presentation.pictures.labels import genre_by_component, kmeans_gmm_confusion
from song_mixtures.presentation.pictures.maps import pca_entropy, pca_kmeans, pca_map
from song_mixtures.presentation.pictures.songs import (
    component_overlap,
    entropy_histogram,
    posterior_vs_entropy,
)
from song_mixtures.presentation.pictures.sweep import bic_aic, kmeans_elbow
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
SCALING = Path("models/scaling.json")  # from preprocess
AXES = Path("models/principal_axes.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
COVARIANCES = Path("data/processed/gmm_covariances.csv")  # from components
ELBOW = Path("data/processed/kmeans_elbow.csv")  # from kmeans
KMEANS_ASSIGNMENTS = Path("data/processed/kmeans_cluster_assignments.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")  # from compare_kmeans
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
IMAGES = Path("plots/images")
FINDINGS = Path("plots/findings.json")  # what each picture shows, in a sentence


@dataclass(frozen=True)
class Figures:
    """How pictures are drawn."""

    dpi: Annotated[int, Range(50, 600)]
    palette: Palette
    max_points: Annotated[int, Range(100)]
    seed: Annotated[int, Range(0, 2**32 - 1)]


def pictures(parameters: Figures, tables: Tables) -> dict[str, partial[Figure]]:
    """Return how each picture is drawn, by name, in reading order; tables are read here."""
    chosen: dict[str, Any] = read_json(CHOSEN_K)
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    plane = Plane.from_json(read_json(AXES), scaling)
    songs, means, genres = tables.read(ASSIGNMENTS), tables.read(MEANS), tables.read(GENRES)
    weight_table, counts = tables.read(WEIGHTS), tables.read(CONFUSION)
    clusters = tables.read(KMEANS_ASSIGNMENTS, ["kmeans_cluster"])["kmeans_cluster"]
    sample = sampled_songs(songs, parameters.max_points, parameters.seed)
    colors = palette_colors(parameters.palette, len(mixture.weights))
    return {
        "bic_aic": partial(bic_aic, tables.read(K_SWEEP), chosen),
        "component_means": partial(component_means, mixture, means, weight_table, colors),
        "weights": partial(weights, weight_table, means, colors),
        "feature_densities": partial(feature_densities, songs, mixture, scaling, colors),
        "pca_map": partial(pca_map, songs, sample, mixture, plane, colors),
        "covariances": partial(covariances, tables.read(COVARIANCES), colors),
        "entropy_histogram": partial(entropy_histogram, songs, len(colors)),
        "posterior_vs_entropy": partial(posterior_vs_entropy, songs, sample, colors),
        "component_overlap": partial(component_overlap, songs, colors),
        "pca_entropy": partial(pca_entropy, songs, sample, mixture, plane, colors),
        "kmeans_elbow": partial(kmeans_elbow, tables.read(ELBOW), chosen, len(songs)),
        "kmeans_gmm_confusion": partial(kmeans_gmm_confusion, counts, colors),
        "pca_kmeans": partial(pca_kmeans, songs, clusters, counts, sample, plane, colors),
    } | (
        {} if genres.empty else {"genre_by_component": partial(genre_by_component, genres, colors)}
    )


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write a figure as PNG; without the name of the software its bytes are the same again."""
    with atomic_write(path) as unfinished:
        figure.savefig(unfinished, format="png", dpi=dpi, metadata={"Software": None})


def main() -> None:
    """Read the tables, draw, write."""
    tables = read_params("tables", Tables)
    parameters = read_params("figures", Figures)
    mpl.rcdefaults()  # a matplotlibrc of the user's must not change a picture

    drawings = pictures(parameters, tables)
    findings = {}
    for name, draw in tqdm(drawings.items(), "figures", delay=2, leave=False, disable=None):
        figure = draw()
        save(figure, IMAGES / f"{name}.png", parameters.dpi)
        findings[name] = figure.get_suptitle().replace("\n", " ")
    write_json(FINDINGS, findings)
    say(f"{len(drawings)} pictures in {IMAGES}")


if __name__ == "__main__":
    run(main)
