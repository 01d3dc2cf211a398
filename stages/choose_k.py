"""Decide which mixture is trained: a fixed K, or the sweep's best by a criterion.

Only the decision is written. As long as it stays the same, nothing after it runs again, however
the sweep has changed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd

from song_mixtures.files import Tables, write_json
from song_mixtures.mixture import CovarianceType, best_fit
from song_mixtures.params import Range, read_params
from song_mixtures.stage import run, say

K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
CHOSEN_K = Path("models/chosen_k.json")  # to train_gmm, kmeans, figures


@dataclass(frozen=True)
class Choice:
    """How K is chosen; the two last values count when it is fixed."""

    by: Literal["fixed", "bic", "aic", "icl"]
    n_components: Annotated[int, Range(2)]
    covariance_type: CovarianceType


def choose(fits: pd.DataFrame, choice: Choice) -> dict[str, int | str]:
    """Return the chosen n_components and covariance_type."""
    if choice.by == "fixed":
        return {"n_components": choice.n_components, "covariance_type": choice.covariance_type}
    best = best_fit(fits, choice.by)
    return {"n_components": int(best["k"]), "covariance_type": str(best["covariance_type"])}


def outcome(fits: pd.DataFrame, choice: Choice, chosen: dict[str, int | str]) -> str:
    """Return the line that says what came out, and what BIC thinks of it."""
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    best = best_fit(fits, "bic")
    line = f"K = {k}, {covariance_type} ({choice.by}); BIC is lowest at K = {best['k']}"
    same = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)]
    if same.empty:
        return f"{line}; the sweep did not try K = {k}, {covariance_type}"
    return f"{line}, {same['bic'].iloc[0] - best['bic']:.1f} below that of the chosen one"


def main() -> None:
    """Read the sweep, write the decision."""
    tables = read_params("tables", Tables)
    choice = read_params("choose_k", Choice)
    fits = tables.read(K_SWEEP)

    chosen = choose(fits, choice)

    write_json(CHOSEN_K, chosen)
    say(outcome(fits, choice, chosen))


if __name__ == "__main__":
    run(main)
