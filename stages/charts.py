"""Write the data of the page of `dvc plots`, from the tables alone: nothing is computed anew.

The page draws it with the templates in .dvc/plots, stage figures as pictures. One stage writes all
of it, so that the stages that compute know nothing of charts, and a change of colors runs this
stage and `figures` only.
A component has the color here that it has in the pictures, in a column of its own, since the
templates cannot know K or the palette. The page sees a sample of the songs, never all of many.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import read_json, write_text
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.presentation.figures.calls import called
from song_mixtures.presentation.figures.charts import CHARTS, DATA
from song_mixtures.presentation.figures.palettes import Palette, Records, colored, palette_colors
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
ELBOW = Path("data/processed/kmeans_elbow.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")  # from compare_kmeans
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
PLOTS = Path("plots")
OF_SONGS = ("song", "genre", "gmm_cluster", "gmm_max_prob", "gmm_entropy")  # and features


@dataclass(frozen=True)
class Charts:
    """What the page can carry."""

    max_songs: Annotated[int, Range(100, 20_000)]


def charts(parameters: Charts, tables: Tables, palette: Palette, seed: int) -> dict[str, Records]:
    """Return the data of each chart by the name of its file; tables are read here.

    Parameters
    ----------
    parameters : section `charts`
    tables : the format of the pipeline's tables
    palette : name of the components' colors
    seed : of the sample of the songs, the pictures' own
    """
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    k = len(mixture.weights)
    found = {  # by the names that the charts have for it
        "chosen": read_json(CHOSEN_K),
        "counts": tables.read(CONFUSION),
        "elbow": tables.read(ELBOW),
        "fits": tables.read(K_SWEEP),
        "genres": tables.read(GENRES),
        "k": k,
        "max_songs": parameters.max_songs,
        "means": tables.read(MEANS),
        "mixture": mixture,
        "palette": palette,
        "plane": Plane.from_json(read_json(AXES), scaling),
        "scaling": scaling,
        "seed": seed,
        "songs": tables.read(ASSIGNMENTS, [*OF_SONGS, *scaling.features]),
        "weights": tables.read(WEIGHTS),
    }
    data = {file: CHARTS[name].data for name, file in DATA.items()}
    colors = palette_colors(palette, k)
    return {file: colored(called(function, found), colors) for file, function in data.items()}


def as_json(records: Records) -> str:
    """Return records as JSON, one a line, so that git shows which have changed.

    DVC puts them into a page as they are: a `<` in a song's name could end its script there.
    """
    lines = [json.dumps(record, allow_nan=False, ensure_ascii=False) for record in records]
    return ("[\n" + ",\n".join(lines) + "\n]\n").replace("<", "‹")


def main() -> None:
    """Read the tables, write what the page draws."""
    tables = read_params("tables", Tables)
    parameters = read_params("charts", Charts)
    palette = read_param("figures", "palette", Palette)
    seed = read_param("figures", "seed", Annotated[int, Range(0, 2**32 - 1)])

    written = charts(parameters, tables, palette, seed)
    for name, records in written.items():
        write_text(PLOTS / f"{name}.json", as_json(records))
    say(f"data of {len(written)} charts in {PLOTS}, {len(written['songs'])} songs on the map")


if __name__ == "__main__":
    run(main)
