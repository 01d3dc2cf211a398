"""Decide which mixture is trained: a fixed K, or the sweep's best by a criterion.

Of the decision nothing is written but K, the covariance type and the mixture that the sweep fitted
for them: as long as these stay the same, nothing is trained again, however the sweep has changed.
A mixture that is not valid is never trained: it is refused here, with what to run instead.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd

from song_mixtures.fitting.criteria import own_parameters
from song_mixtures.mixture.model import CovarianceType
from song_mixtures.mixture.selection import (
    best_fit,
    close_fits,
    few_songs,
    largest_supported,
    lead_over_one,
    lowest,
    mixture_name,
)
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
SWEEP = Path("models/sweep.json")  # from k_sweep
STABILITY = Path("data/processed/stability.csv")  # from stability
CHOSEN_K = Path("models/chosen_k.json")
CHOSEN_MIXTURE = Path("models/chosen_mixture.json")
METRICS = Path("metrics/choose_k.json")


@dataclass(frozen=True)
class Choice:
    """How K is chosen; the two last values count when it is fixed."""

    by: Literal["fixed", "bic", "aic", "icl", "stability"]
    n_components: Annotated[int, Range(2)]
    covariance_type: CovarianceType


def choose(fits: pd.DataFrame, choice: Choice, d: int, stability: pd.DataFrame) -> dict[str, Any]:
    """Return the chosen n_components and covariance_type.

    Raises StageError where that mixture, or every one of the sweep, is not valid.

    Parameters
    ----------
    fits : the table of the sweep
    choice : section `choose_k`
    d : features
    stability : the table of stage stability
    """
    mixtures = fits[fits["k"] > 1]
    if choice.by == "fixed":
        check_bearable(fits, choice, d)
        return {"n_components": choice.n_components, "covariance_type": choice.covariance_type}
    if not mixtures["valid"].any():
        raise StageError(f"no mixture of the sweep is valid{instead(fits)}")
    by_stability = choice.by == "stability"
    best = largest_supported(stability) if by_stability else best_fit(mixtures, choice.by)
    return {"n_components": int(best["k"]), "covariance_type": str(best["covariance_type"])}


def same_fit(fits: pd.DataFrame, k: int, covariance_type: str) -> pd.Series | None:
    """Return the row of the sweep for a mixture, None where it did not try that one."""
    same = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)]
    return None if same.empty else same.iloc[0]


def check_bearable(fits: pd.DataFrame, choice: Choice, d: int) -> None:
    """Raise a StageError where the fixed mixture is not valid, or cannot be with so few songs."""
    k, kind, songs = choice.n_components, choice.covariance_type, int(fits["songs"].iloc[0])
    tried = same_fit(fits, k, kind)
    asked = f"choose_k asks for K = {k}, {kind}"
    if tried is not None and not tried["valid"]:
        raise StageError(f"{asked}, whose fit is not valid: {tried['fault']}{instead(fits)}")
    own = own_parameters(d, kind)
    if songs < k * own:
        raise StageError(
            f"{asked}, for which {songs} songs are too few: expected at least {k * own}, {own} "
            f"for each component, as many as it has parameters of its own{instead(fits)}"
        )


def instead(fits: pd.DataFrame) -> str:
    """Return the end of a refusal: what can be trained instead, and the line that does."""
    mixtures = fits[fits["k"] > 1]
    if mixtures["valid"].any():
        best = best_fit(mixtures, "bic")
        return (
            f"; `dvc exp run -S choose_k.by=bic` trains the valid fit with the lowest BIC, "
            f"K = {best['k']}, {best['covariance_type']}"
        )
    first = mixtures.iloc[0]
    why = f" (K = {first['k']}, {first['covariance_type']}: {first['fault']})"
    if "spherical" in set(mixtures["covariance_type"]):
        return f"{why}; so few songs, or so few values of their features, show no groups: give more"
    return (
        f"{why}; `dvc exp run -S choose_k.by=bic -S 'k_sweep.covariance_types=[diag,spherical]'` "
        "tries mixtures with fewer parameters"
    )


def chosen_mixture(mixtures: list[dict[str, Any]], chosen: dict[str, Any]) -> dict[str, Any] | None:
    """Return the mixture that the sweep fitted for the choice; None where it did not try it."""
    for mixture in mixtures:
        if [len(mixture["weights"]), mixture["covariance_type"]] == [*chosen.values()]:
            return mixture
    return None


def summarize(fits: pd.DataFrame, chosen: dict[str, Any], d: int) -> dict[str, float]:
    """Return the stage's metrics: where criteria are lowest, and by how much; d features."""
    best, close = best_fit(fits, "bic"), close_fits(fits)["k"]
    own = chosen["n_components"] * own_parameters(d, chosen["covariance_type"])
    metrics = {
        "songs_per_own_parameter": int(fits["songs"].iloc[0]) / own,
        "bic_best_k": int(best["k"]),
        "aic_best_k": int(best_fit(fits, "aic")["k"]),
        "icl_best_k": int(best_fit(fits, "icl")["k"]),
        "bic_lead_over_one_gaussian": lead_over_one(fits),
        "bic_within_10_count": len(close),
        "bic_within_10_min_k": int(close.min()),
        "bic_within_10_max_k": int(close.max()),
    }
    taken = same_fit(fits, chosen["n_components"], chosen["covariance_type"])
    if taken is None:
        return metrics
    return metrics | {"chosen_above_lowest_bic": taken["bic"] - best["bic"]}


def warnings_of(metrics: dict[str, float], chosen: dict[str, Any], by: str) -> list[str]:
    """Return what may spoil the mixture and the line that helps."""
    if few := few_songs(metrics["songs_per_own_parameter"], by=by, **chosen):
        return [f"warning: {few[0]}{f': `{few[1]}`' if few[1] else ''}"]
    return []


def outcome(fits: pd.DataFrame, choice: Choice, chosen: dict[str, Any]) -> str:
    """Return the line that says what came out, and what BIC thinks of it."""
    taken = same_fit(fits, chosen["n_components"], chosen["covariance_type"])
    line = f"K = {chosen['n_components']}, {chosen['covariance_type']} ({choice.by})"
    if taken is None:
        return f"{line}; the sweep did not try it"
    best = best_fit(fits, "bic")
    if best.name == taken.name:
        return f"{line}; BIC is lowest there"
    if best["k"] == 1:
        return f"{line}; BIC is lowest at K = 1: one Gaussian describes these songs better"
    lead = taken["bic"] - best["bic"]
    return f"{line}; BIC is lowest at {mixture_name(best, fits)}, {lead:.1f} below that"


def main() -> None:
    """Read the sweep, write the decision and its mixture."""
    tables = read_params("tables", Tables)
    choice = read_params("choose_k", Choice)
    fits = tables.read(K_SWEEP)

    sweep, stability = read_json(SWEEP), tables.read(STABILITY)

    d = len(sweep["features"])
    chosen = choose(fits, choice, d, stability)
    metrics = summarize(fits, chosen, d)

    write_json(CHOSEN_K, chosen)
    write_json(CHOSEN_MIXTURE, chosen_mixture(sweep["mixtures"], chosen))
    write_metrics(METRICS, metrics)
    for warning in warnings_of(metrics, chosen, choice.by):
        say(warning)
    say(lowest(fits))
    say(outcome(fits, choice, chosen))


if __name__ == "__main__":
    run(main)
