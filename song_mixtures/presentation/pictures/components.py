"""Pictures of the components: where each is, how much it weighs, how it is spread."""

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from song_mixtures.mixture.model import Mixture, effective_components
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import Colors
from song_mixtures.presentation.pictures.style import (
    DEVIATIONS,
    FAINT,
    INK,
    MOST_COMPONENTS,
    MOST_ROWS,
    badge,
    bare,
    below,
    blank,
    color_key,
    heatmap,
    heaviest,
    number_rows,
)
from song_mixtures.songs.features import heading, signed, written

BY_LABEL = "Songs: by hard label."
PANELS_ABREAST = 4
ONE_SPREAD = 1.01  # ratio of widest to tightest below which all components are spread alike
NO_CORRELATION = 0.005  # what two decimals show as zero


def component_means(
    mixture: Mixture, means: pd.DataFrame, weights: pd.DataFrame, colors: Colors
) -> Figure:
    """Each component's mean: numbers in original units, colors in standard deviations.

    White is the mean of all songs, the two hues are below and above it, and one scale serves
    all features, so colors compare across columns where numbers cannot. On the right the
    component's weight, the number of its songs by hard label and its profile in words.
    """
    shown = min(len(means), MOST_ROWS)
    features = [str(column) for column in means if column not in ("component", "profile")]
    note = (
        f"{heaviest(shown, len(means))}Numbers: original units. Colors: standard deviations from "
        f"the mean of all songs. {BY_LABEL}"
    )
    means, weights, colors = means[:shown], weights[:shown], colors[:shown]
    figure = blank(9.6, 1.9 + 0.32 * shown, difference_finding(mixture, features), note)
    axes = figure.subplots()
    extreme = max(1.0, float(np.abs(mixture.means).max()))
    texts = np.array(
        [[written(name, row[name]) for name in features] for _, row in means.iterrows()]
    )
    limits = (-extreme, extreme)
    mesh = heatmap(
        axes, mixture.means[:shown], colormap=DEVIATIONS, limits=limits, texts=texts, fontsize=9
    )
    axes.set_xticks(np.arange(len(features)) + 0.5, [below(heading(name)) for name in features])
    axes.tick_params(axis="x", length=0, top=True, labeltop=True, labelbottom=False)
    number_rows(axes, colors)
    describe_rows(axes, weights, means)
    color_key(figure, mesh, [axes], "standard deviations")
    return figure


def difference_finding(mixture: Mixture, features: list[str]) -> str:
    """Say in which feature the components differ most and least.

    A standardized feature has variance 1 over all songs; the sum of w_k m_k^2 is the share of it
    that lies between the components' means, the rest is within components.
    """
    between = mixture.weights @ mixture.means**2
    most, least = features[int(between.argmax())], features[int(between.argmin())]
    return (
        f"Components differ most in {most} ({between.max():.0%} of its variance lies between "
        f"their means), least in {least} ({between.min():.0%})"
    )


def describe_rows(
    axes: Axes, weights: pd.DataFrame, means: pd.DataFrame, first: float = 0.5
) -> None:
    """Write each component's weight, songs and profile to the right of its row, with a heading."""
    columns: list[tuple[str, list[str], int, Literal["left", "right"]]] = [
        ("weight", [f"{percent:.1f}%" for percent in weights["weight_percent"]], 46, "right"),
        ("songs", [f"{songs:,}" for songs in weights["hard_songs"]], 96, "right"),
        ("profile", means["profile"].tolist(), 106, "left"),
    ]
    for title, cells, indent, side in columns:
        for row, text in enumerate([title, *cells], start=-1):
            cell = axes.annotate(
                text, (1, first + row), (indent, 0), xycoords=("axes fraction", "data"), ha=side,
                textcoords="offset points", va="center", fontsize=9, annotation_clip=False,
            )  # fmt: skip
            cell.set_color(FAINT if row == -1 else INK)


def weights(table: pd.DataFrame, means: pd.DataFrame, colors: Colors) -> Figure:
    """Weight of each component, the share of songs it stands for, largest first.

    The dashed line is the weight that all would have if they weighed the same. On the right the
    number of songs by hard label and the components' profiles in words.
    """
    percent, k = table["weight_percent"].to_numpy(), len(table)
    finding = (
        f"Weights run from {percent.min():.1f}% to {percent.max():.1f}%; the {k} "
        f"components count as {effective_components(table['weight'].to_numpy()):.1f} equal ones"
    )
    shown = min(k, MOST_ROWS)
    note = (
        f"{heaviest(shown, k)}Dashed: the weight of each if all were equal, 1/{k} = {1 / k:.1%}. "
        f"{BY_LABEL}"
    )
    figure = blank(9.6, 1.5 + 0.3 * shown, finding, note)
    axes = bare(figure.subplots())
    axes.barh(np.arange(shown), percent[:shown], color=list(colors[:shown]), height=0.75)
    axes.axvline(100 / k, color=INK, linestyle="--", linewidth=1)
    axes.set_ylim(shown - 0.4, -0.6)
    axes.set_xlabel("weight (%)")
    number_rows(axes, colors[:shown], first=0)
    describe_rows(axes, table[:shown], means[:shown], first=0)
    return figure


def covariances(table: pd.DataFrame, colors: Colors) -> Figure:
    """Covariance matrix of every component, in standardized features.

    On the diagonal are variances, 1 being that of all songs; off it covariances, zero where two
    features vary independently within the component. The colors end at 1 in either direction;
    the numbers do not. `spread` is the geometric mean of the standard deviations along the
    component's own axes, the 2d-th root of the determinant.
    """
    features = list(dict.fromkeys(table["feature"]))
    k, d = len(colors), len(features)
    matrices = table["covariance_standardized"].to_numpy().reshape(k, d, d)
    spreads = np.linalg.det(matrices) ** (1 / (2 * d))
    tied = k > 1 and not np.ptp(matrices, axis=0).any()
    shown = 1 if tied else min(k, MOST_COMPONENTS)
    across = min(shown, PANELS_ABREAST)
    down = -(-shown // across)  # rounded up
    note = "Covariances of standardized features; on the diagonal variances, 1 that of all songs."
    note = f"All {k} components have this one. {note}" if tied else heaviest(shown, k) + note
    size = max(2.2 * across + 1, 7), 2.15 * down + (2.2 if tied else 1.6)
    figure = blank(*size, spread_finding(spreads, table), note)
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for number, axes in enumerate(panels[:shown]):
        mesh = draw_covariance(axes, matrices[number])
        name = f"all {k} components" if tied else str(number)
        badge(axes.set_title(name, loc="left"), FAINT if tied else colors[number])
        axes.set_title(f"spread {spreads[number]:.2f}", loc="right", fontsize=8.5, color=FAINT)
        name_features(axes, features, lowest=number >= across * (down - 1))
    for axes in panels[shown:]:
        leave_names_only(axes, features)
    color_key(figure, mesh, panels.tolist(), "covariance, standardized", extend="both")
    return figure


def draw_covariance(axes: Axes, covariance: FloatArray) -> QuadMesh:
    """Draw a covariance (d, d); what is zero by the covariance type is a plain 0."""
    texts = np.array([[signed(v) if v else "0" for v in row] for row in covariance])
    return heatmap(axes, covariance, colormap=DEVIATIONS, limits=(-1, 1), texts=texts, fontsize=7.5)


def name_features(axes: Axes, features: list[str], *, lowest: bool) -> None:
    """Name the rows and, in the last row of panels, the columns of a feature × feature panel."""
    ticks = np.arange(len(features)) + 0.5
    axes.set_xticks(ticks, features, rotation=90, fontsize=8)
    axes.set_yticks(ticks, features, fontsize=8)
    axes.tick_params(length=0, labelbottom=lowest)


def leave_names_only(axes: Axes, features: list[str]) -> None:
    """In a place without a component, name the columns of the panel above."""
    axes.set_axis_off()
    for column, feature in enumerate(features):
        name = axes.text(column + 0.5, 0, feature, rotation=90, ha="center", va="top")
        name.set(fontsize=8, in_layout=False)


def spread_finding(spreads: FloatArray, table: pd.DataFrame) -> str:
    """Say which component is widest and which two features vary together most."""
    widest, tightest = int(spreads.argmax()), int(spreads.argmin())
    alike = spreads[widest] < ONE_SPREAD * spreads[tightest]
    sentence = (
        "All components are spread alike"
        if alike
        else f"Component {widest} is spread widest, component {tightest} least"
    )
    pairs = table[table["feature"] != table["other_feature"]]
    means = pairs.groupby(["feature", "other_feature"], sort=False, as_index=False).agg(
        correlation=("correlation", "mean")
    )
    strongest = means.iloc[int(means["correlation"].abs().to_numpy().argmax())]
    if abs(strongest["correlation"]) < NO_CORRELATION:
        return f"{sentence}; within them no two features vary together"
    pair = f"{strongest['feature']} and {strongest['other_feature']}"
    mean = f"mean correlation {signed(strongest['correlation'])}"
    return f"{sentence}; within them {pair} vary together most ({mean})"
