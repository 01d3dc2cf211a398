"""The charts of the labels: the mixture beside K-Means and beside the genres."""

from collections.abc import Sequence
from itertools import count
from unicodedata import east_asian_width

import numpy as np
import pandas as pd

from song_mixtures.presentation.figures.palettes import INK, SHARES, Record, Records
from song_mixtures.presentation.figures.vega import (
    MOST_COMPONENTS,
    NO_LINES,
    Chart,
    Spec,
    badges,
    by_revision,
    calculate,
    column,
    component,
    layer,
    once,
    only,
    tooltip,
    where,
)

MOST_GENRES = 150  # shown, the commonest
WIDEST = 32  # letters of a genre's name in the chart; a wide one, such as Chinese, counts twice
NO_GENRES = "no genres are known"


def kmeans_gmm_confusion(counts: pd.DataFrame) -> Records:
    """Return a record per component and matched cluster, with the share of the component."""
    totals = counts.groupby("gmm_cluster")["songs"].transform("sum")
    shares = (counts["songs"] / totals.clip(lower=1)).round(4)
    table = counts.rename(columns={"gmm_cluster": "component"}).assign(share=shares)
    return table.to_dict("records")


def genre_by_component(genres: pd.DataFrame, k: int) -> Records:
    """Return a record per genre and component, genres in the order of the picture.

    Where no genres are known there is one row that says so: DVC takes an empty list for an error.
    """
    if genres.empty:
        nothing: Record = {
            "genre": NO_GENRES,
            "row": NO_GENRES,
            "share": 0.0,
            "songs": 0,
            "genre_songs": 0,
        }
        return [nothing | {"component": number} for number in range(k)]
    shares, songs = genre_shares(genres, k)
    shown = dict(zip(shares.index, distinct_labels(list(shares.index)), strict=True))
    return [
        {
            "genre": genre,
            "row": f"{shown[genre]}\t{songs[genre]:,}",
            "component": number,
            "share": round(float(share), 4),
            "songs": round(float(share) * int(songs[genre])),
            "genre_songs": int(songs[genre]),
        }
        for genre, row in zip(shares.index, shares.to_numpy(), strict=True)
        for number, share in enumerate(row)
    ]


def genre_shares(genres: pd.DataFrame, k: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of each genre's songs per component, in reading order, and its songs."""
    table = genres.pivot_table(index="genre", columns="gmm_cluster", values="songs", fill_value=0)
    table = table.reindex(columns=range(k), fill_value=0)
    songs = table.sum(axis=1).astype(int)
    commonest = songs.sort_values(ascending=False, kind="stable").index[:MOST_GENRES]
    shares = table.loc[commonest].div(songs[commonest], axis=0)
    dominant = shares.to_numpy().argmax(axis=1)
    order = np.lexsort((-shares.max(axis=1).to_numpy(), dominant))
    return shares.iloc[order], songs


def distinct_labels(names: Sequence[str]) -> list[str]:
    """Return different names as labels that differ, too, none wider than WIDEST letters."""
    labels: list[str] = []
    for name in (name.replace("\t", " ") for name in names):
        tried = (shortened(name, f" #{number}" if number > 1 else "") for number in count(1))
        labels.append(next(label for label in tried if label not in labels))
    return labels


def shortened(name: str, ending: str = "") -> str:
    """Return a name and an ending, without the name's middle where both are too wide."""
    space = WIDEST - width(ending)
    if width(name) <= space:
        return name + ending
    start, end = [*name[:WIDEST]], [*name[-WIDEST:]]
    while width("".join(start)) > space // 2:
        start.pop()
    while width("".join(end)) > space - space // 2 - 1:  # of the ellipsis
        end.pop(0)
    return f"{''.join(start).rstrip()}…{''.join(end).lstrip()}{ending}"


def width(text: str) -> int:
    """Return how many letters wide a text is, wide ones counted twice: Unicode annex 11."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def matrix(width: int, height: int, axes: Spec, told: Spec, layers: list[Spec]) -> Spec:
    """Return a panel with cells of so many pixels, colored by `share`; `told` as in tooltip()."""
    scale = {"domain": [0, 1], "range": SHARES}
    key = {"gradientLength": 180, "orient": "bottom", "format": ".0%", "values": [0, 0.5, 1]}
    color = column("share", title="share", scale=scale, legend=key)
    cells = layer("rect", [], {"color": color, "tooltip": tooltip(**told)}, stroke="white")
    size = {"width": {"step": width}, "height": {"step": height}}
    return size | {"encoding": axes, "layer": [cells, *layers]}


UPRIGHT = {"labelAngle": 0, **NO_LINES}
ON_SHARE = {"color": where("datum.share > 0.6", "white", INK)}
PERCENT = "datum.share < 0.005 ? '<1%' : format(datum.share, '.0%')"
WRITTEN = calculate(words=f"{PERCENT} + '\\n' + format(datum.songs, ',d')")
KMEANS_GMM_CONFUSION = Chart(
    kmeans_gmm_confusion,
    by_revision(matrix(42, 30, {
        "x": column("matched_component", "ordinal", axis=UPRIGHT,
                    title="K-Means cluster, by the component it is matched with"),
        "y": component({"labelPadding": 14, **NO_LINES}),
    }, {
        "component": "component", "kmeans_cluster": "K-Means cluster",
        "matched_component": "matched with component", "songs": "songs|,",
        "share": "share of the component|.1%",
    }, [
        layer("text", [only("datum.songs > 0"), *WRITTEN],
              {"text": column("words", "nominal"), **ON_SHARE},
              fontSize=10, lineBreak="\n", baseline="middle", dy=-5),
        layer("rect", [only("datum.component == datum.matched_component")], {},
              filled=False, stroke=INK, strokeWidth=1.5),
        badges("y"),
    ]), abreast=2),
    most=MOST_COMPONENTS,
)  # fmt: skip
# A row is the label of a genre and, after a tab, its songs. Thirty-two W are 340 pixels, and labels
# that Vega cuts at their end might become the same.
LABEL, SONGS = "split(datum.label, '\\t')[0]", "split(datum.label, '\\t')[1]"
NAMES = {"labelLimit": 420, "labelExpr": f"{LABEL} + ({SONGS} ? ' (' + {SONGS} + ')' : '')"}
GENRE_BY_COMPONENT = Chart(
    genre_by_component,
    by_revision(matrix(30, 17, {
        "x": component(UPRIGHT),
        "y": column("row", "ordinal", sort=None, title=None, axis=NAMES | NO_LINES),
    }, {
        "genre": "genre", "genre_songs": "its songs|,", "component": "component",
        "songs": "of them here|,", "share": "share|.1%",
    }, [
        layer("text", [only("datum.share >= 0.01"), *calculate(percent="100 * datum.share")],
              {"text": column("percent", format=".0f"), **ON_SHARE}, fontSize=10),
        badges("x"),
        layer("text", once("component"), {
            "y": {"value": 0}, "x": component(), "text": column("component", "nominal"),
        }, fontSize=10, dy=-22),
    ]), abreast=2),
    most=MOST_COMPONENTS,
)  # fmt: skip
