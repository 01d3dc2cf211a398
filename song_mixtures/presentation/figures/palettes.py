"""The colors of components and genres, and records that carry them."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from song_mixtures.pipeline.stage import StageError

Colors = Sequence[str]  # of the components, by number, "#rrggbb"
Records = list[dict[Hashable, Any]]  # of a chart's data
NO_COLOR = "#9a9a9a"
# Six of Okabe & Ito (2008), then one after another the color furthest from those before it, as
# seen by normal, deuteranopic, protanopic and tritanopic eyes (Machado et al. 2009, CIELAB). The
# tests hold the closest two more than 12 apart for each of them; tab20 has pairs that look alike.
DISTINCT = (
    "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#8600ff", "#6d3118",
    "#553d55", "#b6ce79", "#3131aa", "#b661ff", "#e7b6b6", "#f30c55", "#790c79", "#49e749",
    "#9e3d0c", "#dbc2e7", "#ff6d86", "#b61879",
)  # fmt: skip


def palette_colors(palette: str, k: int) -> list[str]:
    """Return the colors of K components; ValueError where matplotlib knows no such colormap.

    A colormap of single colors gives them in its order, and again from the first when they run
    out; a continuous one is cut at K even steps.
    """
    if palette == "distinct":
        return [DISTINCT[component % len(DISTINCT)] for component in range(k)]
    import matplotlib as mpl  # only for its own colormaps: charts draws nothing
    from matplotlib.colors import to_hex

    if palette not in mpl.colormaps:
        raise ValueError(f"palette is {palette!r}, expected distinct or a colormap of matplotlib")
    colormap = mpl.colormaps[palette]
    if colormap.N < 256:
        return [to_hex(colormap(component % colormap.N)) for component in range(k)]
    return [to_hex(color) for color in colormap(np.linspace(0, 1, k))]


def component_colors(palette: str, k: int) -> list[str]:
    """Return the colors of the pictures' components; StageError where there is no such palette."""
    try:
        return palette_colors(palette, k)
    except ValueError as error:
        raise StageError(f"params.yaml: figures: {error}") from None


def colored(records: Records, colors: Colors) -> Records:
    """Return the records with the color of their component."""
    return [record | {"color": colors[int(record["component"])]} for record in records]
