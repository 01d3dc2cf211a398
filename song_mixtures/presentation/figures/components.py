"""The charts of the components: means and weights."""

import pandas as pd

from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import comes_back
from song_mixtures.presentation.figures.palettes import DEVIATIONS, INK, Records
from song_mixtures.presentation.figures.vega import (
    MOST_ROWS,
    NO_LINES,
    OWN_COLOR,
    Chart,
    Spec,
    badges,
    by_revision,
    calculate,
    column,
    component,
    layer,
    once,
    tooltip,
    where,
)
from song_mixtures.songs.features import Features
from song_mixtures.songs.scaling import Scaling


def component_means(
    mixture: Mixture,
    scaling: Scaling,
    described: Features,
    means: pd.DataFrame,
    weights: pd.DataFrame,
) -> Records:
    """Return a record per component and feature: its mean, standardized and in original units."""
    rows = means.merge(told(weights), on="component").to_dict("records")
    return [
        {
            "component": number,
            "feature": described[name].heading,
            "deviation": round(float(mixture.means[number, j]), 4),
            "mean": described[name].written(row[name]),
            **{key: row[key] for key in ("weight", "songs", "comes_back", "profile")},
        }
        for number, row in enumerate(rows)
        for j, name in enumerate(scaling.features)
    ]


def component_weights(weights: pd.DataFrame, means: pd.DataFrame) -> Records:
    """Return a record per component: its weight, the songs that are likeliest its own, profile."""
    return told(weights).assign(profile=means["profile"]).to_dict("records")


def told(weights: pd.DataFrame) -> pd.DataFrame:
    """Return what is written beside each component, but for its profile."""
    return pd.DataFrame(
        {
            "component": weights["component"],
            "weight": weights["weight"].round(6),
            "songs": weights["hard_songs"],
            "comes_back": weights["jaccard"].map(comes_back),
        }
    )


def beside(indent: int, text: Spec) -> Spec:
    """Return the layer that writes of each component to the right of its row."""
    each = once("component", "comes_back", "profile", weight="weight", songs="songs")
    place = {"x": {"value": "width"}, "y": component(), "text": text}
    return layer("text", each, place, align="left", dx=indent, fontSize=10.5, fill=INK)


BESIDE = [
    beside(10, column("weight", format=".1%")),
    beside(54, column("songs", format=",d")),
    beside(96, column("comes_back", "nominal")),
    beside(168, column("profile", "nominal")),
]
OF_COMPONENT = {
    "weight": "weight|.1%", "songs": "songs|,", "comes_back": "comes back", "profile": "sounds",
}  # fmt: skip
SCALE = {"domain": [-2, 0, 2], "range": DEVIATIONS, "clamp": True}
KEY = {"gradientLength": 180, "orient": "bottom", "values": [-2, -1, 0, 1, 2]}
# Six characters have room in a cell, however many features there are.
NARROW = {"expr": "min(10.5, bandwidth('x') / 3.6)"}
WHITE_ON_DARK = where("datum.deviation < -1.1", "white", INK)
AXES = {
    "x": column("feature", "ordinal", sort=None, title=None, axis={"labelAngle": -25, **NO_LINES}),
    "y": component({"labelPadding": 14, **NO_LINES}),
}
COMPONENT_MEANS = Chart(
    component_means,
    by_revision({"width": 430, "height": {"step": 26}, "encoding": AXES, "layer": [
        layer("rect", [], {
            "color": column("deviation", title="standard deviations from the mean of all songs",
                            scale=SCALE, legend=KEY),
            "tooltip": tooltip(component="component", feature="feature", mean="mean",
                               deviation="standard deviations|+.2f", **OF_COMPONENT),
        }, stroke="white"),
        layer("text", [], {"text": column("mean", "nominal"), "color": WHITE_ON_DARK},
              fontSize=NARROW),
        badges("y"),
        *BESIDE,
    ]}, abreast=1),
    most=MOST_ROWS,
)  # fmt: skip
SIZE = {"width": 430, "height": {"step": 20}, "encoding": {"y": component({"labelPadding": 4})}}
COUNTED = [
    {"joinaggregate": [{"op": "count", "as": "k"}], "groupby": ["rev"]},
    *calculate(equal="1 / datum.k"),
]
WEIGHTS = Chart(
    component_weights,
    by_revision(SIZE | {"layer": [
        layer("bar", [], {
            "x": column("weight", title="share of the songs",
                        axis={"format": ".0%", "labelOverlap": True}),
            "color": OWN_COLOR,
            "tooltip": tooltip(component="component", **OF_COMPONENT),
        }),
        layer("rule", once("rev", equal="equal"), {"x": column("equal"), "y": None},
              strokeDash=[4, 3]),
        *BESIDE,
    ]}, abreast=1, transform=COUNTED),
    most=MOST_ROWS,
)  # fmt: skip
