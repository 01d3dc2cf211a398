"""The colors of components and genres, and records that carry them."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal

Colors = Sequence[str]  # of the components, by number, "#rrggbb"
Record = dict[Hashable, Any]  # of a chart's data
Records = list[Record]
NO_COLOR = "#9a9a9a"
HOLLOW = "#ffffff"  # of a badge whose component would not come back; its edge has the color
INK, FAINT = "#222222", "#767676"  # letters
PLAIN = "#40516b"  # of what belongs to no component
DEVIATIONS = ["#5e3c99", "#f7f7f7", "#e66101"]  # below, at and above the mean; read by all eyes
SHARES = ["#f7fbff", "#08519c"]  # from none to all
Palette = Literal["distinct", "okabe_ito", "tableau"]
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7")
PALETTES: dict[Palette, tuple[str, ...]] = {
    # Six of Okabe & Ito (2008), then one after another the color furthest from those before it, as
    # seen by normal, deuteranopic, protanopic and tritanopic eyes (Machado et al. 2009, CIELAB).
    # The tests hold the closest two more than 12 apart for each of them.
    "distinct": (
        *OKABE_ITO, "#8600ff", "#6d3118", "#553d55", "#b6ce79", "#3131aa", "#b661ff", "#e7b6b6",
        "#f30c55", "#790c79", "#49e749", "#9e3d0c", "#dbc2e7", "#ff6d86", "#b61879",
    ),
    # Okabe & Ito (2008) whole: eight colors made for color-blind readers.
    "okabe_ito": (*OKABE_ITO, "#f0e442", "#000000"),
    # Tableau's ten, as matplotlib's tab10: known from most plots, with pairs that look alike.
    "tableau": (
        "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
        "#bcbd22", "#17becf",
    ),
}  # fmt: skip


def palette_colors(palette: Palette, k: int) -> list[str]:
    """Return the colors of K components; when a palette has run out, again from its first."""
    colors = PALETTES[palette]
    return [colors[component % len(colors)] for component in range(k)]


def badge_faces(colors: Colors, come_back: Iterable[bool]) -> list[str]:
    """Return what the badges of the components are filled with: nothing where one does not hold."""
    return [color if holds else HOLLOW for color, holds in zip(colors, come_back, strict=True)]


def said_of_badges(faces: Iterable[str]) -> str:
    """Say what a hollow badge means, "" where there is none."""
    return "Hollow badges: components that would not come back. " if HOLLOW in faces else ""


def colored(records: Records, colors: Colors, faces: Colors) -> Records:
    """Return the records, those of a component with its color and the fill of its badge."""
    marks = [{"color": color, "face": face} for color, face in zip(colors, faces, strict=True)]
    return [
        record | marks[record["component"]] if "component" in record else record
        for record in records
    ]
