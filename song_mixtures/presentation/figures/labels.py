"""The charts of the labels: the mixture beside K-Means and beside the genres."""

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.presentation.figures.palettes import INK, SHARES, Records
from song_mixtures.presentation.figures.vega import (
    AT_BOTTOM,
    MOST_COMPONENTS,
    NO_LINES,
    Chart,
    Spec,
    badges,
    by_revision,
    calculate,
    column,
    ink,
    layer,
    once,
    ordinal,
    tooltip,
)

MOST_GENRES = 150  # shown, the commonest
NO_GENRES = "no genres are known"
NOTHING: dict[Hashable, Any] = {
    "genre": NO_GENRES,
    "row": NO_GENRES,
    "share": 0.0,
    "songs": 0,
    "genre_songs": 0,
}


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
        return [NOTHING | {"component": component} for component in range(k)]
    shares, songs = genre_shares(counts, k)
    return [
        {
            "genre": genre,
            "row": f"{genre}\t{songs[genre]:,}",
            "component": component,
            "share": round(float(share), 4),
            "songs": round(float(share) * int(songs[genre])),
            "genre_songs": int(songs[genre]),
        }
        for genre, row in zip(shares.index, shares.to_numpy(), strict=True)
        for component, share in enumerate(row)
    ]


def genre_shares(counts: pd.DataFrame, k: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of each genre's songs per component, in reading order, and its songs."""
    table = counts.pivot_table(index="genre", columns="gmm_cluster", values="songs", fill_value=0)
    table = table.reindex(columns=range(k), fill_value=0)
    songs = table.sum(axis=1).astype(int)
    commonest = songs.sort_values(ascending=False, kind="stable").index[:MOST_GENRES]
    shares = table.loc[commonest].div(songs[commonest], axis=0)
    dominant = shares.to_numpy().argmax(axis=1)
    order = np.lexsort((-shares.max(axis=1).to_numpy(), dominant))
    return shares.iloc[order], songs


def matrix(width: int, height: int, axes: Spec, layers: list[Spec]) -> Spec:
    """Return a panel with cells of so many pixels, colored by `share`."""
    return {"width": {"step": width}, "height": {"step": height}, "encoding": axes, "layer": layers}


def cells(**columns: str) -> Spec:
    """Return the layer of the cells of a matrix of shares."""
    legend = {**AT_BOTTOM, "format": ".0%", "values": [0, 0.5, 1]}
    color = column("share", title="share", scale={"domain": [0, 1], "range": SHARES}, legend=legend)
    return layer("rect", None, {"color": color, "tooltip": tooltip(**columns)}, stroke="white")


# A row is a genre and, after a tab, its songs; long names are cut, short of rows becoming one.
CUT = "truncate(split(datum.label, '\\t')[0], 32)"
SONGS = "split(datum.label, '\\t')[1]"
GENRES = {
    "labelLimit": 300,
    "labelExpr": f"{CUT} + ({SONGS} ? ' (' + {SONGS} + ')' : '')",
    **NO_LINES,
}
PERCENT = "datum.share < 0.005 ? '<1%' : format(datum.share, '.0%')"
KMEANS_GMM_CONFUSION = Chart(
    by_revision(
        matrix(
            42,
            30,
            {
                "x": ordinal(
                    "matched_component",
                    axis={"labelAngle": 0, **NO_LINES},
                    title="K-Means cluster, by the component it is matched with",
                ),
                "y": ordinal("component", axis={"labelPadding": 14, **NO_LINES}),
            },
            [
                cells(
                    component="component",
                    kmeans_cluster="K-Means cluster",
                    matched_component="matched with component",
                    songs="songs|,",
                    share="share of the component|.1%",
                ),
                layer(
                    "text",
                    [
                        {"filter": "datum.songs > 0"},
                        *calculate(words=f"{PERCENT} + '\\n' + format(datum.songs, ',d')"),
                    ],
                    {"text": column("words", "nominal"), "color": ink("datum.share > 0.6")},
                    fontSize=10,
                    lineBreak="\n",
                    baseline="middle",
                    dy=-5,
                ),
                layer(
                    "rect",
                    [{"filter": "datum.component == datum.matched_component"}],
                    None,
                    filled=False,
                    stroke=INK,
                    strokeWidth=1.5,
                ),
                badges(y=ordinal("component")),
            ],
        ),
        abreast=2,
    ),
    note="Percent: share of the component's songs, and their number below. Framed: matched.",
    most={"component": MOST_COMPONENTS, "matched_component": MOST_COMPONENTS},
)
GENRE_BY_COMPONENT = Chart(
    by_revision(
        matrix(
            30,
            17,
            {
                "x": ordinal("component", axis={"labelAngle": 0, **NO_LINES}),
                "y": ordinal("row", sort=None, title=None, axis=GENRES),
            },
            [
                cells(
                    genre="genre",
                    genre_songs="its songs|,",
                    component="component",
                    songs="of them here|,",
                    share="share|.1%",
                ),
                layer(
                    "text",
                    [{"filter": "datum.share >= 0.01"}, *calculate(percent="100 * datum.share")],
                    {"text": column("percent", format=".0f"), "color": ink("datum.share > 0.6")},
                    fontSize=10,
                ),
                badges(x=ordinal("component")),
                layer(
                    "text",
                    once("component"),
                    {
                        "y": {"value": 0},
                        "x": ordinal("component"),
                        "text": column("component", "nominal"),
                    },
                    fontSize=10,
                    dy=-22,
                ),
            ],
        ),
        abreast=2,
    ),
    note="Percent of a genre's songs, their number in brackets; below 1% left blank.",
    most={"component": MOST_COMPONENTS},
)
