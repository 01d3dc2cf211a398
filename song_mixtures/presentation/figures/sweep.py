"""The charts over K: what each is worth, to the mixture and to K-Means, and what comes back."""

from typing import Any

import pandas as pd

from song_mixtures.mixture.selection import best_fit
from song_mixtures.presentation.figures.palettes import PLAIN, Records
from song_mixtures.presentation.figures.vega import (
    REVISION_COLOR,
    Chart,
    Spec,
    by_quantity,
    by_revision,
    calculate,
    column,
    layer,
    once,
    only,
    tooltip,
    where,
)

# An axis with room at its ends can have ticks between whole numbers: these have no label.
WHOLE = {"tickMinStep": 1, "labelExpr": "datum.value % 1 ? '' : format(datum.value, 'd')"}
CRITERIA = {"bic": "BIC", "aic": "AIC", "icl": "ICL", "log_likelihood": "log-likelihood (nats)"}


def k_curve(fits: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per fit and criterion; the lowest valid and the chosen fit are marked."""
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    best = {name: best_fit(fits, name).name for name in CRITERIA if name != "log_likelihood"}
    taken = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)].index
    long = fits.reset_index(names="fit").melt(
        ["fit", "k", "covariance_type", "valid"], list(CRITERIA), "criterion", "value"
    )
    long["minimum"] = (long["fit"] == long["criterion"].map(best)).astype(int)
    long["chosen"] = long["fit"].isin(taken).astype(int)
    long["chosen_k"] = k
    long["criterion"] = long["criterion"].map(CRITERIA)
    return long.drop(columns="fit").round({"value": 2}).to_dict("records")


def stability_curve(stability: pd.DataFrame) -> Records:
    """Return a record per mixture and table, these songs or ones without groups: ARI of refits."""
    rows = [
        {
            "k": one["k"],
            "covariance_type": one["covariance_type"],
            "songs": songs,
            "ari": one[ari],
            "low": one[ari] - one[f"{ari}_se"],
            "high": one[ari] + one[f"{ari}_se"],
            "supported": one["supported"] if ari == "ari" else 0,
        }
        for songs, ari in zip(TABLES, ("ari", "reference_ari"), strict=True)
        for one in stability.to_dict("records")
    ]
    return pd.DataFrame(rows).round(4).to_dict("records")


def kmeans_elbow(elbow: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per K and measure of K-Means, the chosen K marked."""
    long = elbow.melt(["k"], ["inertia", "silhouette"], "measure", "value")
    long["chosen"] = (long["k"] == chosen["n_components"]).astype(int)
    long["chosen_k"] = chosen["n_components"]
    return long.round({"value": 4}).to_dict("records")


def over_k(words: dict[str, str], layers: list[Spec], k_title: str, **panel: Any) -> Spec:
    """Return a panel with a quantity over K, the chosen K marked; `words` as in tooltip()."""
    told = tooltip(rev="revision", chosen_k="chosen K")
    chosen_k = {"x": column("chosen_k"), "y": None, "tooltip": told}
    return panel | {
        "encoding": {
            "x": column("k", axis=WHOLE, scale={"zero": False}, title=k_title),
            "y": column("value", title=None, scale={"zero": k_title.startswith("clusters")}),
            "color": REVISION_COLOR,
            "tooltip": tooltip(rev="revision", k="K", **words),
        },
        "layer": [
            layer("rule", once("rev", chosen_k="chosen_k"), chosen_k, strokeDash=[4, 3]),
            ring("chosen", "diamond"),
            *layers,
        ],
    }


def ring(name: str, shape: str) -> Spec:
    """Return the layer that rings the records whose column is 1."""
    seen = {"opacity": where(f"datum.{name} == 1", 1), "tooltip": None}
    return layer("point", [], seen, shape=shape, size=230, strokeWidth=2)


TABLES = ["these songs", "songs without groups"]
OF_A_TABLE = {"domain": TABLES, "range": [PLAIN, "#c46a1c"]}
OF_A_MIXTURE = {
    "k": "K", "covariance_type": "covariance", "songs": "refits of", "ari": "ARI|.2f",
    "low": "less a standard error|.2f", "high": "plus a standard error|.2f",
}  # fmt: skip
STABILITY_CURVE = Chart(
    stability_curve,
    by_revision({"width": 430, "height": 260, "encoding": {
        "x": column("k", axis=WHOLE, title="components K", scale={"zero": False, "padding": 20}),
        "y": column("ari", title="ARI of refit and fit"),
        "color": column("songs", "nominal", title="refits of", scale=OF_A_TABLE),
        "detail": column("covariance_type", "nominal"),
        "tooltip": tooltip(**OF_A_MIXTURE),
    }, "layer": [
        layer("rule", [], {"y": column("low"), "y2": {"field": "high"}}),
        layer("line", [], {}),
        ring("supported", "circle"),
        layer("point", [], {}, filled=True, size=45, opacity=1),
    ]}, abreast=2),
)  # fmt: skip
SHAPES = {"domain": ["valid", "not valid"], "range": ["circle", "cross"]}
TYPES = ["full", "tied", "diag", "spherical"]
OF_A_FIT = {
    "covariance_type": "covariance", "criterion": "criterion", "value": "value|,.1f", "fit": "fit",
}  # fmt: skip
K_CURVE = Chart(
    k_curve,
    by_quantity("criterion", over_k(OF_A_FIT, [
        ring("minimum", "circle"),
        layer("line", [only("datum.valid == 1")], {
            "strokeDash": column("covariance_type", "nominal", title="covariance", sort=TYPES),
        }),
        layer("point", calculate(fit="datum.valid == 1 ? 'valid' : 'not valid'"), {
            "shape": column("fit", "nominal", title="fit", scale=SHAPES),
        }, filled=True, size=45, opacity=1),
    ], "components K", width=390, height=230), abreast=2, sort=list(CRITERIA.values())),
)  # fmt: skip
KMEANS_ELBOW = Chart(
    kmeans_elbow,
    by_quantity("measure", over_k({"measure": "measure", "value": "value|,.4~g"}, [
        layer("line", [], {}),
        layer("point", [], {}, filled=True, size=45, opacity=1),
    ], "clusters K", width=440, height=240), abreast=2, sort=None),
)  # fmt: skip
