"""Pictures of the mixture's hard labels beside others: K-Means' clusters and the genres."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from song_mixtures.pictures.style import (
    INK,
    SHARES,
    Colors,
    blank,
    heatmap,
    number_columns,
    number_rows,
)
from song_mixtures.scaling import FloatArray

MOST_GENRES = 150  # drawn: beyond that rows are too many to read
LONGEST_NAME = 28  # letters of a genre's name that are shown


def kmeans_gmm_confusion(counts: pd.DataFrame, colors: Colors) -> Figure:
    """Songs per component (row) and K-Means cluster (column), clusters in matched order.

    The matching pairs each component with one cluster so that most songs agree; matched pairs
    are framed, on the diagonal. Colors and percentages are shares of the component's songs, so
    each row sums to 100 %; below them the number of songs.
    """
    k = len(colors)
    matrix = counts["songs"].to_numpy().reshape(k, k)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    finding = (
        f"Matched one to one, mixture and K-Means group {np.trace(matrix) / matrix.sum():.0%} of "
        "the songs alike"
    )
    note = "Percent: share of the component's songs, and their number below. Framed: matched."
    figure = blank(max(6.5, 1.5 + 0.56 * k), 1.7 + 0.42 * k, finding, note)
    axes = figure.subplots()
    texts = np.array(
        [
            [share_and_count(*cell) for cell in zip(*row, strict=True)]
            for row in zip(shares, matrix, strict=True)
        ]
    )
    heatmap(axes, shares, colormap=SHARES, limits=(0, 1), texts=texts, fontsize=8)
    for matched in range(k):
        axes.add_patch(
            Rectangle((matched, matched), 1, 1, fill=False, edgecolor=INK, zorder=3, clip_on=False)
        )
    clusters = counts["kmeans_cluster"].to_numpy()[:k]
    axes.set_xticks(np.arange(k) + 0.5, [str(cluster) for cluster in clusters])
    axes.tick_params(axis="x", length=0)
    axes.set(xlabel="K-Means cluster, in the order of its match", ylabel="component")
    number_rows(axes, colors)
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
    rows that a genre is spread over the mixture. In brackets the number of songs.
    """
    shares, songs = genre_shares(counts, len(colors))
    greatest = shares.max(axis=1)
    first = int(greatest.to_numpy().argmax())
    finding = (
        f"In the median genre the commonest component holds {greatest.median():.0%} of the songs; "
        f"most in {short(shares.index[first])} ({greatest.iloc[first]:.0%})"
    )
    known = counts["genre"].nunique()
    note = "Percent of a genre's songs; shares below 1% are left blank."
    if len(shares) < known:
        note = f"The {len(shares)} commonest of {known} genres. {note}"
    figure = blank(max(7.0, 2.8 + 0.42 * len(colors)), 1.6 + 0.18 * len(shares), finding, note)
    axes = figure.subplots()
    matrix = shares.to_numpy()
    texts = np.array([[f"{100 * v:.0f}" if v >= 0.01 else "" for v in row] for row in matrix])
    heatmap(axes, matrix, colormap=SHARES, limits=(0, 1), texts=texts, fontsize=7.5)
    names = [f"{short(genre)} ({songs[genre]:,})" for genre in shares.index]
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)
    axes.tick_params(axis="y", length=0)
    number_columns(axes, colors)
    axes.set_xlabel("component")
    axes.xaxis.set_label_position("top")
    return figure


def genre_shares(counts: pd.DataFrame, k: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the share of each genre's songs per component, in reading order, and its songs."""
    table = counts.pivot_table(index="genre", columns="gmm_cluster", values="songs", fill_value=0)
    table = table.reindex(columns=range(k), fill_value=0)
    songs = table.sum(axis=1).astype(int)
    commonest = songs.sort_values(ascending=False, kind="stable").index[:MOST_GENRES]
    shares = table.loc[commonest].div(songs[commonest], axis=0)
    dominant: FloatArray = shares.to_numpy().argmax(axis=1)
    order = np.lexsort((-shares.max(axis=1).to_numpy(), dominant))
    return shares.iloc[order], songs


def short(genre: str) -> str:
    """Return a genre's name, cut where it is too long for a row, its dollars no mathematics."""
    shown = genre if len(genre) <= LONGEST_NAME else f"{genre[: LONGEST_NAME - 1]}…"
    return shown.replace("$", r"\$")
