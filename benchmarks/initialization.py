"""What initializations reach, on which table, from ten seeds; beside R's mclust where it is there.

    python -m benchmarks.initialization            after a run of the pipeline, ten minutes
    python -m benchmarks.initialization --mclust   with mclust on Spotify's 34,000 songs, an hour

The tables are those of benchmarks/songs.py; of Spotify's a sample is swept. Seeds are 1 to 10. A
fit counts as best when its BIC is within 0.5 of the least that any recipe here reached.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import SMALL, standardized_tables
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.criteria import Fit, evaluate_fit
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import posteriors
from song_mixtures.mixture.selection import best_fit
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from stages.k_sweep import Sweep, sweep_fits, tried

SEEDS = range(1, 11)
KS = {"demo": (3, 4, 5, 10), "GTZAN": (3, 4, 10), "Spotify": (10,)}
BEST_WITHIN = 0.5  # of BIC
MCLUST = Path(__file__).with_name("mclust.R")


@dataclass(frozen=True)
class Reached:
    """What fits of one table with one K came to, a seed each."""

    bics: FloatArray
    labels: list[IntArray]
    seconds: float  # a fit, on one core

    def agreement(self) -> float:
        """Return the mean adjusted Rand index between the labels of two seeds."""
        pairs = combinations(self.labels, 2)
        return float(np.mean([adjusted_rand_score(one, other) for one, other in pairs]))


def timed_fit(points: FloatArray, k: int, params: MixtureParams) -> tuple[Fit, IntArray, float]:
    """Return what one fit is worth, its hard labels, and its seconds of processor time."""
    begun = time.process_time()
    fitted = fit_mixture(points, k, "full", params)
    took = time.process_time() - begun
    labels: IntArray = posteriors(fitted.mixture, points)[0].argmax(axis=1)
    return evaluate_fit(fitted, points, params.reg_covar), labels, took


def reached(points: FloatArray, k: int, params: MixtureParams) -> Reached:
    """Return what fits from every seed come to."""
    timed_fit(points[:1000], 2, params)  # what is compiled and imported once
    calls = [(points, k, replace(params, seed=seed)) for seed in SEEDS]
    fits, labels, seconds = zip(*parallel_map(timed_fit, calls, Compute()), strict=True)
    return Reached(np.array([fit.bic for fit in fits]), list(labels), float(np.median(seconds)))


def mclust(points: FloatArray, k_min: int, k_max: int) -> tuple[float, FloatArray] | None:
    """Return mclust's seconds and its BIC for every K (NaN: no fit); None where R has no mclust."""
    if not shutil.which("Rscript"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.csv"
        np.savetxt(path, points, delimiter=",")
        command = ["Rscript", str(MCLUST), str(path), str(k_min), str(k_max)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    seconds, *bics = (np.nan if word == "NA" else float(word) for word in done.stdout.split())
    return seconds, np.array(bics)


def recipe_rows(name: str, points: FloatArray, params: MixtureParams) -> Iterator[list[str]]:
    """Yield rows of the first table: BIC by either recipe and by mclust at some K."""
    for k in KS[name]:
        by_recipe = {
            init: reached(points, k, replace(params, init=init)) for init in ("kmeans", "varied")
        }
        least = min(found.bics.min() for found in by_recipe.values())
        for init, found in by_recipe.items():
            best = int((found.bics < least + BEST_WITHIN).sum())
            yield [
                f"{name}, {len(points):,} songs",
                str(k),
                f"`{init}`",
                *(f"{bic:.1f}" for bic in np.quantile(found.bics, (0, 0.5, 1))),
                f"{best} of {len(SEEDS)}",
                f"{found.agreement():.2f}",
                f"{found.seconds:.2f}",
            ]
        theirs = mclust(points, k, k)
        if theirs:
            row = [f"{name}, {len(points):,} songs", str(k), "mclust"]
            yield [*row, *[f"{theirs[1][0]:.1f}"] * 3, "", "", f"{theirs[0]:.2f}"]


def sweeps(points: FloatArray, sweep: Sweep, params: MixtureParams) -> list[pd.DataFrame]:
    """Return the table of the sweep from every seed."""
    found, ks = [], tried(sweep, *points.shape)
    for seed in SEEDS:
        settings = replace(params, init="varied", seed=seed)
        fits = [fit for _, fit in sweep_fits(points, ks, settings, Compute()) if fit.k > 1]
        found.append(pd.DataFrame(fits))
    return found


def sweep_row(name: str, sweep: Sweep, params: MixtureParams) -> list[str]:
    """Return a row of the second table: the best K from every seed, and how far mclust is ahead."""
    points = standardized_tables()[name]
    found = sweeps(points, sweep, params)
    best = [int(best_fit(fits, "bic")["k"]) for fits in found]
    counted = ", ".join(f"K = {k}: {best.count(k)}" for k in sorted(set(best)))
    least = np.mean([np.sort(fits["bic"])[:2] for fits in found], axis=0)
    theirs = mclust(points, sweep.k_min, sweep.k_max)
    row = [f"{name}, {len(points):,} songs", counted]
    row += [f"{least[1] - least[0]:.1f}"]
    return [*row, *(mclust_cells(found, theirs[1]) if theirs else ["not there"] * 2)]


def mclust_cells(found: list[pd.DataFrame], theirs: FloatArray) -> list[str]:
    """Return mclust's lowest BIC, and the largest lead of it over any seed of ours.

    The lead is that at any K whose fit is valid from every seed: mclust keeps fits that are not.
    """
    ks, seeds = found[0]["k"], [fits["bic"].to_numpy() for fits in found]
    valid = np.all([fits["valid"] == 1 for fits in found], axis=0)
    leads = np.where(valid, np.max(seeds, axis=0) - theirs, np.nan)
    worst = int(np.nanargmax(leads))
    lowest = int(np.nanargmin(theirs))
    return [
        f"K = {ks[lowest]}: {theirs[lowest]:.1f}",
        f"{leads[worst]:+.1f} at K = {ks[worst]}",
    ]


def main() -> None:
    """Print both tables and put them into docs/method.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.initialization")
    parser.add_argument("--mclust", action="store_true", help="on Spotify's 34,000 songs, too")
    everything = parser.parse_args().mclust
    params = read_params("mixture", MixtureParams)
    sweep = replace(read_params("k_sweep", Sweep), covariance_types=("full",))
    names = [name for name in KS if name in standardized_tables()]
    if mclust(standardized_tables()["demo"], 2, 2) is None:
        print("R with mclust is not there (Debian: apt-get install r-cran-mclust)")
    rows = [row for name in names for row in recipe_rows(name, standardized_tables()[name], params)]
    header = ["table", "K", "initialization", "BIC, least", "median", "greatest"]
    header += ["best from", "ARI between seeds", "seconds"]
    swept = [name for name in SMALL if name in standardized_tables()] + ["Spotify"] * everything
    second = [sweep_row(name, sweep, params) for name in swept]
    head = ["sweep K = 2 … 20, `varied`", "lowest BIC, of 10 seeds", "second lowest above it"]
    head += ["mclust's lowest", "mclust's K ahead at most"]
    put_table(
        DOCS / "method.md",
        "initialization",
        f"{markdown(header, rows)}\n\n{markdown(head, second)}",
    )


if __name__ == "__main__":
    run_program(main)
