"""The data of the charts of the sweep: what each K is worth, to the mixture and to K-Means."""

from typing import Any

import pandas as pd

from song_mixtures.mixture.selection import best_fit
from song_mixtures.presentation.figures.palettes import Records


def k_curve(fits: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per fit and criterion; the lowest valid and the chosen fit are marked."""
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    best = {name: best_fit(fits, name).name for name in ("bic", "aic", "icl")}
    taken = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)].index
    long = fits.reset_index(names="fit").melt(
        ["fit", "k", "covariance_type", "valid"], list(best), "criterion", "value"
    )
    long["minimum"] = (long["fit"] == long["criterion"].map(best)).astype(int)
    long["chosen"] = long["fit"].isin(taken).astype(int)
    long["chosen_k"] = k
    long["criterion"] = long["criterion"].str.upper()
    return long.drop(columns="fit").round({"value": 2}).to_dict("records")


def kmeans_elbow(curve: pd.DataFrame, chosen: dict[str, Any]) -> Records:
    """Return a record per K and measure of K-Means, the chosen K marked."""
    long = curve.melt(["k"], ["inertia", "silhouette"], "measure", "value")
    long["chosen"] = (long["k"] == chosen["n_components"]).astype(int)
    long["chosen_k"] = chosen["n_components"]
    return long.round({"value": 4}).to_dict("records")
