"""Measure EM against scikit-learn in the same run: a step, the sweep, the starts, the memory.

    python -m benchmarks.em                    up to 1,000,000 songs, about 15 minutes
    python -m benchmarks.em --songs 100000     a short form, two minutes

Songs are drawn from forty overlapping components, so that starts end apart, standardized, five
features, full covariances;
settings are those of params.yaml, for scikit-learn as well. A step is the least of several
repetitions, since other work on the machine can only slow one down.

The arithmetic floor is what one core needs for the multiplications and additions of a step if it
does nothing else, at the rate that it reaches in a large matrix product in the same run. The table
of the starts goes into docs/method.md.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks._tables import DOCS, markdown, put_table
from song_mixtures.em import (
    MixtureParams,
    coefficients,
    e_step,
    fit_mixture,
    m_step,
    monomial_blocks,
    sample_of,
)
from song_mixtures.em_compiled import compiled_e_step
from song_mixtures.mixture import Mixture
from song_mixtures.parallel import Compute
from song_mixtures.params import read_params
from song_mixtures.scaling import FloatArray
from song_mixtures.stage import run
from stages.k_sweep import Sweep, sweep_fits

K = 10
KINDS = 40  # of songs
THREADS = (1, None)  # of the reference: one, and as many as it likes
# Of a song and component: two products with 21 monomials, 14 multiply-adds of an exponential.
OPERATIONS = 2 * (2 * 21 + 14)
SQUARE = 1000  # rows of the matrices whose product gives the machine's rate


def make_points(songs: int) -> FloatArray:
    """Return standardized songs of overlapping kinds, (N, 5)."""
    rng = np.random.default_rng(0)
    means, shapes = rng.normal(size=(KINDS, 5)), 0.4 * rng.normal(size=(KINDS, 5, 5))
    kinds = rng.integers(0, KINDS, songs)
    points = np.empty((songs, 5))
    for kind in range(KINDS):
        of_kind = np.flatnonzero(kinds == kind)
        points[of_kind] = means[kind] + rng.normal(size=(len(of_kind), 5)) @ shapes[kind]
    return (points - points.mean(axis=0)) / points.std(axis=0)


def seconds(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Return the least seconds that the work took, and what it returned last."""
    least, result = np.inf, None
    for _ in range(repetitions):
        begun = time.perf_counter()
        result = work()
        least = min(least, time.perf_counter() - begun)
    return least, result


def reference_step(points: FloatArray, model: Any) -> None:
    """Do one step as GaussianMixture.fit does."""
    _, log_responsibilities = model._e_step(points)  # noqa: SLF001
    model._m_step(points, log_responsibilities)  # noqa: SLF001


def our_step(mixture: Mixture, pass_over: Callable[[FloatArray], Any]) -> None:
    """Do one step as run_em does."""
    m_step(pass_over(coefficients(mixture))[0], "full", 1e-6)


def step_row(songs: int) -> list[str]:
    """Return a table row: one EM step by scikit-learn, by matrix products, compiled.

    They take turns, so that what else runs on the machine slows none of them more than another.
    """
    points = make_points(songs)
    model = GaussianMixture(K, random_state=0, max_iter=1, tol=1e9).fit(points[:20_000])
    mixture = Mixture("full", model.weights_, model.means_, model.covariances_)
    passes = partial(e_step, list(monomial_blocks(points))), partial(compiled_e_step, points)
    ours = [(partial(our_step, mixture, pass_over), 1) for pass_over in passes]
    works = [*((partial(reference_step, points, model), threads) for threads in THREADS), *ours]
    square = np.random.default_rng(0).normal(size=(SQUARE, SQUARE))
    works.append((partial(np.matmul, square, square), 1))
    least = np.full(len(works), np.inf)
    for _ in range(int(np.clip(5_000_000 // songs, 5, 200))):
        for i, (work, threads) in enumerate(works):
            with threadpool_limits(threads):
                least[i] = min(least[i], seconds(work, 2)[0])
    least[-1] *= songs * K * OPERATIONS / (2 * SQUARE**3)  # the arithmetic floor
    ratios = f"{least[:2].min() / least[3]:.0f}", f"{least[3] / least[4]:.1f}"
    return [f"{songs:,}", *(f"{1000 * value:.3g}" for value in least), *ratios]


def notebook_fit(points: FloatArray, params: MixtureParams, k: int) -> tuple[float, int]:
    """Fit and rate one mixture as the notebooks do; return ln L and the steps of the best start."""
    model = GaussianMixture(
        k,
        n_init=params.n_init,
        max_iter=params.max_iter,
        tol=params.tol,
        reg_covar=params.reg_covar,
        random_state=params.seed,
    ).fit(points)
    model.bic(points), model.aic(points)
    return float(model.score(points)) * len(points), model.n_iter_


def our_sweep(points: FloatArray, sweep: Sweep, params: MixtureParams) -> list[float]:
    """Fit the sweep and the final mixture; return ln L of every K."""
    found = [fit.log_likelihood for fit in sweep_fits(points, sweep, params, Compute())]
    fit_mixture(points, K, "full", params)
    return found


def small_sweep_rows(sweep: Sweep, params: MixtureParams) -> list[list[str]]:
    """Return table rows: sweep and final fit at 1,000 songs, notebook code against ours."""
    points = make_points(1000)
    ks = range(sweep.k_min, sweep.k_max + 1)
    ours, found = seconds(lambda: our_sweep(points, sweep, params), 3)
    rows = []
    for threads in THREADS:
        with threadpool_limits(threads):
            theirs, expected = seconds(lambda: [notebook_fit(points, params, k) for k in (*ks, K)])
        apart = max(abs(a - b) for a, (b, _) in zip(found, expected[:-1], strict=True))
        name = f"1,000 songs, notebook on {threads or 'all'} BLAS thread(s)"
        rows.append([name, f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.1f}", f"{apart:.1g}"])
    return rows


def large_sweep_row(songs: int, sweep: Sweep, params: MixtureParams) -> list[str]:
    """Return a table row: sweep and final fit of many songs, the notebook's time estimated.

    A step of scikit-learn is timed in one start of the first K, and takes K times as long with K
    times the components. Each K is given the steps that its best start took on the sample, for
    each of n_init starts.
    """
    points = make_points(songs)
    one_start = partial(notebook_fit, points, replace(params, n_init=1), sweep.k_min)
    first, (expected, first_steps) = seconds(one_start)
    steps = {
        fit.k: fit.iterations
        for fit in sweep_fits(sample_of(points, params), sweep, params, Compute())
    }
    components = sum(k * count for k, count in steps.items()) + K * steps[K]
    theirs = params.n_init * components * first / first_steps / sweep.k_min
    ours, found = seconds(lambda: our_sweep(points, sweep, params))
    apart = f"{found[0] - expected:+.1g} at K = {sweep.k_min}"
    name = f"{songs:,} songs, notebook estimated from K = {sweep.k_min}"
    return [name, f"{theirs:.0f}", f"{ours:.0f}", f"{theirs / ours:.0f}", apart]


def start_rows(songs: int, params: MixtureParams) -> list[list[str]]:
    """Return table rows: a fit of K = 10 whose starts run on all songs, or on a sample."""
    points = make_points(songs)
    rows = []
    for size in (songs, params.sample_above, 10_000):
        settings = replace(params, sample_above=size)
        took, fit = seconds(partial(fit_mixture, points, K, "full", settings))
        steps = f"{len(fit.lower_bounds)}{'' if fit.converged else ', not converged'}"
        rows.append([f"{size:,}", f"{took:.1f}", f"{fit.lower_bounds[-1]:.6f}", steps])
    return rows


MEMORY = """
import re, sys
from pathlib import Path
import numpy as np
from song_mixtures.em import MixtureParams, fit_mixture
from song_mixtures.mixture import rate_fit
from song_mixtures.params import read_params

def peak():  # bytes, of this process alone: ru_maxrss would begin at its parent's
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

params = read_params("mixture", MixtureParams)
fit_mixture(np.random.default_rng(0).normal(size=(20_000, 5)), 2, "full", params)
before = peak()
points = np.load(sys.argv[1])
rate_fit(fit_mixture(points, 10, "full", params), points, params.reg_covar)
print((peak() - before) / points.nbytes)
"""


def memory(songs: int) -> str:
    """Return the sentence on what a rated fit with K = 10 adds to a process's peak (Linux)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.npy"
        np.save(path, make_points(songs))
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path)], check=True, capture_output=True, text=True
        )
    return f"Peak memory, {songs:,} songs, K = {K}: {float(done.stdout):.1f} × the table's own size"


def main() -> None:
    """Print every table as soon as it is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.em")
    parser.add_argument("--songs", type=int, default=1_000_000, help="of the largest table")
    songs = parser.parse_args().songs
    warnings.simplefilter("ignore", ConvergenceWarning)  # ours are counted, theirs as well
    params = read_params("mixture", MixtureParams)
    sweep = replace(read_params("k_sweep", Sweep), covariance_types=("full",))

    header = ["songs", "scikit-learn, 1 thread (ms)", "all threads", "matrix products", "compiled"]
    header += ["arithmetic floor", "scikit-learn's best / compiled", "compiled / floor"]
    sizes = [1000, 10_000, 100_000, 1_000_000]
    print(markdown(header, [step_row(size) for size in sizes if size <= songs]), "\n", flush=True)
    print(memory(1_000_000), "\n", flush=True)
    header = [f"starts on, of {songs:,} songs", "seconds", "log-likelihood per song", "steps"]
    put_table(DOCS / "method.md", "em", markdown(header, start_rows(songs, params)))
    header = [f"K = {sweep.k_min}..{sweep.k_max} and K = {K}", "notebook (s)", "ours (s)", "ratio"]
    rows = [*small_sweep_rows(sweep, params), large_sweep_row(songs, sweep, params)]
    print(markdown([*header, "log-likelihoods apart (nats)"], rows))


if __name__ == "__main__":
    run(main)
