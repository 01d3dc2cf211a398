"""Pictures of the components: how each is spread, and which are confused."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from song_mixtures.mixture.uncertainty import mean_posteriors
from song_mixtures.presentation.figures.findings import spreads
from song_mixtures.presentation.figures.palettes import FAINT, Colors, said_of_badges
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS
from song_mixtures.presentation.pictures.style import (
    DEVIATION_COLORS,
    SHARE_COLORS,
    badge,
    blank,
    color_key,
    heatmap,
    heaviest,
    number,
)
from song_mixtures.songs.features import signed

PANELS_ABREAST, WIDEST = 4, 12.0  # at most, and inches of them all
# Inches of a panel's side, and of a cell at least, in which a number of small letters has room.
PANEL, CELL = 2.2, 0.26
MANY_FEATURES = 7  # from which on letters are small
SHORT_NAME, LETTER = 13, 0.07  # letters for which there is room, and inches of each further one
BESIDE, ABOVE = 0.07, 0.18  # of a panel: what is left empty there


def covariances(
    spread: pd.DataFrame, colors: Colors, faces: Colors, finding: str, note: str
) -> Figure:
    """Covariance matrix of every component; what is zero by the covariance type is a plain 0.

    All panels stand in one pair of axes: of these matplotlib draws a dozen only slowly.
    """
    features, k = list(spread["feature"].unique()), len(colors)
    d = len(features)
    matrices, sizes = spreads(spread, k)
    tied = k > 1 and not np.ptp(matrices, axis=0).any()
    shown = 1 if tied else min(k, MOST_COMPONENTS)
    side = max(PANEL, CELL * d)
    across = min(shown, PANELS_ABREAST, int(WIDEST / side))
    down = -(-shown // across)  # rounded up
    names = LETTER * max(max(map(len, features)) - SHORT_NAME, 0)
    size = 7.5 if d < MANY_FEATURES else 5.5
    words = f"All {k} components have this one. "
    if not tied:
        words = heaviest(k) + said_of_badges(faces)
    width, height = max(side * across + 1, 7), (side - 0.05) * down + (2.2 if tied else 1.6)
    figure = blank(width + names, height + names, finding, words + note)
    axes = figure.subplots()
    room = d * ABOVE * PANEL / side  # as high whatever the panel's size
    lefts, tops = d * (1 + BESIDE) * np.arange(across), (d + room) * np.arange(down)
    for component, matrix in enumerate(matrices[:shown]):
        left, top = lefts[component % across], tops[component // across]
        texts = np.array([[signed(value) if value else "0" for value in row] for row in matrix])
        mesh = heatmap(axes, matrix, DEVIATION_COLORS, (-1, 1), texts, size, (left, top))
        name = f"all {k} components" if tied else str(component)
        above = top - room / 2
        mark = (FAINT, FAINT) if tied else (colors[component], faces[component])
        badge(axes.text(left + 0.05, above, name), *mark)
        spread_words = f"spread {sizes[component]:.2f}"
        axes.text(left + d, above, spread_words, fontsize=8.5, color=FAINT, ha="right", va="center")
    middles = np.arange(d) + 0.5
    axes.set_xticks(np.add.outer(lefts, middles).ravel(), features * across, rotation=90)
    axes.set_yticks(np.add.outer(tops, middles).ravel(), features * down)
    axes.tick_params(length=0, labelsize=8)
    axes.set(xlim=(0, lefts[-1] + d), ylim=(tops[-1] + d, -room))
    color_key(axes, mesh, "covariance, standardized", extend="both")
    return figure


def component_overlap(
    songs: pd.DataFrame, k: int, colors: Colors, faces: Colors, finding: str, note: str
) -> Figure:
    """Mean posteriors of each component's songs: with which other component it is confused."""
    overlap, shown = mean_posteriors(songs, k), min(k, MOST_COMPONENTS)
    size = max(6.5, 1.5 + 0.44 * shown), 1.9 + 0.3 * shown
    figure = blank(*size, finding, heaviest(k) + said_of_badges(faces) + note)
    axes = figure.subplots()
    matrix = overlap[:shown, :shown]
    texts = np.array([[f"{100 * v:.0f}" if v >= 0.01 else "" for v in row] for row in matrix])
    others = overlap[~np.eye(k, dtype=bool)].max()  # with 1, all but the diagonal would be pale
    heatmap(axes, matrix, SHARE_COLORS, (0, max(float(others), 0.01)), texts, 8)
    axes.set_ylim(shown, 0)
    for axis, name in ((axes.xaxis, "posterior of"), (axes.yaxis, "hard label")):
        number(axis, colors[:shown], faces[:shown])
        axis.set_label_text(name)
        axis.labelpad = 8
    axes.xaxis.set_label_position("top")
    return figure
