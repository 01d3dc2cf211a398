"""Which fit of the sweep is best by a criterion, at which end of it, and how that is said."""

import pandas as pd

from song_mixtures.pipeline.stage import StageError

CRITERIA = ("bic", "aic", "icl")
LARGEST, SMALLEST = "the largest tried", "the smallest tried"
SAID_OF = {"fixed": "fixed in params.yaml"} | {
    name: f"where {name.upper()} is lowest" for name in CRITERIA
}
SAID_OF["stability"] = "the largest that the songs support"


def mixture_name(fit: pd.Series, fits: pd.DataFrame) -> str:
    """Return a fit's K, and its covariance type where that is not the only one among the fits."""
    only = set(fits["covariance_type"]) == {fit["covariance_type"]}
    return f"K = {fit['k']}" if only else f"K = {fit['k']}, {fit['covariance_type']}"


def best_fit(fits: pd.DataFrame, criterion: str) -> pd.Series:
    """Return the row of a table of fits where a criterion is lowest.

    A fit that is not valid does not stand: a degenerate component buys likelihood with a spike.
    Where none is valid, all of them stand.
    """
    standing = fits[fits["valid"] == 1] if fits["valid"].any() else fits
    return standing.iloc[int(standing[criterion].to_numpy().argmin())]


def lowest(fits: pd.DataFrame) -> str:
    """Return in words where each criterion is lowest, and which of them may fall further."""
    best = {name.upper(): best_fit(fits, name) for name in CRITERIA}
    at = ", ".join(f"{name} at {mixture_name(fit, fits)}" for name, fit in best.items())
    falling = still_falling(fits)
    return f"lowest {at}" + (f" ({falling})" if falling else "")


def still_falling(fits: pd.DataFrame) -> str:
    """Return in words which criteria are lowest at the largest K, "" where none is."""
    names = [name.upper() for name in CRITERIA if edge(fits, name) == LARGEST]
    return f"{' and '.join(names)} still falling at the largest K" if names else ""


def edge(fits: pd.DataFrame, criterion: str) -> str:
    """Return in words at which end of the sweep a criterion is lowest, "" where at none."""
    k = best_fit(fits, criterion)["k"]
    if k == fits["k"].max():
        return LARGEST
    return SMALLEST if k == fits["k"].min() else ""


def lowest_at(fits: pd.DataFrame, criterion: str) -> str:
    """Return in words where a criterion is lowest, and whether at an end of the sweep."""
    end = edge(fits, criterion)
    return mixture_name(best_fit(fits, criterion), fits) + (f", {end}" if end else "")


def largest_supported(mixtures: pd.DataFrame) -> pd.Series:
    """Return the row of stage stability's table with the largest supported K.

    Of equal K the one whose ARI leads most. Raises StageError where the songs support none.
    """
    supported = mixtures[mixtures["supported"] == 1]
    if supported.empty:
        tried = ", ".join(str(k) for k in sorted(set(mixtures["k"])))
        raise StageError(
            f"choose_k.by is stability, but of K = {tried or 'none tried'} the songs support no "
            "mixture: not every component comes back, or no more than in a table without groups "
            "(data/processed/stability says which); the songs may have no groups. To try another "
            "K: dvc exp run -S 'stability.n_components=[6,7,8]'; to describe the density alone: "
            "dvc exp run -S choose_k.by=bic"
        )
    lead = supported["ari"] - supported["reference_ari"]
    return supported.assign(lead=lead).sort_values(["k", "lead"]).iloc[-1]
