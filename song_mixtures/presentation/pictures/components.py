"""Pictures of the components: how each is spread, and which are confused."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from song_mixtures.mixture.uncertainty import mean_posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import FAINT, Colors
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS
from song_mixtures.presentation.pictures.style import (
    DEVIATION_COLORS,
    SHARE_COLORS,
    badge,
    blank,
    color_key,
    heatmap,
    heaviest,
    number_columns,
    number_rows,
)
from song_mixtures.songs.features import signed

PANELS_ABREAST = 4


def spreads(table: pd.DataFrame, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the covariances, (K, d, d), and spreads, (K,), of a table of covariances.

    The spread is the geometric mean of the standard deviations along the component's own axes.
    """
    d = table["feature"].nunique()
    matrices = table["covariance_standardized"].to_numpy().reshape(k, d, d)
    return matrices, np.linalg.det(matrices) ** (1 / (2 * d))


def covariances(table: pd.DataFrame, colors: Colors, finding: str) -> Figure:
    """Covariance matrix of every component, in standardized features.

    On the diagonal are variances, 1 being that of all songs; off it covariances, zero where two
    features vary independently within the component. The colors end at 1 in either direction;
    the numbers do not. `spread` is the geometric mean of the standard deviations along the
    component's own axes, the 2d-th root of the determinant.
    """
    features = list(dict.fromkeys(table["feature"]))
    k = len(colors)
    matrices, spread = spreads(table, k)
    tied = k > 1 and not np.ptp(matrices, axis=0).any()
    shown = 1 if tied else min(k, MOST_COMPONENTS)
    across = min(shown, PANELS_ABREAST)
    down = -(-shown // across)  # rounded up
    note = "Covariances of standardized features; on the diagonal variances, 1 that of all songs."
    note = f"All {k} components have this one. {note}" if tied else heaviest(shown, k) + note
    size = max(2.2 * across + 1, 7), 2.15 * down + (2.2 if tied else 1.6)
    figure = blank(*size, finding, note)
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for number, axes in enumerate(panels[:shown]):
        mesh = draw_covariance(axes, matrices[number])
        name = f"all {k} components" if tied else str(number)
        badge(axes.set_title(name, loc="left"), FAINT if tied else colors[number])
        axes.set_title(f"spread {spread[number]:.2f}", loc="right", fontsize=8.5, color=FAINT)
        name_features(axes, features, lowest=number >= across * (down - 1))
    for axes in panels[shown:]:
        leave_names_only(axes, features)
    color_key(figure, mesh, panels.tolist(), "covariance, standardized", extend="both")
    return figure


def draw_covariance(axes: Axes, covariance: FloatArray) -> QuadMesh:
    """Draw a covariance (d, d); what is zero by the covariance type is a plain 0."""
    texts = np.array([[signed(v) if v else "0" for v in row] for row in covariance])
    return heatmap(
        axes, covariance, colormap=DEVIATION_COLORS, limits=(-1, 1), texts=texts, fontsize=7.5
    )


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


def component_overlap(songs: pd.DataFrame, colors: Colors, finding: str) -> Figure:
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
    figure = blank(max(6.5, 1.5 + 0.44 * shown), 1.9 + 0.3 * shown, finding, note)
    axes = figure.subplots()
    matrix = overlap[:shown, :shown]
    texts = np.array([[f"{100 * v:.0f}" if v >= 0.01 else "" for v in row] for row in matrix])
    others = overlap[~np.eye(k, dtype=bool)].max()  # with 1, all but the diagonal would be pale
    limits = (0, max(float(others), 0.01))
    heatmap(axes, matrix, colormap=SHARE_COLORS, limits=limits, texts=texts, fontsize=8)
    number_columns(axes, colors[:shown])
    number_rows(axes, colors[:shown])
    axes.set_ylabel("hard label", labelpad=8)
    axes.set_xlabel("posterior of", labelpad=8)
    axes.xaxis.set_label_position("top")
    return figure
