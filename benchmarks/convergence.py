"""Measure how early EM stops at each tolerance, on the table of the last run.

    python -m benchmarks.convergence

For every K of the sweep the best of n_init starts is fitted at each tolerance, then carried on
until a step gains less than 1e-10 nats per song. What it still gains is what the tolerance lost.
"""

import sys
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from stages._files import read_json, read_table
from stages._mixture import MixtureParams, fit_mixture
from stages._params import read_params
from stages._scaling import FloatArray, Scaling
from stages._stage import run
from stages.k_sweep import FEATURES_SELECTED, SCALING, Sweep

TOLERANCES = (1e-3, 1e-4, 1e-5, 1e-6)


def carried_on(points: FloatArray, model: Any) -> Any:
    """Return the fit that EM reaches from where `model` stopped."""
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(
        model.n_components,
        reg_covar=model.reg_covar,
        max_iter=50_000,
        tol=1e-10,
        weights_init=model.weights_,
        means_init=model.means_,
        precisions_init=model.precisions_,
    ).fit(points)


def measure(points: FloatArray, k: int, mixture: MixtureParams) -> tuple[int, bool, float]:
    """Return steps, converged and the log-likelihood (nats, all songs) the fit still lacks."""
    model = fit_mixture(points, n_components=k, covariance_type="full", **asdict(mixture))
    lacking = (carried_on(points, model).score(points) - model.score(points)) * len(points)
    return model.n_iter_, model.converged_, lacking


def main() -> None:
    """Print a row per tolerance."""
    mixture = read_params("mixture", MixtureParams)
    sweep = read_params("k_sweep", Sweep)
    points = Scaling.from_json(read_json(SCALING)).standardize(read_table(FEATURES_SELECTED))
    ks = range(sweep.k_min, sweep.k_max + 1)
    print(f"{len(points)} songs, K = {ks[0]}..{ks[-1]}, n_init {mixture.n_init}")
    print("tol      most steps  not converged  lost nats: median  most")
    for tol in TOLERANCES:
        fits = Parallel(n_jobs=-1, return_as="generator")(
            delayed(measure)(points, k, replace(mixture, tol=tol)) for k in ks
        )
        rows = list(tqdm(fits, f"tol {tol:g}", len(ks), leave=False, disable=None))
        steps, converged, lost = (np.array(column) for column in zip(*rows, strict=True))
        not_converged = f"{(~converged).sum()} of {len(ks)}"
        print(
            f"{tol:7g}  {steps.max():10d}  {not_converged:>13s}  "
            f"{np.median(lost):17.2f}  {lost.max():4.1f}"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    run(main)
