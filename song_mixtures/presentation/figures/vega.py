"""The vocabulary of the charts: Vega-Lite in a few words, as a template of DVC's and as a picture.

A chart is a facet of panels, one per revision of `dvc plots diff` or per quantity. DVC replaces the
anchors `<DVC_METRIC_...>` on its page; picture() replaces them itself. The version is that of the
page and of the pictures; DVC's own page, the fallback, has an older one.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from song_mixtures.presentation.figures.palettes import (
    FAINT,
    INK,
    PLAIN,
    Records,
    said_of_badges,
)

VERSION = "6.4"
Spec = dict[str, Any]
DATA, REVISION_COLOR = "<DVC_METRIC_DATA>", "<DVC_METRIC_COLOR>"
OWN_COLOR = {"field": "color", "type": "nominal", "scale": None}  # columns of the records
OWN_FACE = OWN_COLOR | {"field": "face"}
NO_LINES = {"domain": False, "ticks": False}  # of an axis that names rows or columns
# A picture's letters: this font comes with vl-convert, so pictures are the same everywhere.
CONFIG = {
    "font": "Liberation Sans",
    "background": "white",
    "axis": {"labelFontSize": 11, "titleFontSize": 12},
    "legend": {"titleLimit": 400, "labelLimit": 250},
    "title": {"fontSize": 15, "subtitleFontSize": 11, "subtitleColor": FAINT, "offset": 8},
}
TITLE_LETTERS, NOTE_LETTERS = 84, 130  # of a line
MOST_COMPONENTS = 24  # abreast in a picture, the heaviest: what a page holds at a readable size
MOST_ROWS = 150
MOST_LISTED = 20  # beside a picture, which has no room for more: as many as there are colors
LISTED = {"name": "most_listed", "value": 10_000}  # components or genres of a list to click on


@dataclass(frozen=True)
class Chart:
    """A chart: what computes its records, its specification, what is too much for its picture."""

    data: Callable[..., Records]  # its arguments by the names of stage figures
    spec: Spec
    most: int = 0  # components in the picture, 0: all; both of a pair of labels are held to it

    def template(self, title: str) -> str:
        """Return what DVC reads in .dvc/plots."""
        headed = {"title": {"text": title, "anchor": "start"}} | self.spec
        return json.dumps(headed, indent=1) + "\n"

    def picture(self, records: Records, finding: str, note: str) -> Spec:
        """Return the specification of the picture: one revision, the finding as its title."""
        numbers = ("component", "matched_component") if self.most else ()
        shown = [
            {"rev": ""} | record
            for record in records
            if all(record.get(number, 0) < self.most for number in numbers)
        ]
        k = 1 + max(int(record.get("component", 0)) for record in records)
        cut = said_of_badges(str(record.get("face")) for record in shown)
        cut += f"Only the {self.most} heaviest. " if 0 < self.most < k else ""
        if not self.most and k > MOST_LISTED:
            cut += f"In the list are the {MOST_LISTED} heaviest. "
        filled = json.dumps(self.spec).replace(f'"{REVISION_COLOR}"', json.dumps({"value": PLAIN}))
        spec: Spec = json.loads(filled)
        if spec["facet"]["field"] == "rev":
            spec["facet"]["header"] = {"labels": False}
        title = {"text": wrap(finding, TITLE_LETTERS), "subtitle": wrap(cut + note, NOTE_LETTERS)}
        return spec | {
            "data": {"values": shown},
            "title": title | {"anchor": "start"},
            "params": [LISTED | {"value": MOST_LISTED}],
            "config": CONFIG,
        }


def column(name: str, kind: str = "quantitative", **more: Any) -> Spec:
    """Return the encoding of a channel by a column of the records."""
    return {"field": name, "type": kind, **more}


def component(axis: Spec | None = None) -> Spec:
    """Return the encoding of rows or columns by the components' numbers."""
    return column("component", "ordinal") | ({"axis": axis} if axis else {})


def layer(mark: str, transform: list[Spec], encoding: Spec, **more: Any) -> Spec:
    """Return a layer: what is drawn, of which records, by which columns."""
    parts = {"transform": transform, "encoding": encoding}
    return {"mark": {"type": mark, **more}} | {name: part for name, part in parts.items() if part}


def tooltip(**columns: str) -> list[Spec]:
    """Return what pointing at a mark says: columns by name, with `title` or `title|format`."""
    rows = []
    for name, words in columns.items():
        title, _, form = words.partition("|")
        kind = {"format": form} if form else {}
        rows.append(column(name, "quantitative" if form else "nominal", title=title) | kind)
    return rows


def only(condition: str) -> Spec:
    """Return the transform that leaves records for which the expression holds."""
    return {"filter": condition}


def calculate(**formulas: str) -> list[Spec]:
    """Return transforms that compute columns of each record."""
    return [{"calculate": formula, "as": name} for name, formula in formulas.items()]


def once(*groups: str, **columns: str) -> list[Spec]:
    """Return the transform to one record per group, with the maximum of columns: new=old."""
    maxima = [{"op": "max", "field": old, "as": new} for new, old in columns.items()]
    return [{"aggregate": [*maxima, {"op": "count", "as": "records"}], "groupby": list(groups)}]


def where(test: str, value: Any, otherwise: Any = 0) -> Spec:
    """Return the encoding of a channel by one of two values: letters on dark cells, for one."""
    return {"condition": {"test": test, "value": value}, "value": otherwise}


RANK = {"window": [{"op": "row_number", "as": "rank"}]}
BY_RANK = {"field": "rank", "op": "min"}  # in the order of the records


def by_revision(panel: Spec, *, abreast: int, transform: list[Spec] | None = None) -> Spec:
    """Return the chart that draws the panel for each revision, in the order of the command."""
    ranked = {"transform": [RANK, *(transform or [])], "params": [LISTED]}
    return faceted("rev", BY_RANK, panel, abreast) | ranked


def by_quantity(name: str, panel: Spec, *, abreast: int, sort: Any, axes: str = "y") -> Spec:
    """Return the chart that draws a panel for each quantity, each with scales of its own."""
    scales = dict.fromkeys(axes, "independent")
    return faceted(name, sort, panel, abreast) | {"resolve": {"scale": scales}}


def faceted(name: str, sort: Any, panel: Spec, abreast: int) -> Spec:
    """Return a chart of panels, so many beside one another."""
    header = {"labelFontSize": 12, "labelFontWeight": "bold"}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": DATA},
        "facet": column(name, "nominal", title=None, sort=sort, header=header),
        "columns": abreast,
        "spec": panel,
    }


def badges(axis: str) -> Spec:
    """Return the layer with a square in each component's color at the edge of a matrix."""
    offset, edge = ({"xOffset": -9}, "x") if axis == "y" else ({"yOffset": -9}, "y")
    place = {axis: component(), edge: {"value": 0}, "fill": OWN_FACE, "stroke": OWN_COLOR}
    return layer("square", once("component", "color", "face"), place, size=100, opacity=1, **offset)


def pick_list(name: str, mark: Sequence[str], left: int, wide: int, lit: str = "") -> Spec:
    """Return the layer that lists components or genres to the right of a panel, to click on.

    `name` and those of `mark`, edge and fill, are columns, `left` and `wide` pixels. The selection
    is the parameter `picked_<name>`; where the expression `lit` is false, colors are gray.
    """
    named = only(f"datum.{name} !== ''")
    rank = {"op": "row_number", "as": "line"}
    lines = [
        named,
        *once(name, *mark),
        {"window": [rank], "sort": [{"field": name}], "groupby": ["rev"]},
        only("datum.line <= most_listed"),
        *calculate(bottom="17 * datum.line + 3", top="17 * datum.line - 14"),
    ]
    edge = {"x": {"value": "width"}}
    place = edge | {"y": column("bottom", scale=None, axis=None)}
    item = "event.item && event.item.datum && event.item.datum"
    clicked = f"{item}.top >= 0 && isValid(event.item.datum.{name})"
    select = {"type": "point", "fields": [name], "toggle": "true", "on": f"click[{clicked}]"}
    rows = place | {
        "x2": edge["x"],
        "y2": {"field": "top"},
        "opacity": {"condition": {"param": f"picked_{name}", "empty": False, "value": 0.15},
                    "value": 0},
        "tooltip": {"value": "click: only these; click again: all"},
    }  # fmt: skip
    row = layer("rect", [], rows, xOffset=left, x2Offset=left + wide, cursor="pointer", fill=INK)
    row["params"] = [{"name": f"picked_{name}", "select": select}]
    drawn: Spec = {
        channel: {"condition": {"test": lit or "true"} | column(color, "nominal", scale=None),
                  "value": "#cccccc"}
        for channel, color in zip(("stroke", "fill"), mark, strict=True)
    }  # fmt: skip
    dot, words = place | drawn, place | {"text": column(name, "nominal")}
    at_left = {"align": "left", "fontSize": 11}
    listed = [
        row,
        layer("square", [], dot, size=110, opacity=1, xOffset=left + 10, yOffset=-8.5),
        layer("text", [], words, dx=left + 21, limit=wide - 22, baseline="middle", dy=-8.5,
              **at_left),
    ]  # fmt: skip
    above = edge | {"y": {"value": 0}, "text": {"value": name.split("_")[0]}}
    style = {"baseline": "bottom", "dx": left + 3, "dy": 1, "fontWeight": "bold"}
    top = layer("text", [named, *once(), only("datum.records > 0")], above, **style, **at_left)
    return {"layer": [{"transform": lines, "layer": listed}, top]}
