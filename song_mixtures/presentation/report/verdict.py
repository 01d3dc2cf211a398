"""What was found, in plain words: the first thing that a run says of its songs.

Are there groups at all, how many do the songs support, how far can the trained ones be trusted,
and what to try next. No term of statistics stands in the headline, and no result that would not
come back reads as a good one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from song_mixtures.mixture.selection import CLOSE, also_close, best_fit, mixture_name

AGAIN = "with other songs of the same kind"


@dataclass(frozen=True)
class Verdict:
    """The headline, the evidence for it in three sentences, and the next command to try."""

    headline: str
    groups: str
    number: str
    trust: str
    next: str


def verdict(
    metrics: Mapping[str, Mapping[str, Any]],
    k: int,
    fits: pd.DataFrame,
    stability: pd.DataFrame,
    lead: float,
) -> Verdict:
    """Say what was found.

    Parameters
    ----------
    metrics : metrics/<stage>.json by the name of the stage
    k : components that were trained
    fits : the table of k_sweep
    stability : the table of stability, of a few K
    lead : stability.lead, by which a mixture's ARI must exceed that of tables without groups
    """
    return Verdict(
        headline(metrics, k, lead),
        groups(metrics, stability, lead),
        number(metrics, fits, stability),
        trust(metrics, k),
        next_command(metrics, k),
    )


def comes_back(metrics: Mapping[str, Mapping[str, Any]], lead: float) -> bool:
    """Tell whether refits of the trained mixture agree more than on tables without groups."""
    refits = metrics["refits"]
    return bool(refits["ari"] - refits["reference_ari"] >= lead)


def headline(metrics: Mapping[str, Mapping[str, Any]], k: int, lead: float) -> str:
    """Return the one sentence to come away with."""
    trusted = int(metrics["refits"]["trusted_components_count"])
    supported = int(metrics["stability"]["largest_supported_k"])
    others = f"; {supported} groups would" if supported else "; they divide a continuum"
    if metrics["choose_k"]["bic_best_k"] == 1:
        return "No groups: one Gaussian describes these songs better than any mixture"
    if trusted == k and comes_back(metrics, lead):
        return f"{k} groups that hold: {AGAIN} each of them would come back"
    if trusted == k:
        return f"{k} groups that come back, but no more than in songs without groups"
    if trusted:
        return f"Not {k} groups: {AGAIN} only {trusted} of these would come back{others}"
    return f"Not {k} groups: {AGAIN} none of these would come back{others}"


def groups(metrics: Mapping[str, Mapping[str, Any]], stability: pd.DataFrame, lead: float) -> str:
    """Say whether there are groups at all: against one Gaussian, and against none."""
    ahead = metrics["choose_k"]["bic_lead_over_one_gaussian"]
    gaussian = (
        f"the best mixture's BIC is {abs(ahead):,.0f} "
        f"{'below' if ahead > 0 else 'above'} that of one Gaussian"
    )
    if stability.empty:
        return f"{'Perhaps' if ahead > CLOSE else 'None'}: {gaussian}; none was fitted again"
    leads = stability["ari"] - stability["reference_ari"]
    best = stability.iloc[int(leads.to_numpy().argmax())]
    answer = "Yes" if ahead > CLOSE and leads.max() >= lead else "Hardly"
    return (
        f"{answer if ahead > 0 else 'None'}: {gaussian}; fitted again to songs drawn anew, "
        f"{mixture_name(best, stability)} agrees best in comparison with songs without groups "
        f"(ARI {best['ari']:.2f}, without groups {best['reference_ari']:.2f})"
    )


def number(
    metrics: Mapping[str, Mapping[str, Any]], fits: pd.DataFrame, stability: pd.DataFrame
) -> str:
    """Say how many groups the songs support, by each of those who can be asked."""
    near = also_close(fits)
    said = f"BIC is lowest at {mixture_name(best_fit(fits, 'bic'), fits)}"
    said += f" ({near})" if near else ""
    said += f", ICL at {mixture_name(best_fit(fits, 'icl'), fits)}"
    if stability.empty:
        return said
    tried = f"of K = {stability['k'].min()} to {stability['k'].max()}"
    largest = int(metrics["stability"]["largest_supported_k"])
    if not largest:
        return f"{said}; {tried} none has all its components come back"
    return f"{said}; {tried} the largest all of whose components come back is {largest}"


def trust(metrics: Mapping[str, Mapping[str, Any]], k: int) -> str:
    """Say how far the trained components, and what is said of each song, can be trusted."""
    trusted = int(metrics["refits"]["trusted_components_count"])
    stable = int(metrics["refits"]["stable_components_count"])
    said = {0: f"None of the {k} comes", 1: f"One of the {k} comes", k: f"All {k} come"}
    unsure = int(metrics["refits"]["borderline_components_count"])
    judged = f" (other refits might judge {unsure} of them otherwise)" if unsure else ""
    return (
        f"{said.get(trusted, f'{trusted} of the {k} come')} back when the mixture is fitted again"
        f"{f', {stable} nearly unchanged' if stable else ''}{judged}; a song keeps its component "
        f"in {metrics['uncertainty']['mean_kept_share']:.0%} of these fits"
    )


def next_command(metrics: Mapping[str, Mapping[str, Any]], k: int) -> str:
    """Return what to run next, a line to paste."""
    supported = int(metrics["stability"]["largest_supported_k"])
    if metrics["refits"]["trusted_components_count"] == k:
        return "dvc plots show"
    if supported and supported != k:
        return "dvc exp run -S choose_k.by=stability"
    if metrics["choose_k"]["bic_best_k"] not in (1, k):
        return "dvc exp run -S choose_k.by=bic"
    if k == 2:  # there is no smaller number to try
        return "dvc plots show"
    return f"dvc exp run -S choose_k.by=fixed -S choose_k.n_components={max(2, k // 2)}"
