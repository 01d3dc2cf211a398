"""What a song costs on one core, and what that makes of many songs on many cores.

    OMP_NUM_THREADS=1 python -m benchmarks.scaling

The unit costs are measured in this run; the hours are those costs multiplied, for cores like this
one that are all busy, and are no measurement. Processor time counts, the least of the repeats:
other work on the machine only ever adds.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.extraction_cost import five_features, made_clips
from song_mixtures.fitting.em import feature_rows, run_em, start_from_labels
from song_mixtures.fitting.initialization import kmeans_labels, short_runs
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from stages.demo import Demo, write_song

SONGS = 200_000  # of the table whose EM iterations are timed
K, D = 10, 5
STEPS = 10
REPEATS = 3
RUNS = 20
CORES = (2, 64, 1_024)


def made_songs(songs: int) -> FloatArray:
    """Return standardized points of ten overlapping groups, (N, 5)."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(K, D))
    points: FloatArray = centers[rng.integers(K, size=songs)] + rng.normal(size=(songs, D)) / 2
    return (points - points.mean(axis=0)) / points.std(axis=0)


def least_seconds(work: Callable[[], object]) -> float:
    """Return the least processor time of some runs [s]."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(REPEATS))


def unit_costs() -> dict[str, float]:
    """Return the seconds of one core per song: extraction, EM iteration, short run."""
    points = made_songs(SONGS)
    parameters = replace(read_params("mixture", MixtureParams), max_iter=STEPS, tol=1e-300)
    labels = kmeans_labels(points, K, np.random.RandomState(0))
    x = feature_rows(points)
    begin = start_from_labels(x, labels, K, "full", parameters.reg_covar)
    run_em(x, begin, "full", parameters)  # compiled once
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (clip, *_) = made_clips(folder)
        five_features(clip)  # what is imported and compiled once
        demo = read_params("demo", Demo)
        (folder / "blues").mkdir()
        costs = {
            "extract a clip of 30 s": least_seconds(lambda: five_features(clip)),
            "make a demo song": least_seconds(lambda: write_song("blues", 0, demo, folder)),
        }
    em = least_seconds(lambda: run_em(x, begin, "full", parameters))
    few = points[: parameters.short_sample]
    recipe = replace(read_params("mixture", MixtureParams), short_runs=RUNS)
    short = least_seconds(lambda: short_runs(few, K, "full", recipe, progress=False))
    return costs | {
        "an EM iteration, K = 10, full": em / STEPS / SONGS,
        "a short run, K = 10, full": short / RUNS / len(few),
    }


def hours(seconds: float, cores: int) -> str:
    """Return a time on some cores in the unit that suits it."""
    spread = seconds / cores
    unit, name = next(
        (unit, name)
        for unit, name in ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s"), (0, "s"))
        if spread >= unit
    )
    return f"{spread / max(unit, 1):.2g} {name}"


def main() -> None:
    """Measure the unit costs; print both tables and put them into docs/scaling.md."""
    with threadpool_limits(1):
        costs = unit_costs()
    units = [[name, f"{1e6 * cost:,.{0 if cost > 1e-4 else 2}f}"] for name, cost in costs.items()]
    clip, iteration, short = (costs[n] for n in list(costs) if not n.startswith("make"))
    recipe = read_params("mixture", MixtureParams)
    # The short runs, 200 iterations of each that is carried on, then 100 of the best on all songs.
    initialized = recipe.short_runs * recipe.short_sample * short
    initialized += recipe.carried_on * recipe.sample_above * 200 * iteration
    fits = {
        "10⁶": initialized + 1e6 * 100 * iteration,
        "10⁸": initialized + 1e8 * 100 * iteration,
    }
    work = {"extract 10⁶ clips of 30 s": 1e6 * clip} | {
        f"one fit of {songs} songs, 100 iterations after the initializations": fit
        for songs, fit in fits.items()
    }
    rows = [
        [name, *(hours(cost, n) if "fit" not in name or n == 1 else "–" for n in (1, *CORES))]
        for name, cost in work.items()
    ]
    rows += [
        [f"19 such fits of {songs} songs, all at K = 10"]
        + [hours(19 * fit, min(cores, 19)) for cores in (1, *CORES)]
        for songs, fit in fits.items()
    ]
    header = ["work", "1 core", *(f"{n:,} cores" for n in CORES)]
    tables = [
        markdown(["a song, one core", "microseconds"], units),
        markdown(header, rows),
    ]
    put_table(DOCS / "scaling.md", "scaling", "\n\n".join(tables))


if __name__ == "__main__":
    main()
