"""What people wait for most: each bare stage of the default table, in imports of scikit-learn.

    python -m benchmarks.small_run        after a run of the pipeline, two minutes

The unit is one `import sklearn.cluster` in a process of its own, measured between the stages, so
that figures of machines and of busy hours can be compared. Every figure is the least of ROUNDS.
Stages run in a scratch clone of HEAD, by their own command and without DVC.
"""

import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks._tables import ROOT, markdown
from benchmarks.pipeline import scratch_clone, stages_of, wall_seconds
from song_mixtures.pipeline.stage import run_program

ROUNDS = 3
TABLE = "data/raw/audio_features.csv"
IMPORT = [sys.executable, "-c", "import sklearn.cluster"]
FITTED_AGAIN = {"stability", "refits", "suspects"}


def small_run() -> tuple[float, dict[str, float]]:
    """Return the seconds of one import and of each stage."""
    seconds: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        project = scratch_clone(Path(name))
        shutil.copy(ROOT / TABLE, project / TABLE)
        wall_seconds([sys.executable, "-m", "song_mixtures.fitting"], project)
        stages = stages_of(project)
        for _ in range(ROUNDS):
            for stage in stages:
                seconds["import"].append(wall_seconds(IMPORT, project))
                seconds[stage].append(
                    wall_seconds([sys.executable, "-m", f"stages.{stage}"], project)
                )
    least = {stage: min(times) for stage, times in seconds.items()}
    return least.pop("import"), least


def small_run_rows(unit: float, seconds: dict[str, float]) -> list[list[str]]:
    """Return table rows: each stage's seconds and imports, all, and all but those that refit."""
    sums = {
        "all": sum(seconds.values()),
        "without stability, refits, suspects": sum(
            value for stage, value in seconds.items() if stage not in FITTED_AGAIN
        ),
    }
    return [
        [stage, f"{value:.2f}", f"{value / unit:.1f}"] for stage, value in (seconds | sums).items()
    ]


SMALL_RUN_HEADER = ["stage", "seconds", "imports of sklearn.cluster"]


def main() -> None:
    """Print the table."""
    print(markdown(SMALL_RUN_HEADER, small_run_rows(*small_run())))


if __name__ == "__main__":
    run_program(main)
