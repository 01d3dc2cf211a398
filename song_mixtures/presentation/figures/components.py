"""The charts of the components: means and weights."""

import pandas as pd

from song_mixtures.mixture.model import Mixture
from song_mixtures.presentation.figures.palettes import DEVIATIONS, INK, Records
from song_mixtures.presentation.figures.vega import (
    AT_BOTTOM,
    MOST_ROWS,
    NO_LINES,
    OWN_COLOR,
    Chart,
    Spec,
    badges,
    by_revision,
    calculate,
    column,
    ink,
    layer,
    once,
    ordinal,
    tooltip,
)
from song_mixtures.songs.features import heading, written
from song_mixtures.songs.scaling import Scaling


def component_means(
    mixture: Mixture, scaling: Scaling, means: pd.DataFrame, weights: pd.DataFrame
) -> Records:
    """Return a record per component and feature: its mean, standardized and in original units."""
    described = means.assign(weight=weights["weight"].round(6), songs=weights["hard_songs"])
    return [
        {
            "component": component,
            "feature": heading(name),
            "deviation": round(float(mixture.means[component, j]), 4),
            "mean": written(name, row[name]),
            "weight": row["weight"],
            "songs": row["songs"],
            "profile": row["profile"],
        }
        for component, row in enumerate(described.to_dict("records"))
        for j, name in enumerate(scaling.features)
    ]


def weights(table: pd.DataFrame, means: pd.DataFrame) -> Records:
    """Return a record per component: its weight, the songs that are likeliest its own, profile."""
    described = table[["component", "weight"]].assign(
        songs=table["hard_songs"], profile=means["profile"]
    )
    return described.round(6).to_dict("records")


def beside(indent: int, text: Spec, transform: list[Spec]) -> Spec:
    """Return the layer that writes of each component to the right of its row."""
    place = {"x": {"value": "width"}, "y": ordinal("component"), "text": text}
    return layer("text", transform, place, align="left", dx=indent, fontSize=10.5, fill=INK)


EACH = once("component", "profile", weight="weight", songs="songs")
BESIDE = [
    beside(10, column("weight", format=".1%"), EACH),
    beside(54, column("songs", format=",d"), EACH),
    beside(96, column("profile", "nominal"), EACH),
]
ROWS = ordinal("component", axis={"labelPadding": 14, **NO_LINES})
NAMES = {"labelAngle": -25, **NO_LINES}
EQUAL = {"x": column("equal"), "y": None}
OF_COMPONENT = {"weight": "weight|.1%", "songs": "songs|,", "profile": "sounds"}
SCALE = {"domain": [-2, 0, 2], "range": DEVIATIONS, "clamp": True}
NOTE = "Beside each component: its weight, the songs it is likeliest for, what it sounds like."

COMPONENT_MEANS = Chart(
    by_revision(
        {
            "width": 430,
            "height": {"step": 26},
            "encoding": {
                "x": ordinal("feature", sort=None, title=None, axis=NAMES),
                "y": ROWS,
            },
            "layer": [
                layer("rect", None, {
                    "color": column(
                        "deviation", title="standard deviations from the mean of all songs",
                        scale=SCALE, legend={**AT_BOTTOM, "values": [-2, -1, 0, 1, 2]},
                    ),
                    "tooltip": tooltip(
                        component="component", feature="feature", mean="mean",
                        deviation="standard deviations|+.2f", **OF_COMPONENT,
                    ),
                }, stroke="white"),
                layer("text", None, {
                    "text": column("mean", "nominal"), "color": ink("datum.deviation < -1.1"),
                }, fontSize=10.5),
                badges(y=ordinal("component")),
                *BESIDE,
            ],
        },
        abreast=1,
    ),
    note=f"Numbers: means in original units. {NOTE}",
    most={"component": MOST_ROWS},
)  # fmt: skip
WEIGHTS = Chart(
    by_revision(
        {
            "width": 430,
            "height": {"step": 20},
            "encoding": {"y": ordinal("component", axis={"labelPadding": 4})},
            "layer": [
                layer("bar", None, {
                    "x": column("weight", title="share of the songs", axis={"format": ".0%"}),
                    "color": OWN_COLOR,
                    "tooltip": tooltip(component="component", **OF_COMPONENT),
                }),
                layer("rule", once("rev", equal="equal"), EQUAL, strokeDash=[4, 3]),
                *BESIDE,
            ],
        },
        abreast=1,
        transform=[
            {"joinaggregate": [{"op": "count", "as": "k"}], "groupby": ["rev"]},
            *calculate(equal="1 / datum.k"),
        ],
    ),
    note=f"Dashed: the weight of each if all weighed the same. {NOTE}",
    most={"component": MOST_ROWS},
)  # fmt: skip
