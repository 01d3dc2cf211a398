"""Fit a mixture for every K, and for every covariance type, and say what each is worth.

One Gaussian, K = 1, is always among them: songs that it describes as well have no groups. Every
mixture is kept, and the one that choose_k chooses is the one that train_gmm writes, so the row of
its K shows the same numbers. A criterion sees only how well a density describes these songs, not
whether its components mean anything to a listener.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.criteria import Fit, evaluate_fit, largest_k, own_parameters
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, FittedMixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.progress.bars import with_bar, write_line
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")
SWEEP = Path("models/sweep.json")
METRICS = Path("metrics/k_sweep.json")

# Covariance types with fewer parameters than full, tried where songs are few.
FRUGAL: tuple[CovarianceType, ...] = ("diag", "spherical")


@dataclass(frozen=True)
class Sweep:
    """Which mixtures are tried."""

    k_min: Annotated[int, Range(2)]
    k_max: Annotated[int, Range(2)]
    covariance_types: tuple[CovarianceType, ...]

    def __post_init__(self) -> None:
        if self.k_max < self.k_min:
            raise ValueError(f"k_max is {self.k_max}, expected at least k_min, {self.k_min}")
        if len(set(self.covariance_types)) < len(self.covariance_types):
            raise ValueError(f"covariance_types names one type twice: {self.covariance_types}")


Tried = dict[CovarianceType, range]  # the K of each covariance type


def tried(sweep: Sweep, songs: int, d: int) -> Tried:
    """Return which K above 1 the sweep tries of which covariance type, with so many songs.

    A component needs as many songs as it has parameters of its own, so K ends where not every one
    can have them. Where that cuts a type short, diag and spherical are tried too: they need fewer.
    """
    types = list(sweep.covariance_types)
    if any(largest_k(songs, d, kind) < sweep.k_max for kind in types):
        types += [kind for kind in FRUGAL if kind not in types]
    return {
        kind: range(sweep.k_min, min(sweep.k_max, largest_k(songs, d, kind)) + 1) for kind in types
    }


def check_enough_songs(ks: Tried, sweep: Sweep, points: FloatArray) -> None:
    """Raise a StageError where no mixture of two components or more can be tried."""
    if any(ks.values()):
        return
    songs, d = points.shape
    least = sweep.k_min * min(own_parameters(d, kind) for kind in ks)
    raise StageError(
        f"{songs} songs, expected at least {least}, for a component needs as many songs as it has "
        f"parameters of its own ({own_parameters(d, 'spherical')} when spherical) and "
        f"k_sweep.k_min is {sweep.k_min}; give more songs"
    )


def cut_short(ks: Tried, sweep: Sweep, points: FloatArray) -> str:
    """Return in words where songs are too few for the whole sweep, "" where they are not."""
    songs, d = points.shape
    ends = [
        f"{kind} K = {max(span)} ({own_parameters(d, kind)})"
        if span
        else f"{kind} not at all ({own_parameters(d, kind)})"
        for kind, span in ks.items()
    ]
    if all(span and max(span) == sweep.k_max for span in ks.values()):
        return ""
    return (
        f"{songs} songs: a component needs as many as it has parameters of its own (in brackets), "
        f"so tried are at most {', '.join(ends)}"
    )


def fit_and_evaluate(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    mixture: MixtureParams,
    log_jacobian: float = 0.0,
) -> tuple[FittedMixture, Fit]:
    """Fit one mixture of the sweep and say what it is worth.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 1 or more
    covariance_type : covariance type
    mixture : how it is fitted
    log_jacobian : of the points, Scaling.log_jacobian(), nats
    """
    fitted = fit_mixture(points, k, covariance_type, mixture)
    return fitted, evaluate_fit(fitted, points, mixture.reg_covar, log_jacobian)


def sweep_fits(
    points: FloatArray,
    ks: Tried,
    mixture: MixtureParams,
    compute: Compute,
    log_jacobian: float = 0.0,
) -> Iterator[tuple[FittedMixture, Fit]]:
    """Yield the fits in order of covariance type and K, fitted in parallel, one thread each.

    Parameters
    ----------
    points : standardized features, (N, d)
    ks : which K besides 1 are fitted, of which covariance type
    mixture : how each is fitted
    compute : where they are fitted
    log_jacobian : of the points, Scaling.log_jacobian(), nats
    """
    fits = ((k, kind) for kind, span in ks.items() for k in (1, *span))
    calls = ((points, k, kind, mixture, log_jacobian) for k, kind in fits)
    # Varied initializations are compiled throughout; scikit-learn's K-Means would hold the lock.
    threads = mixture.init == "varied"
    return parallel_map(fit_and_evaluate, calls, compute, large=[points], threads=threads)


def row_text(fit: Fit) -> str:
    """Return a fit as the line that is printed as soon as it is there."""
    return (
        f"K {fit.k:3d} {fit.covariance_type:9s}  log-likelihood {fit.log_likelihood:12.1f}  "
        f"BIC {fit.bic:12.1f}  AIC {fit.aic:12.1f}  ICL {fit.icl:12.1f}  "
        f"{fit.iterations:4d} iterations  {fit.fault or 'valid'}"
    )


def summarize(fits: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics."""
    return {
        "fits_count": len(fits),
        "not_converged_count": int((fits["converged"] == 0).sum()),
        "invalid_count": int((fits["valid"] == 0).sum()),
    }


def outcome(fits: pd.DataFrame) -> str:
    """Return the line that says what came out; which fit is best is choose_k's to say."""
    invalid = fits[fits["valid"] == 0].groupby("covariance_type", sort=False)["k"]
    where = "; ".join(f"{kind} K = {', '.join(map(str, ks))}" for kind, ks in invalid)
    faults = f"{invalid.size().sum()} not valid ({where})" if where else "all valid"
    return f"{len(fits)} fits; {faults}"


def main() -> None:
    """Fit the mixtures one after another, print each, write them and the table of all."""
    tables = read_params("tables", Tables)
    sweep = read_params("k_sweep", Sweep)
    mixture = read_params("mixture", MixtureParams)
    compute = read_params("compute", Compute)
    scaling = Scaling.from_json(read_json(SCALING))
    songs = tables.read(FEATURES_SELECTED, scaling.features)
    points = scaling.standardize(songs)
    ks = tried(sweep, *points.shape)
    check_enough_songs(ks, sweep, points)
    if short := cut_short(ks, sweep, points):
        say(short)

    mixtures, fits = [], []
    log_jacobian = scaling.log_jacobian(songs)
    del songs  # so that they do not wait in memory for all fits
    found = sweep_fits(points, ks, mixture, compute, log_jacobian)
    count = sum(1 + len(span) for span in ks.values())
    for fitted, fit in with_bar(found, "mixtures", count):
        write_line(row_text(fit))
        mixtures.append(fitted.to_json())
        fits.append(fit)
    table = pd.DataFrame(fits)

    tables.write(K_SWEEP, table)
    write_json(SWEEP, {"features": list(scaling.features), "mixtures": mixtures})
    write_metrics(METRICS, summarize(table))
    say(outcome(table))


if __name__ == "__main__":
    run(main)
