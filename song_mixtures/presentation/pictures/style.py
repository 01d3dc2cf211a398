"""What matplotlib's pictures have in common: their lettering, their heatmaps.

Figures are made without pyplot, which would keep them all open and is slow to import. A color
alone never carries a meaning: components have their number with them, cells their value.
"""

from textwrap import fill
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import XAxis, YAxis
from matplotlib.cm import ScalarMappable
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import DEVIATIONS, FAINT, INK, SHARES, Colors
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS

# The charts' own scales.
SHARE_COLORS = LinearSegmentedColormap.from_list("shares", SHARES)
DEVIATION_COLORS = LinearSegmentedColormap.from_list("deviations", DEVIATIONS)
LEGEND_ROWS = 11


def blank(width: float, height: float, finding: str, note: str) -> Figure:
    """Return an empty figure, in inches, its finding as the title and what is drawn below."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.05))
    title = fill(finding, int(9 * width))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    figure.supxlabel(fill(note, int(14 * width)), x=0.01, ha="left", fontsize=8.5, color=FAINT)
    return figure


def bare(axes: Axes) -> Axes:
    """Leave of the frame what carries the ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def heaviest(k: int, they_are: str = "Drawn") -> str:
    """Say that only the heaviest components are drawn, "" where all of them are."""
    few = f"{they_are}: the {MOST_COMPONENTS} heaviest of {k} components. "
    return few if k > MOST_COMPONENTS else ""


def ink_on(color: str) -> str:
    """Return the color of lettering that is read on `color`, dark or white."""
    return INK if np.dot((0.299, 0.587, 0.114), to_rgb(color)) > 0.5 else "white"


def badge(number: Text, color: str, face: str) -> None:
    """Put a component's number on its color, the same in every picture, or hollow into its edge."""
    edge = "white" if face == color else color
    number.set_bbox({"facecolor": face, "edgecolor": edge, "boxstyle": "round,pad=0.25"})
    number.set(color=ink_on(face), fontweight="bold", fontsize=8, va="center")


def number(axis: XAxis | YAxis, colors: Colors, faces: Colors) -> None:
    """Name a heatmap's rows, on their left, or columns, above, by their component's badge."""
    axis.set_ticks(np.arange(len(colors)) + 0.5, [str(number) for number in range(len(colors))])
    axis.set_tick_params(length=0, pad=6)
    if isinstance(axis, XAxis):
        axis.tick_top()
    for label, color, face in zip(axis.get_ticklabels(), colors, faces, strict=True):
        badge(label, color, face)


def heatmap(
    axes: Axes,
    values: FloatArray,
    colormap: Colormap,
    limits: tuple[float, float],
    texts: NDArray[np.str_],
    fontsize: float,
    corner: tuple[float, float] = (0, 0),
) -> QuadMesh:
    """Draw a matrix from its corner on, each cell with its text; what is beyond limits is cut."""
    (left, top), (rows, columns) = corner, values.shape
    mesh = axes.pcolormesh(
        left + np.arange(columns + 1), top + np.arange(rows + 1), values,
        cmap=colormap, vmin=limits[0], vmax=limits[1], edgecolors="white", linewidth=0.5,
    )  # fmt: skip
    axes.spines[:].set_visible(False)
    fills: Any = mesh.cmap(mesh.norm(values))
    for (row, column), text in np.ndenumerate(texts):
        if text:
            ink = ink_on(to_hex(fills[row, column]))
            cell = axes.text(left + column + 0.5, top + row + 0.5, text, ha="center", va="center")
            # Measuring hundreds of them takes long.
            cell.set(fontsize=fontsize, color=ink, in_layout=False)
    return mesh


def color_key(
    axes: Axes, mesh: ScalarMappable, label: str, extend: Literal["neither", "both"] = "neither"
) -> None:
    """Put the scale of colors below the axes."""
    height = axes.figure.bbox.height / axes.figure.dpi
    bar = axes.figure.colorbar(
        mesh, ax=axes, location="bottom", fraction=0.35 / height, pad=0.15 / height, shrink=0.4,
        aspect=30, extend=extend, ticks=MaxNLocator(5, steps=[1, 2, 5, 10]),
    )  # fmt: skip
    bar.set_label(label, fontsize=8.5)
    bar.ax.tick_params(labelsize=8.5)


def legend_of_components(axes: Axes, colors: Colors, faces: Colors) -> None:
    """List the components' numbers beside their badges; those of one badge share a line."""
    numbers: dict[tuple[str, str], list[str]] = {}
    for component, mark in enumerate(zip(colors, faces, strict=True)):
        numbers.setdefault(mark, []).append(str(component))
    axes.legend(
        [Line2D([], [], color=c, markerfacecolor=f, marker="o", linestyle="") for c, f in numbers],
        [", ".join(sharing) for sharing in numbers.values()],
        title="component", loc="upper left", bbox_to_anchor=(0, 1), frameon=False,
        ncols=1 if len(numbers) <= LEGEND_ROWS else 2, handletextpad=0.2, columnspacing=1,
        borderaxespad=0,
    )  # fmt: skip
