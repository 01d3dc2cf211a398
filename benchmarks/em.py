"""EM against scikit-learn in the same run: an iteration, the memory, the initializations.

    python -m benchmarks.em                    the table of the initializations in docs/method.md

An iteration is the least of several repetitions, since other work on the machine can only slow
one down. The arithmetic floor is what one core needs for the multiplications and additions of an
iteration if it does nothing else, at the rate that it reaches in a large matrix product in the same
run.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.made_songs import made_points
from song_mixtures.fitting.em import feature_rows, parameters_of, run_em
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import one_thread, run_program

K = 10
CORES = os.cpu_count() or 1
# Of a song and component: two products with 21 monomials, 14 multiply-adds of an exponential.
OPERATIONS = 2 * (2 * 21 + 14)
ITERATIONS = 10
SQUARE = 1000  # rows of the matrices whose product gives the machine's rate
SONGS = 100_000  # of the table of the initializations
START_KS = (5, 10, 16)
SAMPLES = (16_000, 4_000, 1_000)


@dataclass(frozen=True)
class Iteration:
    """Seconds of one EM iteration with K = 10 full covariances."""

    songs: int
    reference: float  # scikit-learn on one thread or on all, whichever is faster
    ours: float
    floor: float  # the arithmetic alone


def seconds(work: Callable[[], Any], repetitions: int = 1) -> tuple[float, Any]:
    """Return the least seconds that the work took, and what it returned last."""
    least, result = np.inf, None
    for _ in range(repetitions):
        begun = time.perf_counter()
        result = work()
        least = min(least, time.perf_counter() - begun)
    return least, result


def reference_step(points: FloatArray, model: Any) -> None:
    """Do one iteration as GaussianMixture.fit does."""
    _, log_responsibilities = model._e_step(points)  # noqa: SLF001
    model._m_step(points, log_responsibilities)  # noqa: SLF001


def iteration(songs: int) -> Iteration:
    """Time one EM iteration by scikit-learn and by ours, of which ten are run at a time.

    They take turns, so that what else runs on the machine slows none of them more than another.
    """
    points = made_points(songs)
    with one_thread():
        model = GaussianMixture(K, random_state=0, max_iter=2, tol=1e9).fit(points[:20_000])
    mixture = Mixture("full", model.weights_, model.means_, model.covariances_)
    square = np.random.default_rng(0).normal(size=(SQUARE, SQUARE))
    reference = partial(reference_step, points, model)
    params = replace(read_params("mixture", MixtureParams), tol=1e-300, max_iter=ITERATIONS)
    ours = partial(run_em, feature_rows(points), parameters_of(mixture), "full", params)
    works: list[tuple[Callable[[], Any], int]] = [
        (reference, 1),
        (reference, CORES),
        (ours, 1),
        (partial(np.matmul, square, square), 1),
    ]
    least = np.full(len(works), np.inf)
    for _ in range(int(np.clip(5_000_000 // songs, 5, 50))):
        for i, (work, threads) in enumerate(works):
            with threadpool_limits(threads):
                least[i] = min(least[i], seconds(work, 2)[0])
    floor = least[3] * songs * K * OPERATIONS / (2 * SQUARE**3)
    return Iteration(songs, least[:2].min(), least[2] / ITERATIONS, floor)


def start_rows(params: MixtureParams) -> list[list[str]]:
    """Return table rows: fits by either recipe, their initializations on samples of some sizes."""
    points = made_points(SONGS)
    recipes = {
        f"varied, {size:,}": replace(params, init="varied", short_sample=size) for size in SAMPLES
    } | {f"kmeans, {params.sample_above:,}": replace(params, init="kmeans")}
    rows = []
    for k in START_KS:
        for name, recipe in recipes.items():
            took, fit = seconds(partial(fit_mixture, points, k, "full", recipe))
            iterations = f"{len(fit.lower_bounds)}{'' if fit.converged else ', not converged'}"
            rows.append([str(k), name, f"{took:.1f}", f"{fit.lower_bounds[-1]:.4f}", iterations])
    return rows


MEMORY = """
import re, sys
from pathlib import Path
import numpy as np
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.pipeline.params import read_params

def peak():  # bytes, of this process alone: ru_maxrss would begin at its parent's
    return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

params = read_params("mixture", MixtureParams)
fit_mixture(np.random.default_rng(0).normal(size=(20_000, 5)), 2, "full", params)
before = peak()
points = np.load(sys.argv[1])
evaluate_fit(fit_mixture(points, 10, "full", params), points, params.reg_covar)
print((peak() - before) / points.nbytes)
"""


def memory(songs: int) -> float:
    """Return what a rated fit with K = 10 adds to a process's peak, in sizes of the points."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "points.npy"
        np.save(path, made_points(songs))
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(path)], check=True, capture_output=True, text=True
        )
    return float(done.stdout)


def main() -> None:
    """Print the table of the initializations and put it into docs/method.md."""
    header = [
        "K",
        f"initialized on, of {SONGS:,} songs",
        "seconds",
        "log-likelihood per song",
        "iterations",
    ]
    rows = start_rows(read_params("mixture", MixtureParams))
    put_table(DOCS / "method.md", "em", markdown(header, rows))


if __name__ == "__main__":
    run_program(main)
