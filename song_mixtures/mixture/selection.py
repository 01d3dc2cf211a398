"""Which fit of the sweep is best by a criterion, which come near it, and how that is said."""

import math

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import BoolArray, FloatArray
from song_mixtures.pipeline.stage import StageError

CRITERIA = ("bic", "aic", "icl")
LARGEST = "the largest tried"
# A difference of BIC above 10 is very strong evidence, Kass & Raftery (1995), section 3.2.
CLOSE = 10.0
# Hennig (2007): a component whose mean Jaccard index over refits is below 0.6 is not to be trusted;
# from 0.75 on it is stable.
TRUSTED, STABLE = 0.6, 0.75
# Standard errors to either side of a mean, within which 90 % of such means lie.
NINETY_PERCENT = 1.645
SAID_OF = {"fixed": "fixed in params.yaml"} | {
    name: f"where {name.upper()} is lowest" for name in CRITERIA
}
SAID_OF["stability"] = "the largest that the songs support"


# Songs for each parameter that a component has of its own, on average. Our choice: 1,000 songs at
# K = 10, full, have 5.0 in five features and 1.9 in nine, where a fit gains 1.4 nats per song on
# its own songs beside others (0.5 in five).
FEW_SONGS = 4.0


def few_songs(
    songs_per_parameter: float, n_components: int, covariance_type: str, by: str
) -> tuple[str, str] | None:
    """Return what is said of too few songs for so many parameters, and a line that helps, or "".

    None where there are enough.

    Parameters
    ----------
    songs_per_parameter : songs / (K q), with q of (5a)
    n_components : K
    covariance_type : of the mixture
    by : choose_k.by
    """
    if songs_per_parameter >= FEW_SONGS:
        return None
    fewer = {"full": ("tied", "diag"), "diag": ("tied", "spherical")}.get(covariance_type, ())
    largest = int(n_components * songs_per_parameter / FEW_SONGS)
    sentence = (
        f"only {songs_per_parameter:.1f} songs for each parameter that a component has of its own, "
        f"and {FEW_SONGS:g} are few: components follow chance"
    )
    if fewer:
        sentence += f"; {' and '.join(fewer)} covariances have fewer"
        line = f"-S choose_k.covariance_type={fewer[0]}"
        if by != "fixed":
            line = f"-S 'k_sweep.covariance_types=[{','.join(fewer)}]'"
        return sentence, f"dvc exp run {line}"
    if largest < 2:
        return f"{sentence}; give more songs, or fewer features", ""
    key = "choose_k.n_components" if by == "fixed" else "k_sweep.k_max"
    return f"{sentence}; fewer components have fewer", f"dvc exp run -S {key}={largest}"


def mixture_name(fit: pd.Series, fits: pd.DataFrame) -> str:
    """Return a fit's K, and its covariance type where that is not the only one among the fits."""
    only = set(fits["covariance_type"]) == {fit["covariance_type"]}
    return f"K = {fit['k']}" if only else f"K = {fit['k']}, {fit['covariance_type']}"


def standing(fits: pd.DataFrame) -> pd.DataFrame:
    """Return the fits that are valid, or all where none is.

    A degenerate component buys likelihood with a spike, so its fit does not stand beside others.
    """
    return fits[fits["valid"] == 1] if fits["valid"].any() else fits


def best_fit(fits: pd.DataFrame, criterion: str) -> pd.Series:
    """Return the row of a table of fits where a criterion is lowest, of the standing ones."""
    stand = standing(fits)
    return stand.iloc[int(stand[criterion].to_numpy().argmin())]


def close_fits(fits: pd.DataFrame) -> pd.DataFrame:
    """Return the standing fits within CLOSE of the lowest BIC, that one among them."""
    stand = standing(fits)
    return stand[stand["bic"] <= stand["bic"].min() + CLOSE]


def also_close(fits: pd.DataFrame) -> str:
    """Return in words which fits come near the lowest BIC, "" where none does."""
    best = best_fit(fits, "bic")
    names = [mixture_name(fit, fits) for i, fit in close_fits(fits).iterrows() if i != best.name]
    return f"{' and '.join(names)} within {CLOSE:g} of the lowest BIC" if names else ""


def lead_over_one(fits: pd.DataFrame) -> float:
    """Return how far the lowest BIC of the mixtures lies below that of one Gaussian."""
    one = fits["k"] == 1
    return float(fits.loc[one, "bic"].min() - best_fit(fits[~one], "bic")["bic"])


def lowest(fits: pd.DataFrame) -> str:
    """Return in words where each criterion is lowest, and which of them may fall further."""
    best = {name.upper(): best_fit(fits, name) for name in CRITERIA}
    at = ", ".join(f"{name} at {mixture_name(fit, fits)}" for name, fit in best.items())
    notes = [note for note in (also_close(fits), still_falling(fits)) if note]
    return f"lowest {at}" + (f" ({'; '.join(notes)})" if notes else "")


def still_falling(fits: pd.DataFrame) -> str:
    """Return in words which criteria are lowest at the largest K, "" where none is."""
    names = [name.upper() for name in CRITERIA if edge(fits, name) == LARGEST]
    return f"{' and '.join(names)} still falling at the largest K" if names else ""


def edge(fits: pd.DataFrame, criterion: str) -> str:
    """Return in words that a criterion is lowest at the end of the sweep, "" where it is not."""
    return LARGEST if best_fit(fits, criterion)["k"] == fits["k"].max() else ""


def lowest_at(fits: pd.DataFrame, criterion: str) -> str:
    """Return in words where a criterion is lowest, and whether at its end."""
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


def borderline(jaccards: FloatArray, errors: FloatArray) -> BoolArray:
    """Tell which components other refits may judge otherwise: 0.6 is within the mean's 90 %.

    Parameters
    ----------
    jaccards : mean Jaccard index of each component, (K,)
    errors : their standard errors, (K,)
    """
    within: BoolArray = np.abs(jaccards - TRUSTED) < NINETY_PERCENT * errors
    return within


def comes_back(jaccard: float, error: float | None = None) -> str:
    """Return in words whether a component comes back when the mixture is fitted again.

    Parameters
    ----------
    jaccard : its mean Jaccard index, 0 to 1
    error : the standard error of that, written where given
    """
    word = "yes" if jaccard >= STABLE else "partly" if jaccard >= TRUSTED else "no"
    written = f"{math.floor(100 * jaccard) / 100:.2f}"  # 0.598 is not 0.60, which is partly
    return f"{word} ({written})" if error is None else f"{word} ({written} ± {error:.2f})"
