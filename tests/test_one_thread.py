"""The numeric libraries get one thread, whenever they are loaded, and nobody counts the cores."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from song_mixtures.pipeline.stage import one_thread
from tests.conftest import ROOT, run_stage, write_params

LATE = """
from song_mixtures.pipeline.stage import one_thread
with one_thread():
    import sklearn.cluster, threadpoolctl
    print({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
"""

FIT = """
from dataclasses import replace
import numpy as np
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.pipeline.params import read_params
points = np.random.default_rng(0).normal(size=(200, 2))
fit_mixture(points, 2, "full", replace(read_params("mixture", MixtureParams), init="kmeans"))
"""


@pytest.fixture
def no_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """joblib counts physical cores with lscpu, else with cat: here it finds neither."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    for name in ("LOKY_MAX_CPU_COUNT", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("stage", ["k_sweep", "train_gmm", "kmeans"])
def test_where_cores_cannot_be_counted_no_stage_that_fits_says_so(
    stage: str, finished: Path, tmp_path: Path, no_cores: None
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    write_params(folder, {"compute.n_jobs": 1})  # every fit in the stage's own process
    done = run_stage(stage, folder)
    assert done.returncode == 0, done.stderr
    assert "cores" not in done.stderr
    assert "File " not in done.stderr


def test_a_fit_outside_of_a_stage_counts_no_cores_either(no_cores: None) -> None:
    done = python("-W", "error", "-c", FIT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_library_that_is_loaded_later_gets_one_thread_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)  # else OpenBLAS heeds only this one
    done = python("-c", LATE)
    assert done.stdout == "{1}\n", done.stderr


@pytest.mark.parametrize("before", [None, "2"])
def test_the_environment_is_left_as_it_was(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    with one_thread(), one_thread():
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before
