"""Pictures of the sweep: what each K is worth to the mixture and to K-Means."""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from song_mixtures.mixture import best_fit, mixture_name
from song_mixtures.pictures.style import FAINT, INK, PLAIN, bare, blank, whole_numbers

CRITERIA = {"bic": "BIC", "aic": "AIC", "icl": "ICL"}
TYPE_MARKERS = {"full": "o", "tied": "s", "diag": "^", "spherical": "D"}
TYPE_COLORS = dict(
    zip(TYPE_MARKERS, map(to_hex, mpl.colormaps["cividis"]([0.0, 0.4, 0.65, 0.9])), strict=True)
)


def bic_aic(fits: pd.DataFrame, chosen: dict[str, Any]) -> Figure:
    """BIC, AIC and ICL of every fit of the sweep over its number of components K.

    Lower is better, and only the differences within one panel mean anything. The ring is on the
    lowest sound fit, the diamond and the dashed line on the K that was trained. A fit that did
    not converge or has a collapsed component is a cross, joined to nothing: its likelihood is
    not to be trusted. BIC and AIC rate the density, ICL also asks that components be apart, so
    it rises where components overlap.
    """
    note = "Lower is better, within one panel. Diamond: the mixture that was chosen."
    if not fits["sound"].all():
        note += " Cross: a fit not converged or with a collapsed component; it cannot be lowest."
    figure = blank(11, 3.8, selection_finding(fits, chosen), note)
    panels = figure.subplots(1, len(CRITERIA), sharex=True)
    for axes, criterion in zip(panels, CRITERIA, strict=True):
        draw_criterion(bare(axes), fits, criterion, chosen)
    panels[-1].legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    return figure


def draw_criterion(axes: Axes, fits: pd.DataFrame, criterion: str, chosen: dict[str, Any]) -> None:
    """Draw one criterion of all fits, the lowest and the chosen one marked."""
    for form, group in fits.groupby("covariance_type", sort=False):
        color, marker = TYPE_COLORS[str(form)], TYPE_MARKERS[str(form)]
        sound, unsound = group[group["sound"] == 1], group[group["sound"] == 0]
        axes.plot(
            sound["k"], sound[criterion], f"{marker}-", color=color, markersize=4.5, label=form
        )
        if not unsound.empty:
            name = f"{form}, not sound"
            axes.plot(unsound["k"], unsound[criterion], "x", color=color, markersize=7, label=name)
    k, form = chosen["n_components"], chosen["covariance_type"]
    trained = fits[(fits["k"] == k) & (fits["covariance_type"] == form)]
    mark_chosen(axes, k, trained[criterion])
    best = best_fit(fits, criterion)
    ring = axes.plot(best["k"], best[criterion], "o", markersize=13, label="lowest")[0]
    ring.set(color="#d55e00", markeredgewidth=2, fillstyle="none")
    where = mixture_name(best, fits)
    axes.set(title=f"{CRITERIA[criterion]}: lowest at {where}", xlabel="components K")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", labelsize=8.5)
    whole_numbers(axes)


def mark_chosen(axes: Axes, k: int, value: pd.Series) -> None:
    """Mark the chosen K by a dashed line and, where its value is known (one or none), it too."""
    axes.axvline(k, color=FAINT, linestyle="--", linewidth=1, label=f"chosen K = {k}", zorder=0)
    axes.plot([k] * len(value), value, "D", markersize=9, color=INK, fillstyle="none")


def selection_finding(fits: pd.DataFrame, chosen: dict[str, Any]) -> str:
    """Say in a sentence what BIC prefers and what was chosen."""
    best = best_fit(fits, "bic")
    sentence = f"BIC is lowest at {mixture_name(best, fits)}"
    if best["k"] == fits["k"].max() > fits["k"].min():
        sentence += ", the largest tried"
    if not fits["sound"].all():
        among = "Among sound fits" if fits["sound"].any() else "No fit is sound; among these"
        sentence = f"{among} {sentence}"
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    if (k, covariance_type) == (best["k"], best["covariance_type"]):
        return f"{sentence}, which was chosen"
    tried = ((fits["k"] == k) & (fits["covariance_type"] == covariance_type)).any()
    absent = "" if tried else ", not in the sweep,"
    taken = pd.Series({"k": k, "covariance_type": covariance_type})
    return f"{sentence}; {mixture_name(taken, fits)}{absent} was chosen"


def kmeans_elbow(curve: pd.DataFrame, chosen: dict[str, Any], songs: int) -> Figure:
    """Inertia and silhouette of K-Means over its number of clusters K.

    Inertia, the sum of squared distances to the cluster's center in standardized features,
    always falls; a bend would speak for a K. The silhouette is higher when clusters are tight
    and apart, 1 at best and 0 when songs lie between clusters. The dashed line is the chosen K.
    """
    k = chosen["n_components"]
    scored = int(curve["silhouette_songs"].iloc[0])
    best = curve.iloc[int(curve["silhouette"].to_numpy().argmax())]
    here = curve.loc[curve["k"] == k, "silhouette"].iloc[0]
    finding = (
        f"K-Means: the silhouette is highest at K = {best['k']:.0f} ({best['silhouette']:.2f})"
    )
    if best["k"] != k:
        finding += f" and {here:.2f} at the chosen K = {k}"
    sample = f"a random sample of {scored:,} of {songs:,}" if scored < songs else f"all {songs:,}"
    note = f"Diamond: the chosen K. Silhouette: the mean over {sample} songs, 1 at best."
    figure = blank(9, 4, finding, note)
    for axes, column in zip(figure.subplots(1, 2), ["inertia", "silhouette"], strict=True):
        bare(axes).plot(curve["k"], curve[column], "o-", color=PLAIN, markersize=4.5)
        mark_chosen(axes, k, curve.loc[curve["k"] == k, column])
        axes.set(title=column, xlabel="clusters K")
        whole_numbers(axes)
    figure.axes[0].yaxis.set_major_formatter("{x:,.0f}")
    return figure
