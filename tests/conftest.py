"""What the tests share: a small table of songs of known make, and stages run as DVC runs them."""

import fcntl
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import settings

from song_mixtures.pipeline.params import load_yaml
from tests.forking import forking_commands

ROOT = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("REAL_DATA", ROOT / "../shared/data"))

# How long an example takes depends on what else the machine does.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

LONGEST_FIRST = [
    "test_experiments.py", "test_dvc.py", "test_moved.py", "test_parallel.py",
    "test_choice_of_features.py", "test_report.py", "test_placing.py", "test_em.py",
    "test_figures.py", "test_extraction.py", "test_benchmarks.py", "test_extract.py",
    "test_dvc_yaml.py", "test_default_songs.py", "test_parity.py", "test_page.py",
]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no core waits for one of them at the end.

    xdist keeps to this order with --no-loadscope-reorder alone, as in the Makefile; its own begins
    with the files of most tests.
    """
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


# Three kinds of songs: mean and standard deviation of tempo, energy, loudness, valence,
# danceability. The kinds overlap, so some songs are ambiguous.
KINDS = {
    "calm": ((80, 0.30, -20.0, 0.30, 0.40), (8, 0.08, 2.0, 0.10, 0.08)),
    "dance": ((122, 0.75, -8.0, 0.65, 0.80), (4, 0.07, 1.5, 0.12, 0.06)),
    "loud": ((140, 0.85, -6.0, 0.40, 0.45), (15, 0.06, 1.0, 0.15, 0.10)),
}
FEATURES = ["tempo", "energy", "loudness", "valence", "danceability"]

# Small enough that a whole run takes seconds.
SMALL: dict[str, Any] = {
    "demo.n_songs": 20,
    "demo.seconds": 4,
    "mixture.n_init": 2,
    "mixture.tol": 0.0001,
    "k_sweep.k_max": 5,
    "stability.n_components": [3, 4],
    "refits.reference_tables": 10,
    "refits.short_runs": 5,
    "refits.carried_on": 2,
    "refits.warm": 4,
    "choose_k.n_components": 3,
    "kmeans.n_init": 3,
    "figures.dpi": 60,
    "compute.n_jobs": 1,  # tests run side by side, and a worker process takes a second to start
}


# A table of one's own: no source is in the pipeline.
TABLE: dict[str, Any] = {"input.table": "data/raw/songs.csv", "input.demo": [], "input.audio": []}
# The synthetic songs.
DEMO: dict[str, Any] = {
    "input.table": "data/raw/audio_features.csv",
    "input.demo": ["songs"],
    "input.audio": ["data/raw/demo_audio"],
}


def make_songs(per_kind: int = 80, seed: int = 0) -> pd.DataFrame:
    """Return a table as a user has it: filename, genre and the five features."""
    rng = np.random.default_rng(seed)
    kinds = [
        pd.DataFrame(rng.normal(mean, sd, (per_kind, 5)), columns=FEATURES).assign(genre=kind)
        for kind, (mean, sd) in KINDS.items()
    ]
    songs = pd.concat(kinds, ignore_index=True)
    songs.insert(0, "filename", [f"{kind}.{i:05d}.wav" for i, kind in enumerate(songs["genre"])])
    return songs


def params_with(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the project's params.yaml with some keys (`section.key`) changed."""
    params = load_yaml((ROOT / "params.yaml").read_text())
    for path, value in changes.items():
        *sections, key = path.split(".")
        place = params
        for section in sections:
            place = place[section]
        assert key in place, path
        place[key] = value
    return params


def write_params(folder: Path, changes: dict[str, Any]) -> None:
    """Write the small params with some keys changed."""
    params = params_with(SMALL | TABLE | changes)
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def lay_out(folder: Path, changes: dict[str, Any]) -> None:
    """Put the small params and the table of 240 songs into a folder."""
    (folder / "data/raw").mkdir(parents=True)
    make_songs().to_csv(folder / "data/raw/songs.csv", index=False)
    write_params(folder, changes)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small params and a table of 240 songs, and the tests run inside of it."""
    lay_out(tmp_path, {})
    monkeypatch.chdir(tmp_path)
    return tmp_path


STAGES = [
    "input",
    "preprocess",
    "k_sweep",
    "stability",
    "choose_k",
    "train_gmm",
    "refits",
    "soft_assign",
    "suspects",
    "components",
    "uncertainty",
    "kmeans",
    "compare_kmeans",
]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that the first worker of xdist to ask for it makes and all of them read."""
    top = factory.getbasetemp()
    top = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top
    folder, made = top / name, top / f"{name}.made"
    with (top / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed halfway
            make(folder)
            made.touch()
    return folder


def run_every_stage(folder: Path) -> None:
    """Run every stage in a folder on the 240 songs."""
    lay_out(folder, {})
    run_stages(folder, *STAGES)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage has run on the 240 songs; to look at, not to change."""
    return made_once(tmp_path_factory, "finished", run_every_stage)


SetParams = Callable[..., None]


@pytest.fixture
def set_params(workspace: Path) -> SetParams:
    """Change keys of the workspace's params.yaml: set_params({"k_sweep.k_max": 4})."""

    def change(changes: dict[str, Any]) -> None:
        write_params(workspace, changes)

    return change


def run_stage(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a stage as its `cmd` does, in `folder`, with the project's own code."""
    return subprocess.run(
        [forking_commands() / "python", "-m", f"stages.{name}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def run_stages(folder: Path, *names: str) -> None:
    """Run stages one after another; each must succeed."""
    for name in names:
        done = run_stage(name, folder)
        assert done.returncode == 0, f"{name}: {done.stderr}"


IDENTITY = {
    f"GIT_{role}_{part}": "test@example.org"
    for role in ("AUTHOR", "COMMITTER")
    for part in ("NAME", "EMAIL")
}


def ran(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with an identity for git and DVC's site cache beside it."""
    path = f"{forking_commands()}{os.pathsep}{os.environ['PATH']}"
    site_cache = str(folder.parent / "site_cache")
    environment = os.environ | IDENTITY | {"PATH": path, "DVC_SITE_CACHE_DIR": site_cache}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def call(folder: Path, *command: str, code: int = 0) -> str:
    """Run a command and return all it said; its exit code must be `code`."""
    done = ran(folder, *command)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{' '.join(command)}: {said}"
    return said


def answer(folder: Path, *command: str) -> Any:
    """Run a command and return the JSON that it answers."""
    done = ran(folder, *command, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stages_run(said: str) -> set[str]:
    """Return the stages that `dvc repro` says it ran; of a source `extract@folder` its name."""
    return set(re.findall(r"^Running stage '(\w+)(?:@.*)?':", said, re.MULTILINE))


def pipeline_stages(dvc_yaml: Path = ROOT / "dvc.yaml") -> dict[str, Any]:
    """Return every stage that dvc.yaml can declare, of the sources what stands below `do`."""
    stages = yaml.safe_load(dvc_yaml.read_text())["stages"]
    return {name: stage.get("do", stage) for name, stage in stages.items()}


# In the pipeline only where the input needs them: the sources, and what needs files of audio.
BY_INPUT = {"demo", "extract", "gtzan_table", "playlists"}


def run_project(folder: Path) -> None:
    """Make a git checkout of this tree with a table of 240 songs, run it and commit."""
    project = folder / "project"
    listed = call(ROOT, "git", "ls-files", "-co", "--exclude-standard").splitlines()
    for path in filter(lambda path: (ROOT / path).is_file(), listed):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, project / path)
    make_songs().to_csv(project / "data/raw/songs.csv", index=False)
    write_params(project, {})
    call(project, "git", "init", "-q")
    said = call(project, "dvc", "repro")
    assert stages_run(said) == pipeline_stages().keys() - BY_INPUT
    call(project, "git", "add", "-A")
    call(project, "git", "commit", "-qm", "First run")


@pytest.fixture(scope="session")
def finished_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git checkout of this tree with a table of 240 songs, run once and committed.

    Each worker has its copy, for `dvc` locks a project that it only looks at.
    """
    made = made_once(tmp_path_factory, "dvc", run_project)
    copy = tmp_path_factory.mktemp("dvc") / "project"
    shutil.copytree(made / "project", copy, symlinks=True)
    return copy


@pytest.fixture
def project(finished_project: Path, tmp_path: Path) -> Path:
    """A copy of the finished project that a test may change."""
    shutil.copytree(finished_project, tmp_path / "project", symlinks=True)
    return tmp_path / "project"
