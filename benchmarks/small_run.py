"""What people wait for most: each bare stage of the default table, in imports of scikit-learn.

    python -m benchmarks.small_run        after a run of the pipeline, two minutes

The unit is one `import sklearn.cluster` in a process of its own, measured between the stages, so
that figures of machines and of busy hours can be compared. Every figure is the least of ROUNDS.
Stages run in a scratch clone of HEAD, by their own command and without DVC. Then an experiment with
another K is run there: what it takes beyond its stages is DVC's own, most of it dvc.lock, which DVC
reads anew, with the comments that it does not have, and writes at every stage.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks._tables import ROOT, markdown
from benchmarks.pipeline import scratch_clone, stages_of, wall_seconds
from song_mixtures.pipeline.stage import run_program

ROUNDS = 3
TABLE = "data/raw/audio_features.csv"
IMPORT = [sys.executable, "-c", "import sklearn.cluster"]
FITTED_AGAIN = {"stability", "refits", "suspects"}
ANOTHER_K = ["dvc", "exp", "run", "-S", "choose_k.n_components=8"]


@dataclass(frozen=True)
class Experiment:
    """What an experiment with another K took."""

    seconds: float
    stages: int  # that ran
    dvc_seconds: float  # beyond their bare commands


def small_run() -> tuple[float, dict[str, float], Experiment]:
    """Return the seconds of one import and of each stage, and what an experiment took."""
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
        another_k = experiment(project, least)
    return least.pop("import"), least, another_k


def experiment(project: Path, seconds: dict[str, float]) -> Experiment:
    """Return what an experiment with another K takes where bare stages take these seconds."""
    runs = shutil.ignore_patterns("runs")  # earlier ones, which DVC would take in place of a run
    shutil.copytree(ROOT / ".dvc/cache", project / ".dvc/cache", ignore=runs)
    subprocess.run(["dvc", "checkout", "--quiet", "--force"], cwd=project, check=True)
    begun = time.perf_counter()
    done = subprocess.run(ANOTHER_K, cwd=project, check=True, capture_output=True, text=True)
    took = time.perf_counter() - begun
    ran = re.findall(r"Running stage '(\w+)", done.stdout)
    bare = [
        seconds.get(stage) or wall_seconds([sys.executable, "-m", f"stages.{stage}"], project)
        for stage in ran
    ]
    return Experiment(took, len(ran), took - sum(bare))


def small_run_rows(
    unit: float, seconds: dict[str, float], another_k: Experiment
) -> list[list[str]]:
    """Return table rows, seconds and imports: each stage, all, all but those that refit, DVC."""
    sums = {
        "all": sum(seconds.values()),
        "without stability, refits, suspects": sum(
            value for stage, value in seconds.items() if stage not in FITTED_AGAIN
        ),
    }
    under_dvc = {
        f"`{' '.join(ANOTHER_K)}`, {another_k.stages} stages": another_k.seconds,
        "… of it DVC's own": another_k.dvc_seconds,
        "… for each stage": another_k.dvc_seconds / another_k.stages,
    }
    return [
        [stage, f"{value:.2f}", f"{value / unit:.1f}"]
        for stage, value in (seconds | sums | under_dvc).items()
    ]


SMALL_RUN_HEADER = ["stage", "seconds", "imports of sklearn.cluster"]


def main() -> None:
    """Print the table."""
    print(markdown(SMALL_RUN_HEADER, small_run_rows(*small_run())))


if __name__ == "__main__":
    run_program(main)
