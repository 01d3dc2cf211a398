"""Write the data of the page of `dvc plots`, from the tables alone: nothing is computed anew.

The page draws it with the templates in .dvc/plots. One stage writes all of it, so that the stages
that compute know nothing of charts, and a change of colors runs this stage and `figures` only.
A component has the color here that it has in the pictures, in a column of its own, since the
templates cannot know K or the palette. The page sees a sample of the songs, never all of many.
"""

import json
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd

from song_mixtures.files import Tables, read_json, write_text
from song_mixtures.mixture import Mixture, best_fit
from song_mixtures.params import Range, read_param, read_params
from song_mixtures.pictures.components import in_units
from song_mixtures.pictures.labels import genre_shares
from song_mixtures.pictures.maps import Plane
from song_mixtures.pictures.songs import drawn_songs
from song_mixtures.pictures.style import UNITS, Colors, palette_colors
from song_mixtures.scaling import Scaling
from song_mixtures.stage import StageError, run, say

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
GMM = Path("models/gmm.json")  # from train_gmm
ASSIGNMENTS = Path("data/processed/gmm_cluster_assignments.csv")  # from uncertainty
MEANS = Path("data/processed/gmm_means.csv")  # from components
WEIGHTS = Path("data/processed/gmm_weights.csv")  # from components
ELBOW = Path("data/processed/kmeans_elbow.csv")  # from kmeans
CONFUSION = Path("data/processed/kmeans_gmm_confusion.csv")  # from compare_kmeans
GENRES = Path("data/processed/genre_by_component.csv")  # from compare_kmeans
PLOTS = Path("plots")  # to dvc plots

OF_SONGS = ("song", "genre", "gmm_cluster", "gmm_greatest_prob", "gmm_entropy")  # and features
FEATURE_BINS = 30  # from a feature's least value to its greatest
ENTROPY_BINS = 40  # from 0 to log K
COLORED_GENRES = 10  # the commonest; more colors than that are not told apart on a map of dots
OTHER_GENRES = "other"
NO_COLOR = "#9a9a9a"
NO_GENRES = "no genres are known"

Records = list[dict[Hashable, Any]]


@dataclass(frozen=True)
class Charts:
    """What the page can carry."""

    max_songs: Annotated[int, Range(100, 20_000)]


def component_colors(palette: str, k: int) -> list[str]:
    """Return the colors of the pictures' components; StageError where there is no such palette."""
    try:
        return palette_colors(palette, k)
    except ValueError as error:
        raise StageError(f"params.yaml: figures: {error}") from None


def features(songs: pd.DataFrame, scaling: Scaling) -> Records:
    """Return the counts of songs per bin of each feature, in original units."""
    rows = []
    for feature in scaling.features:
        counts, edges = np.histogram(songs[feature], FEATURE_BINS)
        name = f"{feature} ({UNITS[feature]})" if feature in UNITS else feature
        rows += list(zip([name] * len(counts), edges[:-1], edges[1:], counts, strict=True))
    table = pd.DataFrame(rows, columns=["feature", "value", "value_to", "songs"])
    return table.round(6).to_dict("records")


def k_curve(fits: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per fit and criterion; the lowest sound and the chosen fit are marked."""
    k, form = chosen["n_components"], chosen["covariance_type"]
    lowest = {name: best_fit(fits, name).name for name in ("bic", "aic", "icl")}
    taken = fits[(fits["k"] == k) & (fits["covariance_type"] == form)].index
    long = fits.reset_index(names="fit").melt(
        ["fit", "k", "covariance_type", "sound"], list(lowest), "criterion", "value"
    )
    long["lowest"] = (long["fit"] == long["criterion"].map(lowest)).astype(int)
    long["chosen"] = long["fit"].isin(taken).astype(int)
    long["chosen_k"] = k
    long["criterion"] = long["criterion"].str.upper()
    return long.drop(columns="fit").round({"value": 2}).to_dict("records")


def component_means(mixture: Mixture, scaling: Scaling, means: pd.DataFrame) -> Records:
    """Return a record per component and feature: its mean, standardized and in original units."""
    return [
        {
            "component": component,
            "feature": feature,
            "deviation": round(float(mixture.means[component, j]), 4),
            "mean": f"{in_units(row[feature], feature)} {UNITS.get(feature, '')}".strip(),
            "profile": row["profile"],
        }
        for component, row in enumerate(means.to_dict("records"))
        for j, feature in enumerate(scaling.features)
    ]


def weights(table: pd.DataFrame, means: pd.DataFrame) -> Records:
    """Return a record per component: its weight and profile."""
    described = table[["component", "weight"]].assign(profile=means["profile"])
    return described.round(6).to_dict("records")


def genre_groups(genres: pd.Series) -> pd.Series:
    """Return for each song its genre if that is among the commonest, else OTHER_GENRES.

    Where all but one would have their own name, all have it. A song without a genre has "".
    """
    counts = genres[genres != ""].value_counts(sort=False).sort_index()
    ranked = counts.sort_values(ascending=False, kind="stable").index
    named = set(ranked if len(ranked) <= COLORED_GENRES + 1 else ranked[:COLORED_GENRES])
    return genres.where(genres.isin([*named, ""]), OTHER_GENRES)


def songs_drawn(songs: pd.DataFrame, scaling: Scaling, max_songs: int, seed: int) -> pd.DataFrame:
    """Return the songs of the page, the first of the pictures' sample, with all that is shown.

    x and y are the coordinates on the principal axes of all songs; what the axes are stands in the
    first record alone.
    """
    plane = Plane.through(songs, scaling)
    genres = songs["genre"] if "genre" in songs else pd.Series("", songs.index)
    drawn = drawn_songs(songs.assign(genre=genres, group=genre_groups(genres)), max_songs, seed)
    places = plane.places(drawn)
    table = pd.DataFrame(
        {
            "song": drawn["song"],
            "genre": drawn["genre"],
            "genre_group": drawn["group"],
            "component": drawn["gmm_cluster"],
            "greatest_posterior": drawn["gmm_greatest_prob"].round(4),
            "entropy": drawn["gmm_entropy"].round(4),
            "x": places[:, 0].round(3),
            "y": places[:, 1].round(3),
            "x_axis": "",
            "y_axis": "",
        }
    )
    # Without the first line, which the axis of the chart has.
    names = [": ".join(plane.name(axis).splitlines()[1:]) for axis in (0, 1)]
    table.loc[table.index[0], ["x_axis", "y_axis"]] = names
    return table


def colored_genres(drawn: pd.DataFrame, palette: str) -> pd.DataFrame:
    """Return the songs with their genre's color; rare genres and none at all are gray."""
    named = sorted(set(drawn["genre_group"]) - {"", OTHER_GENRES})
    colors = dict(zip(named, component_colors(palette, len(named)), strict=True))
    return drawn.assign(genre_color=[colors.get(group, NO_COLOR) for group in drawn["genre_group"]])


def entropy_histogram(songs: pd.DataFrame, k: int) -> Records:
    """Return the counts of songs per bin of entropy and component; pairs without songs left out."""
    edges = np.linspace(0, np.log(k), ENTROPY_BINS + 1)
    bins = np.clip(np.searchsorted(edges, songs["gmm_entropy"], "right") - 1, 0, ENTROPY_BINS - 1)
    table = (
        pd.DataFrame({"bin": bins, "component": songs["gmm_cluster"]})
        .groupby(["bin", "component"], as_index=False)
        .size()
    )
    return [
        {
            "entropy": round(float(edges[place]), 4),
            "entropy_to": round(float(edges[place + 1]), 4),
            "component": int(component),
            "songs": int(count),
            "entropy_most": round(float(np.log(k)), 4),
        }
        for place, component, count in table.itertuples(index=False)
    ]


def kmeans_elbow(curve: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per K and measure of K-Means, the chosen K marked."""
    long = curve.melt(["k"], ["inertia", "silhouette"], "measure", "value")
    long["chosen"] = (long["k"] == chosen["n_components"]).astype(int)
    long["chosen_k"] = chosen["n_components"]
    return long.round({"value": 4}).to_dict("records")


def kmeans_gmm_confusion(counts: pd.DataFrame) -> Records:
    """Return a record per component and matched cluster, with the share of the component."""
    totals = counts.groupby("gmm_cluster")["songs"].transform("sum")
    shares = (counts["songs"] / totals.clip(lower=1)).round(4)
    return (
        counts.rename(columns={"gmm_cluster": "component"}).assign(share=shares).to_dict("records")
    )


def genre_by_component(counts: pd.DataFrame, k: int) -> Records:
    """Return a record per genre and component, genres in the order of the picture.

    Where no genres are known there is one row that says so: DVC takes an empty list for an error.
    """
    if counts.empty:
        return [
            {"genre": NO_GENRES, "component": component, "share": 0.0, "songs": 0, "genre_songs": 0}
            for component in range(k)
        ]
    shares, songs = genre_shares(counts, k)
    return [
        {
            "genre": genre,
            "component": component,
            "share": round(float(share), 4),
            "songs": round(float(share) * int(songs[genre])),
            "genre_songs": int(songs[genre]),
        }
        for genre, row in zip(shares.index, shares.to_numpy(), strict=True)
        for component, share in enumerate(row)
    ]


def colored(records: Records, colors: Colors) -> Records:
    """Return the records with the color of their component."""
    return [record | {"color": colors[int(record["component"])]} for record in records]


def charts(knobs: Charts, tables: Tables, palette: str, seed: int) -> dict[str, Records]:
    """Return the data of each chart by the name of its file; tables are read here."""
    chosen: dict[str, Any] = read_json(CHOSEN_K)
    gmm = read_json(GMM)
    mixture, scaling = Mixture.from_json(gmm), Scaling.from_json(gmm)
    k = len(mixture.weights)
    songs = tables.read(ASSIGNMENTS, [*OF_SONGS, *scaling.features])
    means = tables.read(MEANS)
    drawn = colored_genres(songs_drawn(songs, scaling, knobs.max_songs, seed), palette)
    of_components = {
        "component_means": component_means(mixture, scaling, means),
        "weights": weights(tables.read(WEIGHTS), means),
        "songs": drawn.to_dict("records"),
        "entropy_histogram": entropy_histogram(songs, k),
        "kmeans_gmm_confusion": kmeans_gmm_confusion(tables.read(CONFUSION)),
        "genre_by_component": genre_by_component(tables.read(GENRES), k),
    }
    colors = component_colors(palette, k)
    return {
        "features": features(songs, scaling),
        "k_curve": k_curve(tables.read(K_SWEEP), chosen),
        "kmeans_elbow": kmeans_elbow(tables.read(ELBOW), chosen),
    } | {name: colored(records, colors) for name, records in of_components.items()}


def as_json(records: Records) -> str:
    """Return records as JSON, one a line, so that git shows which have changed.

    DVC puts them into a page as they are: a `<` in a song's name could end its script there.
    """
    lines = [json.dumps(record, allow_nan=False, ensure_ascii=False) for record in records]
    return ("[\n" + ",\n".join(lines) + "\n]\n").replace("<", "‹")


def main() -> None:
    """Read the tables, write what the page draws."""
    tables = read_params("tables", Tables)
    knobs = read_params("charts", Charts)
    palette = read_param("figures", "palette", str)
    seed = read_param("figures", "seed", Annotated[int, Range(0, 2**32 - 1)])

    written = charts(knobs, tables, palette, seed)
    for name, records in written.items():
        write_text(PLOTS / f"{name}.json", as_json(records))
    say(f"data of {len(written)} charts in {PLOTS}, {len(written['songs'])} songs on the map")


if __name__ == "__main__":
    run(main)
