"""How stable components are by refits of fewer initializations, by refits of all, and by R's fpc.

    python -m benchmarks.stability        after a run of the pipeline, ten minutes

Refits of either recipe draw the same songs, so their difference is that of the recipes. fpc gets
the same fit and refits it by mclust (Debian: apt-get install r-cran-fpc). A second table asks which
rule says the same of a component by few refits and by more.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import SMALL, standardized_tables
from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import NINETY_PERCENT, TRUSTED
from song_mixtures.pipeline.arrays import BoolArray, FloatArray
from song_mixtures.pipeline.params import read_params, read_some_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.refits.cold import (
    ColdParams,
    Refit,
    Stability,
    cold_refit,
    hard_labels,
    mean_and_error,
    refit_all,
)

ASKED = SMALL[:2]  # tables
KS = (2, 3, 4, 5, 10)
REFITS = 50
FEW, MANY = 20, 200  # refits: the default, and so many that their mean stands for the truth
DRAWS = 4000  # of few of these
# What may be held to Hennig's threshold: the mean, or the mean less so many standard errors.
RULES = {
    "the mean": 0.0,
    "the mean less one standard error": 1.0,
    f"the mean less {NINETY_PERCENT} of them": NINETY_PERCENT,
}
FPC = Path(__file__).with_name("fpc.R")


def stability(
    points: FloatArray, mixture: Mixture, params: ColdParams, recipe: MixtureParams
) -> Stability:
    """Return the stability of one mixture of points, (N, d)."""
    [found] = refit_all(points, [mixture], params, recipe, Compute())
    return found


def fpc(points: FloatArray, mixture: Mixture) -> str:
    """Return fpc's mean Jaccard of each component of a mixture, or that it is not there."""
    if not shutil.which("Rscript"):
        return "not there"
    with tempfile.TemporaryDirectory() as folder:
        given = [Path(folder) / "points.csv", Path(folder) / "labels.csv"]
        np.savetxt(given[0], points, delimiter=",")
        np.savetxt(given[1], hard_labels(mixture, points) + 1, fmt="%d")
        command = ["Rscript", str(FPC), *map(str, given), str(REFITS)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return two_digits(map(float, done.stdout.split())) if done.returncode == 0 else "not there"


def two_digits(values: Iterator[float]) -> str:
    """Return numbers as one cell."""
    return " ".join(f"{value:.2f}".lstrip("0") for value in values)


def row(
    name: str, points: FloatArray, k: int, params: ColdParams, recipe: MixtureParams
) -> list[str]:
    """Return a row: the mean ARI by either recipe, and Jaccard indices by ours and by fpc.

    Parameters
    ----------
    name : of the table
    points : standardized features, (N, d)
    k : components, 2 or more
    params : section `refits`
    recipe : section `mixture`
    """
    mixture = fit_mixture(points, k, "full", recipe).mixture
    ours = stability(points, mixture, params, recipe)
    every = replace(params, short_runs=recipe.short_runs, carried_on=recipe.carried_on)
    whole = stability(points, mixture, every, recipe)
    pairs = zip(ours.refits, whole.refits, strict=True)
    bias = mean_and_error(np.array([one.ari - other.ari for one, other in pairs]))
    tables_bias = mean_and_error(ours.reference - whole.reference)
    cells = [ours.ari(), bias, ours.reference_ari(), tables_bias]
    written = [f"{mean:.3f} ± {error:.3f}" for mean, error in cells]
    return [name, str(k), *written, two_digits(iter(ours.jaccards()[0])), fpc(points, mixture)]


def cold_refits(points: FloatArray, k: int, count: int, recipe: MixtureParams) -> list[Refit]:
    """Return so many cold refits of a fit of points, (N, d), as section `refits` has them.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 1 or more
    count : of the refits; those of equal number draw the same songs from tables of equal size
    recipe : section `mixture`
    """
    params = read_some_params("refits", ColdParams)
    mixture = fit_mixture(points, k, "full", recipe).mixture
    calls = ((points, mixture, number, params, recipe) for number in range(count))
    return list(parallel_map(cold_refit, calls, Compute(), large=[points], threads=True))


def trusted_draws(found: FloatArray, refits: int, errors: float) -> BoolArray:
    """Return which components a rule trusts by some of the refits, (DRAWS, K), drawn at random.

    Parameters
    ----------
    found : Jaccard index of each component in each refit, (MANY, K)
    refits : how many of them are drawn
    errors : standard errors that the rule takes from the mean, 0 or more
    """
    rows = np.random.default_rng(refits).integers(len(found), size=(DRAWS, refits))
    mean, error = mean_and_error(found[rows].swapaxes(0, 1))
    trusted: BoolArray = mean - errors * error >= TRUSTED
    return trusted


def rule_row(words: str, errors: float, found: dict[str, FloatArray]) -> list[str]:
    """Return a row of the second table: what a rule makes of few refits and of more."""
    few = {name: trusted_draws(one, FEW, errors) for name, one in found.items()}
    more = {name: trusted_draws(one, REFITS, errors) for name, one in found.items()}
    shares = [np.hstack([one.mean(axis=0) for one in some.values()]) for some in (few, more)]
    differ = shares[0] * (1 - shares[1]) + shares[1] * (1 - shares[0])
    by_all = np.hstack([one.mean(axis=0) for one in found.values()]) >= TRUSTED
    counts = [differ.sum(), shares[0][~by_all].sum(), (1 - shares[0])[by_all].sum()]
    row = [words, *(f"{count:.1f}" for count in counts)]
    cases = [("demo", 4, np.all), ("GTZAN", 10, np.any)]
    for name, k, asked in cases:
        for some in (few, more):
            at = f"{name} {k}"
            row.append(f"{asked(some[at], axis=1).mean():.1%}" if at in some else "not there")
    return row


def main() -> None:
    """Print the table and put it into docs/method.md."""
    params = replace(read_some_params("refits", ColdParams), cold=REFITS)
    recipe = read_params("mixture", MixtureParams)
    given = {name: points for name, points in standardized_tables().items() if name in ASKED}
    rows = [row(name, points, k, params, recipe) for name, points in given.items() for k in KS]
    header = ["table", "K", "mean ARI", "less that of all initializations", "without groups"]
    header += ["less that of all initializations", "mean Jaccard", "fpc's"]

    found = {
        f"{name} {k}": np.array([one.jaccards for one in cold_refits(points, k, MANY, recipe)])
        for name, points in given.items()
        for k in KS
    }
    count = sum(one.shape[1] for one in found.values())
    second = ["trusted where 0.6 is reached by", f"of {count} components: otherwise at {REFITS}"]
    second += [f"trusted, not by {MANY}", f"not trusted, but by {MANY}"]
    second += [f"all of demo K = 4, {FEW} refits", f"{REFITS} refits"]
    second += [f"any of GTZAN K = 10, {FEW} refits", f"{REFITS} refits"]
    rules = [rule_row(words, errors, found) for words, errors in RULES.items()]
    put_table(
        DOCS / "method.md",
        "stability",
        f"{markdown(header, rows)}\n\n{markdown(second, rules)}",
    )


if __name__ == "__main__":
    run_program(main)
