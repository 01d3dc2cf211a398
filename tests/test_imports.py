"""No stage imports what it does not use: imports are most of what a small stage costs."""

import subprocess
import sys

from tests.conftest import ROOT, pipeline_stages

HEAVY = {"librosa", "matplotlib", "numba", "scipy", "sklearn", "distributed", "dvc"}

# What each stage needs before it has read a file; distributed is left to a cluster, and
# scikit-learn of k_sweep to the initializations of the notebooks, of suspects to known genres,
# numba of train_gmm to a mixture that the sweep has not tried.
USED = {
    "input": set(),
    "demo": set(),
    "extract": {"scipy"},
    "gtzan_table": {"scipy"},
    "preprocess": set(),
    "k_sweep": {"numba", "scipy"},
    "stability": {"numba", "scipy"},
    "choose_k": set(),
    "train_gmm": {"scipy", "sklearn"},
    "refits": {"numba", "scipy"},
    "soft_assign": {"scipy"},
    "suspects": {"numba", "scipy"},
    "uncertainty": set(),
    "components": set(),
    "kmeans": {"scipy", "sklearn"},
    "compare_kmeans": {"scipy"},
    "playlists": set(),
    "figures": {"matplotlib"},
    "report": set(),
}


def test_every_stage_is_listed() -> None:
    assert set(USED) == set(pipeline_stages())


# Each stage is imported by a fork of one process, which has only what every stage needs.
PROGRAM = f"""
import importlib, os, sys
import numpy, pandas, tqdm, yaml
print("none", *{HEAVY!r} & sys.modules.keys(), flush=True)
for stage in sys.argv[1:]:
    if os.fork() == 0:
        importlib.import_module(f"stages.{{stage}}")
        print(stage, *{HEAVY!r} & sys.modules.keys(), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, stage
"""


def test_a_stage_imports_no_heavy_library_that_it_does_not_use() -> None:
    command = [sys.executable, "-c", PROGRAM, *USED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {name: set(heavy) for name, *heavy in map(str.split, done.stdout.splitlines())}
    assert found == {"none": set()} | USED
