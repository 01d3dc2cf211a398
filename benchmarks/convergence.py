"""Measure how early EM stops at each tolerance, on the table of the last run.

    python -m benchmarks.convergence          after a run of the pipeline

For every K of the sweep the best of n_init initializations is fitted at each tolerance, then
carried on until an iteration gains less than 1e-10 nats per song. What it still gains is what the
tolerance lost.
"""

from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed
from tqdm import tqdm

from benchmarks._tables import DOCS, markdown, put_table
from song_mixtures.fitting.em import (
    MixtureParams,
    e_step,
    m_step,
    monomial_blocks,
    natural_parameters,
)
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import FittedMixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages.k_sweep import FEATURES_SELECTED, SCALING, Sweep

TOLERANCES = (1e-3, 1e-4, 2e-5, 1e-5, 1e-6)


def carried_on(points: FloatArray, fitted: FittedMixture, reg_covar: float) -> float:
    """Return the log-likelihood per song that EM reaches from where `fitted` stopped."""
    blocks = list(monomial_blocks(points))
    mixture, before, gain = fitted.mixture, -np.inf, np.inf
    while gain >= 1e-10:
        statistics, log_likelihood = e_step(blocks, natural_parameters(mixture))
        mixture = m_step(statistics, mixture.covariance_type, reg_covar)
        gain, before = abs(log_likelihood / len(points) - before), log_likelihood / len(points)
    return before


def measure(points: FloatArray, k: int, params: MixtureParams) -> tuple[int, bool, float]:
    """Return iterations, converged and the log-likelihood (nats, all songs) the fit still lacks."""
    fitted = fit_mixture(points, k, "full", params)
    _, log_likelihood = e_step(monomial_blocks(points), natural_parameters(fitted.mixture))
    lacking = carried_on(points, fitted, params.reg_covar) * len(points) - log_likelihood
    return len(fitted.lower_bounds), fitted.converged, lacking


def main() -> None:
    """Print a row per tolerance and put the table into docs/method.md."""
    params = read_params("mixture", MixtureParams)
    sweep = read_params("k_sweep", Sweep)
    points = Scaling.from_json(read_json(SCALING)).standardize(read_table(FEATURES_SELECTED))
    ks = range(sweep.k_min, sweep.k_max + 1)
    rows = []
    for tol in TOLERANCES:
        fits = Parallel(n_jobs=-1, return_as="generator")(
            delayed(measure)(points, k, replace(params, tol=tol)) for k in ks
        )
        found = list(tqdm(fits, f"tol {tol:g}", len(ks), leave=False, disable=None))
        iterations, converged, lost = (np.array(column) for column in zip(*found, strict=True))
        ran_out = f"{(~converged).sum()} of {len(ks)}"
        most = f"{lost.max():.1f}"
        rows.append([f"{tol:g}", str(iterations.max()), ran_out, f"{np.median(lost):.2f}", most])
    header = [f"tolerance, {len(points)} songs", "most iterations", "out of iterations"]
    header += ["log-likelihood lost, median (nats)", "most (nats)"]
    put_table(DOCS / "method.md", "convergence", markdown(header, rows))


if __name__ == "__main__":
    run_program(main)
