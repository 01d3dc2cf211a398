"""The data of the charts of the songs: map, histograms of features and of entropy."""

import numpy as np
import pandas as pd

from song_mixtures.presentation.figures.palettes import NO_COLOR, Palette, Records, palette_colors
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.features import heading
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling

FEATURE_BINS = 30  # from a feature's minimum to its maximum
ENTROPY_BINS = 40  # from 0 to log K
COLORED_GENRES = 10  # the commonest; more colors than that are not told apart on a map of dots
OTHER_GENRES = "other"


def features(songs: pd.DataFrame, scaling: Scaling) -> Records:
    """Return the counts of songs per bin of each feature, in original units."""
    rows = []
    for feature in scaling.features:
        counts, edges = np.histogram(songs[feature], FEATURE_BINS)
        rows += list(
            zip([heading(feature)] * len(counts), edges[:-1], edges[1:], counts, strict=True)
        )
    table = pd.DataFrame(rows, columns=["feature", "value", "value_to", "songs"])
    return table.round(6).to_dict("records")


def genre_groups(genres: pd.Series) -> pd.Series:
    """Return for each song its genre if that is among the commonest, else OTHER_GENRES.

    Where all but one would have their own name, all have it. A song without a genre has "".
    """
    counts = genres[genres != ""].value_counts(sort=False).sort_index()
    ranked = counts.sort_values(ascending=False, kind="stable").index
    named = set(ranked if len(ranked) <= COLORED_GENRES + 1 else ranked[:COLORED_GENRES])
    return genres.where(genres.isin([*named, ""]), OTHER_GENRES)


def map_sample(songs: pd.DataFrame, plane: Plane, max_songs: int, seed: int) -> pd.DataFrame:
    """Return the songs of the page, the first of the pictures' sample, with all that is shown.

    x and y are the coordinates on the principal axes of all songs; what the axes are stands in the
    first record alone.
    """
    genres = songs["genre"] if "genre" in songs else pd.Series("", songs.index)
    sample = sampled_songs(songs.assign(genre=genres, group=genre_groups(genres)), max_songs, seed)
    coordinates = plane.coordinates(sample)
    table = pd.DataFrame(
        {
            "song": sample["song"],
            "genre": sample["genre"],
            "genre_group": sample["group"],
            "component": sample["gmm_cluster"],
            "max_posterior": sample["gmm_max_prob"].round(4),
            "entropy": sample["gmm_entropy"].round(4),
            "x": coordinates[:, 0].round(3),
            "y": coordinates[:, 1].round(3),
            "x_axis": "",
            "y_axis": "",
        }
    )
    # Without the first line, which the axis of the chart has.
    names = [": ".join(plane.name(axis).splitlines()[1:]) for axis in (0, 1)]
    table.loc[table.index[0], ["x_axis", "y_axis"]] = names
    return table


def colored_genres(sample: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """Return the songs with their genre's color; rare genres and none at all are gray."""
    named = sorted(set(sample["genre_group"]) - {"", OTHER_GENRES})
    colors = dict(zip(named, palette_colors(palette, len(named)), strict=True))
    return sample.assign(
        genre_color=[colors.get(group, NO_COLOR) for group in sample["genre_group"]]
    )


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
            "entropy": round(float(edges[number]), 4),
            "entropy_to": round(float(edges[number + 1]), 4),
            "component": int(component),
            "songs": int(count),
            "max_entropy": round(float(np.log(k)), 4),
        }
        for number, component, count in table.itertuples(index=False)
    ]
