"""Decide which mixture is trained: a fixed K, or the sweep's best by a criterion.

Of the decision nothing is written but K, the covariance type and the mixture that the sweep fitted
for them: as long as these stay the same, nothing is trained again, however the sweep has changed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd

from song_mixtures.mixture.model import CovarianceType
from song_mixtures.mixture.selection import best_fit, largest_supported, lowest, mixture_name
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.stage import run, say
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


def choose(fits: pd.DataFrame, choice: Choice, stability: pd.DataFrame) -> dict[str, int | str]:
    """Return the chosen n_components and covariance_type."""
    if choice.by == "fixed":
        return {"n_components": choice.n_components, "covariance_type": choice.covariance_type}
    by_stability = choice.by == "stability"
    best = largest_supported(stability) if by_stability else best_fit(fits, choice.by)
    return {"n_components": int(best["k"]), "covariance_type": str(best["covariance_type"])}


def chosen_mixture(
    mixtures: list[dict[str, Any]], chosen: dict[str, int | str]
) -> dict[str, Any] | None:
    """Return the mixture that the sweep fitted for the choice; None where it did not try it."""
    for mixture in mixtures:
        if [len(mixture["weights"]), mixture["covariance_type"]] == [*chosen.values()]:
            return mixture
    return None


def summarize(fits: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics: where each criterion is lowest, of the valid fits."""
    return {
        "bic_best_k": int(best_fit(fits, "bic")["k"]),
        "aic_best_k": int(best_fit(fits, "aic")["k"]),
        "icl_best_k": int(best_fit(fits, "icl")["k"]),
    }


def outcome(fits: pd.DataFrame, choice: Choice, chosen: dict[str, int | str]) -> str:
    """Return the line that says what came out, and what BIC thinks of it."""
    taken = pd.Series({"k": chosen["n_components"], "covariance_type": chosen["covariance_type"]})
    line = f"K = {taken['k']}, {taken['covariance_type']} ({choice.by})"
    same = fits[(fits["k"] == taken["k"]) & (fits["covariance_type"] == taken["covariance_type"])]
    if same.empty:
        return f"{line}; the sweep did not try it"
    if not same["valid"].iloc[0]:
        line += ", whose fit in the sweep is not valid"
    best = best_fit(fits, "bic")
    if (best["k"], best["covariance_type"]) == (taken["k"], taken["covariance_type"]):
        return f"{line}; BIC is lowest there"
    lead = same["bic"].iloc[0] - best["bic"]
    far = f", {lead:.1f} below that of the chosen one" if lead > 0 else ", of the valid fits"
    return f"{line}; BIC is lowest at {mixture_name(best, fits)}{far}"


def main() -> None:
    """Read the sweep, write the decision and its mixture."""
    tables = read_params("tables", Tables)
    choice = read_params("choose_k", Choice)
    fits = tables.read(K_SWEEP)

    chosen = choose(fits, choice, tables.read(STABILITY))

    write_json(CHOSEN_K, chosen)
    write_json(CHOSEN_MIXTURE, chosen_mixture(read_json(SWEEP)["mixtures"], chosen))
    write_metrics(METRICS, summarize(fits))
    say(lowest(fits))
    say(outcome(fits, choice, chosen))


if __name__ == "__main__":
    run(main)
