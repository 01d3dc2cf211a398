"""Draw every picture, from the tables and the data of the charts: no number is changed here.

The pictures are PNG files of fixed names in plots/images/. A picture of a chart is the chart's own
specification, rendered; the others are drawn by the function of their name, whose docstring says
how to read them. The same tables give the same bytes.
"""

from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from tqdm import tqdm

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import atomic_write, read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.process import missing_space
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.figures.catalog import FIGURES
from song_mixtures.presentation.figures.charts import CHARTS, DATA
from song_mixtures.presentation.figures.findings import (
    Finding,
    of_certainty,
    of_confusion,
    of_densities,
    of_elbow,
    of_entropy,
    of_entropy_map,
    of_genres,
    of_labels_map,
    of_map,
    of_means,
    of_overlap,
    of_spreads,
    of_sweep,
    of_weights,
)
from song_mixtures.presentation.figures.palettes import Palette, palette_colors
from song_mixtures.presentation.pictures.charts import chart_picture, letters_without_font
from song_mixtures.presentation.pictures.components import (
    component_overlap,
    covariances,
    spreads,
)
from song_mixtures.presentation.pictures.densities import feature_densities
from song_mixtures.presentation.pictures.maps import pca_entropy, pca_kmeans, pca_map
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
SCALING = Path("models/scaling.json")  # from preprocess
AXES = Path("models/principal_axes.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")  # from uncertainty
COVARIANCES = Path("data/processed/gmm_covariances.csv")  # from components
ELBOW = Path("data/processed/kmeans_elbow.csv")  # from kmeans
KMEANS_ASSIGNMENTS = Path("data/processed/kmeans_cluster_assignments.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")  # from compare_kmeans
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
CHART_DATA = Path("plots")  # from charts
METRICS_BEFORE = Path("metrics")  # <stage>.json of each of these stages
STAGES = ("components", "compare_kmeans", "soft_assign", "uncertainty")
IMAGES = Path("plots/images")
METRICS = Path("metrics/figures.json")
FINDINGS = Path("plots/findings.json")  # what each picture shows, in a sentence

CHARTS_SPACE = 64  # GB of addresses, reserved by the engine that renders charts


@dataclass(frozen=True)
class Figures:
    """How pictures are drawn."""

    dpi: Annotated[int, Range(50, 600)]
    palette: Palette
    max_points: Annotated[int, Range(100)]
    seed: Annotated[int, Range(0, 2**32 - 1)]


def pictures(
    parameters: Figures, tables: Tables
) -> dict[str, tuple[Finding, partial[Figure] | None]]:
    """Return of each picture by name what it shows and who draws it; tables are read here.

    The picture of a chart has nobody to draw it: its specification is enough.
    """
    chosen: dict[str, Any] = read_json(CHOSEN_K)
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    plane = Plane.from_json(read_json(AXES), scaling)
    songs, genres = tables.read(ASSIGNMENTS), tables.read(GENRES)
    counts, spread = tables.read(CONFUSION), tables.read(COVARIANCES)
    clusters = tables.read(KMEANS_ASSIGNMENTS, ["kmeans_cluster"])["kmeans_cluster"]
    sample = sampled_songs(songs, parameters.max_points, parameters.seed)
    k = len(mixture.weights)
    colors = palette_colors(parameters.palette, k)
    metrics = {stage: read_json(METRICS_BEFORE / f"{stage}.json") for stage in STAGES}
    on_map = (mixture, plane, colors)
    drawings = {
        "feature_densities": partial(feature_densities, songs, mixture, scaling, colors),
        "pca_map": partial(pca_map, len(songs), sample, *on_map),
        "covariances": partial(covariances, spread, colors),
        "component_overlap": partial(component_overlap, songs, colors),
        "pca_entropy": partial(pca_entropy, len(songs), sample, *on_map),
        "pca_kmeans": partial(pca_kmeans, songs, clusters, counts, sample, plane, colors),
    }
    said = {
        "bic_aic": of_sweep(tables.read(K_SWEEP), chosen),
        "component_means": of_means(mixture, scaling.features),
        "weights": of_weights(metrics, k),
        "feature_densities": of_densities(songs, mixture, scaling),
        "pca_map": of_map(mixture, plane),
        "covariances": of_spreads(spreads(spread, k)[1], spread),
        "entropy_histogram": of_entropy(metrics, k),
        "posterior_vs_entropy": of_certainty(metrics),
        "component_overlap": of_overlap(songs, k),
        "pca_entropy": of_entropy_map(sample, mixture, plane),
        "kmeans_elbow": of_elbow(tables.read(ELBOW), chosen["n_components"]),
        "kmeans_gmm_confusion": of_confusion(metrics),
        "pca_kmeans": of_labels_map(counts, k),
    }
    if not genres.empty:
        said["genre_by_component"] = of_genres(genres, k)
    return {name: (finding, drawings.get(name)) for name, finding in said.items()}


def as_png(figure: Figure, dpi: int) -> bytes:
    """Return a figure as PNG; without the name of the software its bytes are the same again."""
    png = BytesIO()
    figure.savefig(png, format="png", dpi=dpi, metadata={"Software": None})
    return png.getvalue()


def main() -> None:
    """Read the tables, draw, write."""
    tables = read_params("tables", Tables)
    parameters = read_params("figures", Figures)
    if fault := missing_space(CHARTS_SPACE):
        raise StageError(fault)
    mpl.rcdefaults()  # a matplotlibrc of the user's must not change a picture

    drawn = pictures(parameters, tables)
    shown = [figure for figure in FIGURES if figure.picture in drawn]
    for figure in tqdm(shown, "figures", delay=2, leave=False, disable=None):
        finding, draw = drawn[figure.picture]
        if draw is None:
            records = read_json(CHART_DATA / f"{DATA[figure.chart]}.json")
            png = chart_picture(CHARTS[figure.chart], records, finding.sentence, parameters.dpi)
        else:
            png = as_png(draw(finding=finding.sentence), parameters.dpi)
        with atomic_write(IMAGES / f"{figure.picture}.png") as unfinished:
            unfinished.write_bytes(png)
    write_json(FINDINGS, {figure.picture: drawn[figure.picture][0].sentence for figure in shown})
    write_metrics(METRICS, {name: v for f, _ in drawn.values() for name, v in f.statistics.items()})
    boxes = letters_without_font("".join(tables.read(GENRES, ["genre"])["genre"]))
    if boxes:
        say(f"pictures may show boxes for {boxes[:20]}: no font here has them, see docs/faq.md")
    say(f"{len(shown)} pictures in {IMAGES}")


if __name__ == "__main__":
    run(main)
