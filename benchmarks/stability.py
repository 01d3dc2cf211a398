"""How stable components are by refits of fewer initializations, by refits of all, and by R's fpc.

    python -m benchmarks.stability        after a run of the pipeline, ten minutes

The tables are the songs of the last run and GTZAN's 58 columns (REAL_DATA names the folder of the
real ones). Refits of either recipe draw the same songs, so their difference is that of the recipes.
fpc gets the same fit and refits it by mclust (Debian: apt-get install r-cran-fpc).
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.initialization import tables
from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.em import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.refits.cold import RefitParams, Stability, hard_labels, mean_and_error, refit_all

KS = (2, 3, 4, 5, 10)
REFITS = 50
FPC = Path(__file__).with_name("fpc.R")


def stability(
    points: FloatArray, mixture: Mixture, params: RefitParams, recipe: MixtureParams
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
    name: str, points: FloatArray, k: int, params: RefitParams, recipe: MixtureParams
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


def main() -> None:
    """Print the table and put it into docs/method.md."""
    params = replace(read_params("refits", RefitParams), cold=REFITS, reference_tables=REFITS)
    recipe = read_params("mixture", MixtureParams)
    names = [name for name in ("demo", "GTZAN") if name in tables()]
    rows = [row(name, tables()[name], k, params, recipe) for name in names for k in KS]
    header = ["table", "K", "mean ARI", "less that of all initializations", "without groups"]
    header += ["less that of all initializations", "mean Jaccard", "fpc's"]
    put_table(DOCS / "method.md", "stability", markdown(header, rows))


if __name__ == "__main__":
    run_program(main)
