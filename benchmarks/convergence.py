"""Measure how early a fit stops at each tolerance, on the table of the last run.

    python -m benchmarks.convergence          after a run of the pipeline

For every K of the sweep a mixture is fitted at each tolerance, by either recipe, then carried on
by accelerated EM until it can gain less than 1e-11 nats per song, as it estimates. What it still
gains is what the tolerance lost.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from benchmarks._tables import DOCS, markdown, put_table
from song_mixtures.fitting.em import (
    feature_rows,
    parameters_of,
    run_accelerated_em,
)
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages.k_sweep import FEATURES_SELECTED, SCALING, Sweep

# By recipe: the key that is its tolerance, and the values tried.
TOLERANCES = {
    "kmeans": ("tol", (1e-3, 1e-4, 2e-5, 1e-5, 1e-6)),
    "varied": ("remaining_gain", (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)),
}
MOST = 300  # iterations, as in the notebooks
ENDLESS = 100_000


def measure(points: FloatArray, k: int, params: MixtureParams) -> tuple[int, bool, float]:
    """Return iterations, converged and the log-likelihood (nats, all songs) the fit still lacks."""
    fitted = fit_mixture(points, k, "full", params)
    endless = replace(params, max_iter=ENDLESS)
    start = parameters_of(fitted.mixture)
    further = run_accelerated_em(feature_rows(points), start, "full", 1e-11, endless)
    lacking = further.log_likelihoods[-1] - further.log_likelihoods[0]
    return len(fitted.lower_bounds), fitted.converged, float(lacking)


def row(points: FloatArray, ks: range, params: MixtureParams, key: str, tol: float) -> list[str]:
    """Return a row of the table: what a tolerance costs and loses over all K."""
    changed: dict[str, Any] = {key: tol}
    settings = replace(params, **changed)
    fits = Parallel(n_jobs=-1, return_as="generator")(
        delayed(measure)(points, k, settings) for k in ks
    )
    found = list(tqdm(fits, f"{key} {tol:g}", len(ks), leave=False, disable=None))
    iterations, converged, lost = (np.array(column) for column in zip(*found, strict=True))
    ran_out = f"{(~converged).sum()} of {len(ks)}"
    most, median = f"{lost.max():.1f}", f"{np.median(lost):.2f}"
    return [f"{key} {tol:g}", str(iterations.max()), ran_out, median, most]


def main() -> None:
    """Print a row per tolerance and put the table into docs/method.md."""
    params = read_params("mixture", MixtureParams)
    sweep = read_params("k_sweep", Sweep)
    points = Scaling.from_json(read_json(SCALING)).standardize(read_table(FEATURES_SELECTED))
    ks = range(sweep.k_min, sweep.k_max + 1)
    recipes = {
        "kmeans": replace(params, init="kmeans", max_iter=MOST),
        "varied": replace(params, init="varied"),
    }
    table = [
        row(points, ks, recipes[init], key, tol)
        for init, (key, tolerances) in TOLERANCES.items()
        for tol in tolerances
    ]
    header = [f"tolerance, {len(points)} songs", "most iterations", "out of iterations"]
    header += ["log-likelihood lost, median (nats)", "most (nats)"]
    put_table(DOCS / "method.md", "convergence", markdown(header, table))


if __name__ == "__main__":
    run_program(main)
