"""What matplotlib's pictures have in common: their lettering, their heatmaps.

Figures are made without pyplot, which would keep them all open and is slow to import. A color
alone never carries a meaning: components have their number with them, cells their value.
"""

from collections import defaultdict
from textwrap import fill
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
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

# The charts' own scales.
SHARE_COLORS = LinearSegmentedColormap.from_list("shares", SHARES)
DEVIATION_COLORS = LinearSegmentedColormap.from_list("deviations", DEVIATIONS)
LEGEND_ROWS = 20


def blank(width: float, height: float, finding: str, note: str) -> Figure:
    """Return an empty figure, in inches, its finding as the title and how to read it below."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.05))
    title = fill(finding, int(9 * width))
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    figure.supxlabel(fill(note, int(14 * width)), x=0.01, ha="left", fontsize=8.5, color=FAINT)
    return figure


def bare(axes: Axes) -> Axes:
    """Leave of the frame what carries the ticks."""
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def heaviest(shown: int, k: int) -> str:
    """Say that only the heaviest components are drawn, "" where all of them are."""
    return f"The {shown} heaviest of {k} components. " if shown < k else ""


def ink_on(color: str) -> str:
    """Return the color of lettering that is read on `color`, dark or white."""
    red, green, blue = to_rgb(color)
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def badge(number: Text, color: str) -> None:
    """Put a component's number on its color, the same in every picture."""
    number.set_bbox({"facecolor": color, "edgecolor": "white", "boxstyle": "round,pad=0.25"})
    number.set(color=ink_on(color), fontweight="bold", fontsize=8, va="center")


def number_rows(axes: Axes, colors: Colors, first: float = 0.5) -> None:
    """Name rows by their component's badge, component 0 at `first`, the others a step of 1 on."""
    axes.set_yticks(first + np.arange(len(colors)), [str(row) for row in range(len(colors))])
    axes.tick_params(axis="y", length=0, pad=6)
    for label, color in zip(axes.get_yticklabels(), colors, strict=True):
        badge(label, color)


def number_columns(axes: Axes, colors: Colors) -> None:
    """Name a heatmap's columns by their component's badge, above it."""
    axes.set_xticks(np.arange(len(colors)) + 0.5, [str(column) for column in range(len(colors))])
    axes.tick_params(axis="x", length=0, pad=6, top=True, labeltop=True, labelbottom=False)
    for tick, color in zip(axes.xaxis.get_major_ticks(), colors, strict=True):
        badge(tick.label2, color)


def heatmap(
    axes: Axes,
    values: FloatArray,
    *,
    colormap: Colormap,
    limits: tuple[float, float],
    texts: NDArray[np.str_],
    fontsize: float,
) -> QuadMesh:
    """Draw a matrix, row 0 on top, each cell with its text; what is beyond limits is cut."""
    low, high = limits
    mesh = axes.pcolormesh(
        values, cmap=colormap, vmin=low, vmax=high, edgecolors="white", linewidth=0.5
    )
    axes.set_ylim(len(values), 0)
    axes.spines[:].set_visible(False)
    fills: Any = mesh.cmap(mesh.norm(values))
    for (row, column), text in np.ndenumerate(texts):
        if text:
            ink = ink_on(to_hex(fills[row, column]))
            cell = axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", color=ink)
            cell.set(fontsize=fontsize, in_layout=False)  # measuring hundreds of them takes long
    return mesh


def color_key(
    figure: Figure,
    mesh: ScalarMappable,
    panels: list[Axes],
    label: str,
    extend: Literal["neither", "both"] = "neither",
) -> None:
    """Put the scale of a heatmap's colors below its panels."""
    height = float(figure.get_figheight())
    bar = figure.colorbar(
        mesh, ax=panels, location="bottom", fraction=0.35 / height, pad=0.15 / height, shrink=0.4,
        aspect=30, extend=extend, ticks=MaxNLocator(5, steps=[1, 2, 5, 10]),
    )  # fmt: skip
    bar.set_label(label, fontsize=8.5)
    bar.ax.tick_params(labelsize=8.5)


def legend_of_components(
    axes: Axes, colors: Colors, *, left: float = 1.01, rows: int = LEGEND_ROWS
) -> None:
    """List the components' numbers beside their colors, to the right of the axes or in them.

    Components of one color, where colors run out, share a line.
    """
    numbers = defaultdict(list)
    for component, color in enumerate(colors):
        numbers[color].append(str(component))
    sharing = list(numbers.items())[: 2 * rows]
    names = [", ".join(them[:3]) + (" …" if len(them) > 3 else "") for _, them in sharing]
    more: dict[str, str] = {} if len(sharing) == len(numbers) else {"…": "none"}
    dots = [
        Line2D([], [], color=color, marker="o", linestyle="")
        for color in [*[color for color, _ in sharing], *more.values()]
    ]
    columns = 1 if len(dots) <= rows else 2
    axes.legend(
        dots, [*names, *more], loc="upper left", bbox_to_anchor=(left, 1), ncols=columns,
        title="component", frameon=False, handletextpad=0.2, columnspacing=1, borderaxespad=0,
    )  # fmt: skip
