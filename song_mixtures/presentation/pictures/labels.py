"""Pictures of the mixture's hard labels beside others: K-Means' clusters and the genres."""

from unicodedata import east_asian_width

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from song_mixtures.presentation.figures.labels import genre_shares
from song_mixtures.presentation.figures.palettes import Colors
from song_mixtures.presentation.pictures.style import (
    INK,
    MOST_COMPONENTS,
    NO_LETTER,
    SHARES,
    blank,
    fonts,
    heatmap,
    heaviest,
    lettered,
    number_columns,
    number_rows,
)

LONGEST_NAME = 32  # of a genre as shown, in letters
ONE_SCREEN = 40  # rows: of a taller picture the components are named at the bottom too


def kmeans_gmm_confusion(counts: pd.DataFrame, colors: Colors) -> Figure:
    """Songs per component (row) and K-Means cluster (column), clusters in matched order.

    The matching pairs each component with one cluster so that most songs agree; matched pairs
    are framed, on the diagonal. Colors and percentages are shares of the component's songs, so
    each row sums to 100 %; below them the number of songs. Of many components the heaviest are
    drawn and the clusters they are matched with.
    """
    k = len(colors)
    matrix = counts["songs"].to_numpy().reshape(k, k)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    finding = (
        f"Matched one to one, mixture and K-Means group {np.trace(matrix) / matrix.sum():.0%} of "
        "the songs alike"
    )
    shown = min(k, MOST_COMPONENTS)
    note = (
        f"{heaviest(shown, k)}Percent: share of the component's songs, and their number below. "
        "Framed: matched."
    )
    figure = blank(max(6.5, 1.5 + 0.52 * shown), 1.7 + 0.42 * shown, finding, note)
    axes = figure.subplots()
    texts = np.array(
        [
            [share_and_count(*cell) for cell in zip(*row, strict=True)]
            for row in zip(shares[:shown, :shown], matrix[:shown, :shown], strict=True)
        ]
    )
    drawn = shares[:shown, :shown]
    heatmap(axes, drawn, colormap=SHARES, limits=(0, 1), texts=texts, fontsize=8)
    for matched in range(shown):
        axes.add_patch(
            Rectangle((matched, matched), 1, 1, fill=False, edgecolor=INK, zorder=3, clip_on=False)
        )
    clusters = counts["kmeans_cluster"].to_numpy()[:shown]
    axes.set_xticks(np.arange(shown) + 0.5, [str(cluster) for cluster in clusters])
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("K-Means cluster, in the order of its match")
    axes.set_ylabel("component", labelpad=8)
    number_rows(axes, colors[:shown])
    return figure


def share_and_count(share: float, count: int) -> str:
    """Return a cell's two lines; empty where there is no song."""
    if count == 0:
        return ""
    return f"{'<1%' if share < 0.005 else f'{share:.0%}'}\n{count:,}"


def genre_by_component(counts: pd.DataFrame, colors: Colors) -> Figure:
    """Share of each genre's songs in each component; each row sums to 100 %.

    Genres stand in the order of the component that most of their songs are in, and within one
    component the most concentrated first: a diagonal means that components follow genres, wide
    rows that a genre is spread over the mixture. In brackets the number of songs. The darkest
    cell is the maximum share there is.
    """
    shares, songs = genre_shares(counts, len(colors))
    names = [f"{short(genre)} ({songs[genre]:,})" for genre in shares.index]
    shown = min(len(colors), MOST_COMPONENTS)
    width = 1 + 0.075 * max(map(columns_of, names)) + 0.4 * shown
    note = genre_note(len(shares), counts["genre"].nunique(), shown, len(colors))
    note += f" {NO_LETTER}: a letter that no font here has." if NO_LETTER in "".join(names) else ""
    size = max(7.0, width), 1.6 + 0.18 * len(shares)
    figure = blank(*size, genre_finding(shares), note)
    axes = figure.subplots()
    matrix = shares.to_numpy()[:, :shown]
    texts = np.array([[f"{100 * v:.0f}" if v >= 0.01 else "" for v in row] for row in matrix])
    limits = (0, float(matrix.max()))
    heatmap(axes, matrix, colormap=SHARES, limits=limits, texts=texts, fontsize=7.5)
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8, fontfamily=fonts())
    axes.tick_params(axis="y", length=0)
    number_columns(axes, colors[:shown], at_both_ends=len(shares) > ONE_SCREEN)
    axes.set_xlabel("component", labelpad=8)
    axes.xaxis.set_label_position("top")
    return figure


def genre_finding(shares: pd.DataFrame) -> str:
    """Say how concentrated genres are."""
    maximum = shares.max(axis=1)
    first = int(maximum.to_numpy().argmax())
    return (
        f"In the median genre the commonest component holds {maximum.median():.0%} of the songs; "
        f"most in {short(shares.index[first])} ({maximum.iloc[first]:.0%})"
    )


def genre_note(rows: int, genres: int, columns: int, k: int) -> str:
    """Say how the picture is read and what was left out of it."""
    commonest = f"The {rows} commonest of {genres} genres. " if rows < genres else ""
    left_out = heaviest(columns, k)
    return f"{commonest}{left_out}Percent of a genre's songs; shares below 1% are left blank."


def columns_of(name: str) -> int:
    """Return the width of a name in letters; Chinese and its like are twice as wide."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in name)


def short(genre: str) -> str:
    """Return a genre's name on one line, cut where it is too long for a row."""
    name = " ".join(genre.split())
    if columns_of(name) > LONGEST_NAME:
        while columns_of(name) >= LONGEST_NAME:
            name = name[:-1]
        name += "…"
    return lettered(name)
