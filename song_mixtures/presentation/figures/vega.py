"""The vocabulary of the charts: Vega-Lite in a few words, as a template of DVC's and as a picture.

A chart is a facet of panels, one per revision of `dvc plots diff` or per quantity. DVC replaces the
anchors `<DVC_METRIC_...>` on its page; picture() replaces them itself. The version is that of the
page and of the pictures; DVC's own page, the fallback, has an older one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from song_mixtures.presentation.figures.palettes import FAINT, INK, PLAIN, Records

VERSION = "6.4"
Spec = dict[str, Any]
DATA, REVISION_COLOR = "<DVC_METRIC_DATA>", "<DVC_METRIC_COLOR>"
OWN_COLOR = {"field": "color", "type": "nominal", "scale": None}  # a column of the records
NO_LINES = {"domain": False, "ticks": False}  # of an axis that names rows or columns
AT_BOTTOM = {"gradientLength": 180, "orient": "bottom"}  # of a legend
HEADER = {"labelFontSize": 12, "labelFontWeight": "bold"}
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


@dataclass(frozen=True)
class Chart:
    """A chart: its specification, and of its picture the note and what is too much for it."""

    spec: Spec
    note: str = ""
    most: Mapping[str, int] = field(default_factory=dict)  # records by a number, those below this

    def template(self, title: str) -> str:
        """Return what DVC reads in .dvc/plots."""
        return (
            json.dumps({"title": {"text": title, "anchor": "start"}} | self.spec, indent=1) + "\n"
        )

    def picture(self, records: Records, finding: str) -> Spec:
        """Return the specification of the picture: one revision, the finding as its title."""
        shown = [
            {"rev": ""} | record
            for record in records
            if all(record[name] < most for name, most in self.most.items())
        ]
        whole = len(shown) == len(records)
        cut = "" if whole else f"Only the {min(self.most.values())} heaviest. "
        filled = json.dumps(self.spec).replace(f'"{REVISION_COLOR}"', json.dumps({"value": PLAIN}))
        spec: Spec = json.loads(filled)
        subtitle = wrap(cut + self.note, NOTE_LETTERS)
        title = {"text": wrap(finding, TITLE_LETTERS), "anchor": "start", "subtitle": subtitle}
        if spec["facet"]["field"] == "rev":
            spec["facet"]["header"] = {"labels": False}
        return spec | {"data": {"values": shown}, "title": title, "config": CONFIG}


def column(name: str, kind: str = "quantitative", **more: Any) -> Spec:
    """Return the encoding of a channel by a column of the records."""
    return {"field": name, "type": kind, **more}


def ordinal(name: str, **more: Any) -> Spec:
    """Return the encoding of a channel by the rows or columns of a matrix."""
    return column(name, "ordinal", **more)


def layer(
    mark: str, transform: list[Spec] | None = None, encoding: Spec | None = None, **more: Any
) -> Spec:
    """Return a layer: what is drawn, of which records, by which columns."""
    found: Spec = {"mark": {"type": mark, **more}}
    if transform:
        found["transform"] = transform
    return found | ({"encoding": encoding} if encoding else {})


def tooltip(**columns: str) -> list[Spec]:
    """Return what pointing at a mark says: columns by name, with `title` or `title|format`."""
    rows = []
    for name, words in columns.items():
        title, _, form = words.partition("|")
        rows.append(column(name, "quantitative" if form else "nominal", title=title))
        if form:
            rows[-1]["format"] = form
    return rows


def calculate(**formulas: str) -> list[Spec]:
    """Return transforms that compute columns of each record."""
    return [{"calculate": formula, "as": name} for name, formula in formulas.items()]


def once(*groups: str, **columns: str) -> list[Spec]:
    """Return the transform to one record per group, with the maximum of columns: new=old."""
    maxima = [{"op": "max", "field": old, "as": new} for new, old in columns.items()]
    return [{"aggregate": [*maxima, {"op": "count", "as": "records"}], "groupby": list(groups)}]


def by_revision(panel: Spec, *, abreast: int, transform: list[Spec] | None = None) -> Spec:
    """Return the chart that draws the panel for each revision, in the order of the command."""
    ranked = [{"window": [{"op": "row_number", "as": "rank"}]}, *(transform or [])]
    sort = {"field": "rank", "op": "min"}
    facet = column("rev", "nominal", title=None, sort=sort, header=HEADER)
    return faceted(facet, panel, abreast=abreast) | {"transform": ranked}


def by_quantity(name: str, panel: Spec, *, abreast: int, sort: Any, shared_x: bool = True) -> Spec:
    """Return the chart that draws a panel for each quantity, revisions over one another."""
    facet = column(name, "nominal", title=None, sort=sort, header=HEADER)
    scales = {"y": "independent"} | ({} if shared_x else {"x": "independent"})
    return faceted(facet, panel, abreast=abreast) | {"resolve": {"scale": scales}}


def faceted(facet: Spec, panel: Spec, *, abreast: int) -> Spec:
    """Return a chart of panels, so many beside one another."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": DATA},
        "facet": facet,
        "columns": abreast,
        "spec": panel,
    }


def ink(dark_where: str) -> Spec:
    """Return the color of letters in a cell that is dark where the condition holds."""
    return {"condition": {"test": dark_where, "value": "white"}, "value": INK}


def badges(**place: Any) -> Spec:
    """Return the layer with a square in each component's color at the edge of a matrix."""
    offset = {"xOffset": -9} if "y" in place else {"yOffset": -9}
    channels = place | {("x" if "y" in place else "y"): {"value": 0}, "fill": OWN_COLOR}
    return layer("square", once("component", "color"), channels, size=110, opacity=1, **offset)


def pick_list(name: str, color: str, heading: str, left: int, wide: int, lit: str = "") -> Spec:
    """Return the layer that lists components or genres to the right of a panel, to click on.

    `name` and `color` are columns, `left` and `wide` pixels. The selection is the parameter
    `picked_<name>`; where the expression `lit` is false, colors are gray.
    """
    lines = [{"filter": f"datum.{name} !== ''"}, *once(name, color)]
    rank = [{"op": "row_number", "as": "line"}]
    lines += [{"window": rank, "sort": [{"field": name}], "groupby": ["rev"]}]
    lines += calculate(bottom="17 * datum.line + 3", top="17 * datum.line - 14")
    place = {"x": {"value": "width"}, "y": column("bottom", scale=None, axis=None)}
    item = "event.item && event.item.datum && event.item.datum"
    clicked = f"{item}.top >= 0 && isValid(event.item.datum.{name})"
    select = {"type": "point", "fields": [name], "toggle": "true", "on": f"click[{clicked}]"}
    shaded = {"condition": {"param": f"picked_{name}", "empty": False, "value": 0.15}, "value": 0}
    rows = {"x2": {"value": "width"}, "y2": {"field": "top"}, "opacity": shaded}
    rows["tooltip"] = {"value": "click: only these; click again: all"}
    row = layer(
        "rect", None, place | rows, xOffset=left, x2Offset=left + wide, cursor="pointer", fill=INK
    )
    row["params"] = [{"name": f"picked_{name}", "select": select}]
    shown: Spec = column(color, "nominal", scale=None)
    gray = {"condition": {"test": lit} | shown, "value": "#cccccc"} if lit else shown
    words = {"align": "left", "baseline": "middle", "fontSize": 11, "dy": -8.5}
    listed = [
        row,
        layer(
            "square",
            None,
            place | {"color": gray},
            size=120,
            opacity=1,
            xOffset=left + 10,
            yOffset=-8.5,
        ),
        layer(
            "text",
            None,
            place | {"text": column(name, "nominal")},
            dx=left + 21,
            limit=wide - 22,
            **words,
        ),
    ]
    above = {"x": {"value": "width"}, "y": {"value": 0}, "text": {"value": heading}}
    some = [{"filter": f"datum.{name} !== ''"}, *once(), {"filter": "datum.records > 0"}]
    top = layer(
        "text",
        some,
        above,
        align="left",
        baseline="bottom",
        dx=left + 3,
        dy=1,
        fontSize=11,
        fontWeight="bold",
    )
    return {"layer": [{"transform": lines, "layer": listed}, top]}
