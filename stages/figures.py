"""Write the data of every chart and draw every picture, from the tables: no number is changed.

A chart is a template in .dvc/plots and its data in plots/, which the page of `dvc plots` joins. A
picture is a PNG file in plots/images/ with what it shows as its title: that of a chart is the
chart's own specification, rendered; the others are drawn by the function of their name. A component
has the same color everywhere. Of many songs both see a sample. The same tables give the same bytes.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Drawing

from song_mixtures.hearing.files import address, folder_of
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import TRUSTED
from song_mixtures.pipeline.files import (
    atomic_write,
    read_json,
    write_json,
    write_metrics,
    write_text,
)
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.process import missing_space
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.figures.calls import called
from song_mixtures.presentation.figures.catalog import FIGURES, Figure
from song_mixtures.presentation.figures.charts import CHARTS, DATA
from song_mixtures.presentation.figures.findings import FINDINGS
from song_mixtures.presentation.figures.palettes import (
    Palette,
    Records,
    badge_faces,
    colored,
    palette_colors,
)
from song_mixtures.presentation.figures.vega import VERSION
from song_mixtures.presentation.pictures.drawings import DRAWINGS
from song_mixtures.presentation.pictures.letters import letters_without_font
from song_mixtures.presentation.pictures.rendering import rendered
from song_mixtures.progress.bars import with_bar
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.features import from_json
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
STABILITY = Path("data/processed/stability.csv")  # from stability
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
FEATURES = Path("models/features.json")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
AXES = Path("models/principal_axes.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
SUSPECTS = Path("data/processed/suspicious_songs.csv")  # from uncertainty
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
COVARIANCES = Path("data/processed/gmm_covariances.csv")  # from components
ELBOW = Path("data/processed/kmeans_elbow.csv")  # from kmeans
KMEANS_ASSIGNMENTS = Path("data/processed/kmeans_cluster_assignments.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")  # from compare_kmeans
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
METRICS_BEFORE = Path("metrics")  # <stage>.json of each of these stages
STAGES = ("components", "compare_kmeans", "soft_assign", "suspects", "uncertainty")
PLOTS = Path("plots")
PAGE = Path("dvc_plots")  # where DVC writes the page of the charts
IMAGES = Path("plots/images")
METRICS = Path("metrics/figures.json")
SENTENCES = Path("plots/findings.json")  # what each picture shows, in a sentence

# What is shown of a song, besides its features and posteriors.
SHOWN = {"song", "name", "genre", "gmm_cluster", "gmm_max_prob", "gmm_entropy", "density_p_value"}
CHARTS_SPACE = 64  # GB of addresses, reserved by the engine that renders charts


@dataclass(frozen=True)
class Figures:
    """How charts and pictures are drawn."""

    dpi: Annotated[int, Range(50, 600)]
    palette: Palette
    max_points: Annotated[int, Range(100)]
    max_page_songs: Annotated[int, Range(100, 20_000)]
    seed: Annotated[int, Range(0, 2**32 - 1)]


def read_found(parameters: Figures, tables: Tables, audio: Path | None) -> dict[str, Any]:
    """Read what is drawn and said, by the names that charts, findings and drawings have for it.

    `audio` is the folder whose files the songs are, None where they are not files.
    """
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    weights = tables.read(WEIGHTS)
    k = len(weights)
    posteriors = [f"gmm_prob_{component}" for component in range(k)]
    songs = tables.read(ASSIGNMENTS, {*SHOWN, *scaling.features, *posteriors})
    colors = palette_colors(parameters.palette, k)
    return {
        "address": partial(address, folder=audio, place=PAGE),
        "chosen": read_json(CHOSEN_K),
        "clusters": tables.read(KMEANS_ASSIGNMENTS, ["kmeans_cluster"])["kmeans_cluster"],
        "colors": colors,
        "counts": tables.read(CONFUSION),
        "described": from_json(read_json(FEATURES)),
        "elbow": tables.read(ELBOW),
        "faces": badge_faces(colors, weights["jaccard"] >= TRUSTED),
        "fits": tables.read(K_SWEEP),
        "genres": tables.read(GENRES),
        "k": k,
        "means": tables.read(MEANS),
        "metrics": {stage: read_json(METRICS_BEFORE / f"{stage}.json") for stage in STAGES},
        "max_page_songs": parameters.max_page_songs,
        "mixture": mixture,
        "palette": parameters.palette,
        "plane": Plane.from_json(read_json(AXES), scaling),
        "sample": sampled_songs(songs, parameters.max_points, parameters.seed),
        "scaling": scaling,
        "seed": parameters.seed,
        "songs": songs,
        "stability": tables.read(STABILITY),
        "spread": tables.read(COVARIANCES),
        "suspects": tables.read(SUSPECTS),
        "weights": weights,
    }


def charted(found: dict[str, Any]) -> dict[str, Records]:
    """Return the data of the charts by the name of its file."""
    data = {file: CHARTS[name].data for name, file in DATA.items()}
    colors, faces = found["colors"], found["faces"]
    return {
        file: colored(called(function, found), colors, faces) for file, function in data.items()
    }


def as_json(records: Records) -> str:
    """Return records as JSON, one a line, so that git shows which have changed.

    DVC puts them into a page as they are: a `<` in a song's name could end its script there.
    """
    lines = [json.dumps(record, allow_nan=False, ensure_ascii=False) for record in records]
    return ("[\n" + ",\n".join(lines) + "\n]\n").replace("<", "‹")


def as_png(drawing: Drawing, dpi: int) -> bytes:
    """Return a drawing as PNG; without the name of the software its bytes are the same again."""
    png = BytesIO()
    drawing.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(drawing)  # savefig() would go through all that is drawn twice
    # At level 3 files are 6% larger than at the default 6, and written in two thirds of its time.
    canvas.print_png(png, metadata={"Software": None}, pil_kwargs={"compress_level": 3})
    return png.getvalue()


def write_picture(figure: Figure, picture: bytes) -> None:
    """Write a picture under its name."""
    with atomic_write(IMAGES / f"{figure.picture}.png") as unfinished:
        unfinished.write_bytes(picture)


def main() -> None:
    """Read the tables, write the data of the charts, draw."""
    tables = read_params("tables", Tables)
    parameters = read_params("figures", Figures)
    if fault := missing_space(CHARTS_SPACE):
        raise StageError(fault)
    mpl.rcdefaults()  # a matplotlibrc of the user's must not change a picture

    audio, song_id = read_param("input", "audio", list[str]), read_param("input", "id", str | None)
    found = read_found(parameters, tables, folder_of(audio, song_id))
    charts = charted(found)
    for name, records in charts.items():
        write_text(PLOTS / f"{name}.json", as_json(records))

    tables_of = {"genre_by_component": "genres", "stability": "stability"}
    unknown = {name for name, table in tables_of.items() if found[table].empty}
    shown = [figure for figure in FIGURES if figure.picture and figure.picture not in unknown]
    said = {figure.picture: called(FINDINGS[figure.picture], found) for figure in shown}

    by_chart = [figure for figure in shown if figure.chart]
    specs = [
        CHARTS[one.chart].picture(charts[DATA[one.chart]], said[one.picture].sentence, one.note)
        for one in by_chart
    ]

    def pictures(rendering: "Future[list[bytes]]") -> Iterator[tuple[Figure, bytes]]:
        for figure in shown:
            if not figure.chart:
                words = {"finding": said[figure.picture].sentence, "note": figure.note}
                drawing = called(DRAWINGS[figure.picture], found | words)
                yield figure, as_png(drawing, parameters.dpi)
        yield from zip(by_chart, rendering.result(), strict=True)

    with ThreadPoolExecutor(1) as aside:
        rendering = aside.submit(rendered, specs, VERSION, parameters.dpi)
        for figure, picture in with_bar(pictures(rendering), "pictures", len(shown)):
            write_picture(figure, picture)
    write_json(SENTENCES, {name: finding.sentence for name, finding in said.items()})
    write_metrics(METRICS, {key: n for f in said.values() for key, n in f.statistics.items()})
    if boxes := letters_without_font("".join(found["genres"].get("genre", ""))):
        say(f"pictures may show boxes for {boxes[:20]}: no font here has them, see docs/faq.md")
    say(f"data of {len(charts)} charts in {PLOTS}, {len(shown)} pictures in {IMAGES}")


if __name__ == "__main__":
    run(main)
