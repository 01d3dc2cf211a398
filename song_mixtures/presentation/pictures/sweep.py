"""Pictures of the sweep: what each K is worth to the mixture and to K-Means."""

from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from song_mixtures.mixture.selection import best_fit, mixture_name
from song_mixtures.presentation.pictures.style import FAINT, INK, PLAIN, bare, blank, whole_numbers

CRITERIA = {"bic": "BIC", "aic": "AIC", "icl": "ICL"}
TYPE_MARKERS = {"full": "o-", "tied": "s--", "diag": "^-.", "spherical": "D:"}
TYPE_COLORS = dict(
    zip(TYPE_MARKERS, map(to_hex, mpl.colormaps["cividis"]([0.0, 0.3, 0.55, 0.8])), strict=True)
)
LOWEST = "#d55e00"


def bic_aic(fits: pd.DataFrame, chosen: dict[str, Any]) -> Figure:
    """BIC, AIC and ICL of every fit of the sweep over its number of components K.

    Lower is better, and only the differences within one panel mean anything. The ring is on the
    lowest valid fit, the diamond and the dashed line on the K that was trained. A fit that did
    not converge or has a degenerate component is a cross, joined to nothing: its likelihood is
    not to be trusted. BIC and AIC rate the density, ICL also asks that components be apart, so
    it rises where components overlap. The log-likelihood is what all three start from: alone it
    names no K, for it rises with every component that is added.
    """
    note = "BIC, AIC, ICL: lower is better, within one panel. The log-likelihood rises with K."
    if not fits["valid"].all():
        note += " Cross: a fit not converged or with a degenerate component"
        note += "; it cannot be lowest." if fits["valid"].any() else "."
    figure = blank(10, 6.4, selection_finding(fits, chosen), note)
    panels = figure.subplots(2, 2, sharex=True).ravel()
    for axes, criterion in zip(panels, CRITERIA, strict=False):
        draw_fits(bare(axes), fits, criterion, chosen)
        best = best_fit(fits, criterion)
        ring = axes.plot(best["k"], best[criterion], "o", markersize=13)[0]
        ring.set(color=LOWEST, markeredgewidth=2, fillstyle="none")
        axes.set(title=f"{CRITERIA[criterion]}: lowest at {mixture_name(best, fits)}")
    draw_fits(bare(panels[-1]), fits, "log_likelihood", chosen)
    panels[-1].set(title="log-likelihood (nats)")
    for axes in panels[2:]:
        axes.set_xlabel("components K")
    explain_marks(figure, fits, chosen)
    return figure


def draw_fits(axes: Axes, fits: pd.DataFrame, column: str, chosen: dict[str, Any]) -> None:
    """Draw one column of all fits over K, the chosen one marked."""
    for covariance_type, group in fits.groupby("covariance_type", sort=False):
        color = TYPE_COLORS[str(covariance_type)]
        valid, invalid = group[group["valid"] == 1], group[group["valid"] == 0]
        line = axes.plot(
            valid["k"], valid[column], TYPE_MARKERS[str(covariance_type)], label=covariance_type
        )[0]
        line.set(color=color, markersize=4.5)
        if not invalid.empty:
            axes.plot(invalid["k"], invalid[column], "x", color=color, markersize=7)
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    taken = (fits["k"] == k) & (fits["covariance_type"] == covariance_type)
    mark_chosen(axes, k, fits.loc[taken, column])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", labelsize=8.5)
    whole_numbers(axes)


def explain_marks(figure: Figure, fits: pd.DataFrame, chosen: dict[str, Any]) -> None:
    """List beside the panels the covariance types and what the marks mean."""
    shown = [line for line in figure.axes[0].lines if line.get_label() in TYPE_MARKERS]
    if not fits["valid"].all():
        shown.append(Line2D([], [], color=INK, marker="x", linestyle="", label="not valid"))
    shown.append(Line2D([], [], color=LOWEST, marker="o", linestyle="", label="lowest"))
    shown[-1].set(markersize=12, markeredgewidth=2, fillstyle="none")
    name = f"chosen K = {chosen['n_components']}"
    shown.append(Line2D([], [], color=FAINT, marker="D", linestyle="--", linewidth=1, label=name))
    shown[-1].set(markersize=9, markeredgecolor=INK, fillstyle="none")
    figure.legend(handles=shown, loc="outside right center", frameon=False)


def mark_chosen(axes: Axes, k: int, value: pd.Series) -> None:
    """Mark the chosen K by a dashed line and, where its value is known (one or none), it too."""
    axes.axvline(k, color=FAINT, linestyle="--", linewidth=1, zorder=0)
    axes.plot([k] * len(value), value, "D", markersize=9, color=INK, fillstyle="none")


def selection_finding(fits: pd.DataFrame, chosen: dict[str, Any]) -> str:
    """Say in a sentence what BIC prefers and what was chosen."""
    best = best_fit(fits, "bic")
    sentence = f"BIC is lowest at {mixture_name(best, fits)}"
    if best["k"] == fits["k"].max() > fits["k"].min():
        sentence += ", the largest tried"
    if not fits["valid"].any():
        sentence = f"No fit is valid; among these {sentence}"
    elif fits["bic"].min() < best["bic"]:
        sentence = f"Among valid fits {sentence}"
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    if (k, covariance_type) == (best["k"], best["covariance_type"]):
        return f"{sentence}, which was chosen"
    taken = pd.Series({"k": k, "covariance_type": covariance_type})
    tried = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)]
    return f"{sentence}; {mixture_name(taken, fits)}{standing(tried, best)}"


def standing(tried: pd.DataFrame, best: pd.Series) -> str:
    """Return the words after the chosen fit: how it stands to the best, from its row, if any."""
    if tried.empty:
        return ", not in the sweep, was chosen"
    if tried["valid"].iloc[0] < best["valid"]:
        return ", which is not valid, was chosen"
    return f" was chosen, {tried['bic'].iloc[0] - best['bic']:,.0f} higher"


def kmeans_elbow(curve: pd.DataFrame, chosen: dict[str, Any], songs: int) -> Figure:
    """Inertia and silhouette of K-Means over its number of clusters K.

    Inertia, the sum of squared distances to the cluster's center in standardized features,
    always falls; a bend would speak for a K. The silhouette is higher when clusters are tight
    and apart, 1 at best and 0 when songs lie between clusters; its axis starts at 0, lest small
    differences look large. The dashed line is the chosen K.
    """
    k = chosen["n_components"]
    scored = int(curve["silhouette_songs"].iloc[0])
    sample = f"a random sample of {scored:,} of {songs:,}" if scored < songs else f"all {songs:,}"
    note = f"Diamond: the chosen K. Silhouette: the mean over {sample} songs, 1 at best."
    figure = blank(9, 4, elbow_finding(curve, k), note)
    titles = {"inertia": "inertia (squared standard deviations)", "silhouette": "silhouette"}
    for axes, (column, title) in zip(figure.subplots(1, 2), titles.items(), strict=True):
        bare(axes).plot(curve["k"], curve[column], "o-", color=PLAIN, markersize=4.5)
        mark_chosen(axes, k, curve.loc[curve["k"] == k, column])
        axes.set(title=title, xlabel="clusters K")
        whole_numbers(axes)
    inertia, silhouette = figure.axes
    inertia.yaxis.set_major_formatter("{x:,.0f}")
    minimum, maximum = min(0, curve["silhouette"].min()), curve["silhouette"].max()
    silhouette.set_ylim(1.15 * minimum, 1.15 * maximum if maximum > 0 else 0.05)
    return figure


def elbow_finding(curve: pd.DataFrame, k: int) -> str:
    """Say where the silhouette is highest, and how high it is at the chosen K."""
    best = curve.iloc[int(curve["silhouette"].to_numpy().argmax())]
    finding = f"K-Means: the silhouette is highest at K = {best['k']:.0f} ({best['silhouette']:.3f}"
    if best["k"] == k:
        return f"{finding}), which was chosen"
    here = curve.loc[curve["k"] == k, "silhouette"].iloc[0]
    return f"{finding}; {here:.3f} at the chosen K = {k})"
