"""Pictures of the songs: how sure the mixture is of each, and between which components."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from song_mixtures.mixture.uncertainty import entropy_bounds, mean_posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import Colors
from song_mixtures.presentation.pictures.style import (
    FAINT,
    INK,
    MOST_COMPONENTS,
    SHARES,
    bare,
    blank,
    heatmap,
    heaviest,
    legend_of_components,
    number_columns,
    number_rows,
)

ENTROPY_BINS = 40  # from 0 to log K
COUNTS_SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 100)  # of equally likely components


def sample_note(sample: int, songs: int) -> str:
    """Say how many of the songs are drawn."""
    return (
        f"{sample:,} of {songs:,} songs, a random sample" if sample < songs else f"{songs:,} songs"
    )


def entropy_histogram(songs: pd.DataFrame, k: int) -> Figure:
    """How many songs have which entropy of their posteriors, from 0 to log K.

    At 0 the mixture is certain of the song, at log K all components are equally likely. The
    axis on top translates: a song is as undecided as among so many equally likely components.
    """
    mean = songs["gmm_entropy"].mean()
    finding = (
        f"The mean entropy is {mean:.2f} nats, {mean / np.log(k):.0%} of log {k}: as undecided as "
        f"among {np.exp(mean):.1f} equally likely components"
    )
    note = (
        f"{len(songs):,} songs. Left end: certain of one component. Right end, log {k} = "
        f"{np.log(k):.2f}: every component equally likely."
    )
    figure = blank(8, 4.4, finding, note)
    axes = bare(figure.subplots())
    counts, edges = np.histogram(songs["gmm_entropy"], ENTROPY_BINS, (0, np.log(k)))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color="#9db4d0", edgecolor="white")
    axes.axvline(mean, color=INK, linewidth=1.5)
    right = mean < 0.7 * np.log(k)  # of the line, where there is more room
    axes.annotate(
        f"mean {mean:.2f}", (mean, 1), (5 if right else -5, -4), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="left" if right else "right", va="top", color=INK,
        fontweight="bold",
    )  # fmt: skip
    axes.set(xlabel="entropy of a song's posteriors (nats)", ylabel="songs", xlim=(0, np.log(k)))
    axes.set_ylim(0, counts.max() * 1.12)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    mark_equal_components(axes, k)
    return figure


def mark_equal_components(axes: Axes, k: int) -> None:
    """Add an axis on top with the entropy of 1, 2, 3 … K equally likely components."""
    shown = [count for count in COUNTS_SHOWN if np.log(k / count) > 0.05 * np.log(k)] + [k]
    top = axes.secondary_xaxis("top")
    top.set_xticks([float(np.log(count)) for count in shown], [str(count) for count in shown])
    top.set_xlabel("as undecided as among so many equally likely components", color=FAINT)
    top.tick_params(labelcolor=FAINT, color=FAINT)


def posterior_vs_entropy(songs: pd.DataFrame, sample: pd.DataFrame, colors: Colors) -> Figure:
    """Each song's maximum posterior against its entropy, colored by its component.

    Top left: certain. The two lines bound what is possible with K components: on the lower left
    one, as few components as can be share the song, on the upper right one all the others share
    what the first leaves.
    """
    sure, ambiguous = (songs["gmm_max_prob"] > 0.9).mean(), songs["gmm_ambiguous"].mean()
    finding = f"One component takes over 90% for {sure:.0%} of songs; {ambiguous:.0%} are ambiguous"
    note = f"{sample_note(len(sample), len(songs))}. Lines: least and most entropy there can be."
    figure = blank(8.5, 5.2, finding, note)
    axes = bare(figure.subplots())
    coordinates = sample[["gmm_entropy", "gmm_max_prob"]].to_numpy()
    scatter(axes, coordinates, sample["gmm_cluster"], colors)
    posterior = np.linspace(1 / len(colors), 1, 400)
    for bound in entropy_bounds(posterior, len(colors)):
        axes.plot(bound, posterior, color=INK, linewidth=0.8, zorder=0.5)
    axes.set(xlabel="entropy of a song's posteriors (nats)", ylabel="maximum posterior")
    axes.set_ylim(1 / len(colors) - 0.03, 1.02)  # the maximum of K is at least 1/K
    axes.set_xlim(-0.02 * np.log(len(colors)), 1.02 * np.log(len(colors)))
    legend_of_components(axes, colors)
    return figure


def scatter(axes: Axes, coordinates: FloatArray, labels: pd.Series, colors: Colors) -> None:
    """Draw songs at coordinates, (N, 2), as dots in the color of their label."""
    dots = np.array(colors)[labels]
    axes.scatter(
        coordinates[:, 0], coordinates[:, 1], s=7, c=dots.tolist(), alpha=0.6, linewidths=0
    )


def component_overlap(songs: pd.DataFrame, colors: Colors) -> Figure:
    """Mean posteriors of each component's songs: with which other component it is confused.

    A row are the songs whose maximum posterior is that component's; it sums to 100 %. On the
    diagonal is what the mixture gives to the component itself, beside it what it gives to the
    others at the same time. A hard label would hide the latter.
    """
    k = len(colors)
    overlap = mean_posteriors(songs, k)
    shown = min(k, MOST_COMPONENTS)
    note = (
        f"{heaviest(shown, k)}Percent: mean posterior of the songs whose hard label is the row's "
        "component, 100% in a row; below 1% left blank. Colors end at the maximum share beside "
        "the diagonal."
    )
    figure = blank(max(6.5, 1.5 + 0.44 * shown), 1.9 + 0.3 * shown, overlap_finding(overlap), note)
    axes = figure.subplots()
    matrix = overlap[:shown, :shown]
    texts = np.array([[f"{100 * v:.0f}" if v >= 0.01 else "" for v in row] for row in matrix])
    others = overlap[~np.eye(k, dtype=bool)].max()  # with 1, all but the diagonal would be pale
    limits = (0, max(float(others), 0.01))
    heatmap(axes, matrix, colormap=SHARES, limits=limits, texts=texts, fontsize=8)
    number_columns(axes, colors[:shown])
    number_rows(axes, colors[:shown])
    axes.set_ylabel("hard label", labelpad=8)
    axes.set_xlabel("posterior of", labelpad=8)
    axes.xaxis.set_label_position("top")
    return figure


def overlap_finding(overlap: FloatArray) -> str:
    """Say which component's songs are least its own, and whose they are besides."""
    own = np.where(overlap.any(axis=1), overlap.diagonal(), np.inf)
    row = int(own.argmin())
    others = np.where(np.arange(len(own)) == row, 0, overlap[row])
    return (
        f"Songs of component {row} are least its own: {1 - own[row]:.0%} of their posterior is "
        f"with others, most with {others.argmax()} ({others.max():.0%})"
    )
