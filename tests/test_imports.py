"""No stage imports what it does not use: imports are most of what a small stage costs."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT, pipeline_stages

HEAVY = {"librosa", "matplotlib", "numba", "scipy", "sklearn", "distributed", "dvc"}

# What each stage needs before it has read a file; distributed is left to a cluster, and
# scikit-learn of k_sweep to the initializations of the notebooks, of suspects to known genres.
USED = {
    "input": set(),
    "demo": {"scipy"},
    "extract": {"librosa", "scipy"},
    "gtzan_table": {"scipy"},
    "preprocess": {"scipy", "sklearn"},
    "k_sweep": {"numba", "scipy"},
    "stability": {"numba", "scipy"},
    "choose_k": set(),
    "train_gmm": {"numba", "scipy", "sklearn"},
    "refits": {"numba", "scipy"},
    "soft_assign": {"scipy"},
    "suspects": {"numba", "scipy"},
    "uncertainty": set(),
    "components": set(),
    "kmeans": {"scipy", "sklearn"},
    "compare_kmeans": {"scipy", "sklearn"},
    "figures": {"matplotlib", "scipy"},
    "report": set(),
}


def test_every_stage_is_listed() -> None:
    assert set(USED) == set(pipeline_stages())


@pytest.mark.parametrize("stage", USED)
def test_a_stage_imports_no_heavy_library_that_it_does_not_use(stage: str) -> None:
    program = f"import sys, stages.{stage}; print(*{HEAVY!r} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == USED[stage]
