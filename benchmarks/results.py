"""Run the whole pipeline on a real input, in a scratch clone, and keep the figures it gives.

    python -m benchmarks.results demo spotify gtzan_table gtzan_audio

Real inputs are read from the folder that REAL_DATA names (default ../shared/data). The figures go
to docs/results/<name>.json: the params that were changed, every metric, the seconds of each stage
under `dvc repro`; and one picture beside it. tests/test_readme.py checks the README against them.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from song_mixtures.files import write_json
from song_mixtures.params import load_yaml
from song_mixtures.stage import StageError, run

ROOT = Path(__file__).parents[1]
REAL_DATA = Path(os.environ.get("REAL_DATA", ROOT / "../shared/data"))
RESULTS = ROOT / "docs/results"


@dataclass(frozen=True)
class Run:
    """An input and what params.yaml says of it."""

    params: dict[str, Any]  # section.key: value
    source: str = ""  # below REAL_DATA; none for the demo, which makes its own
    place: str = ""  # in the clone
    picture: str = "component_means"


RUNS = {
    "demo": Run({}),
    "spotify": Run(
        {
            "input.table": "data/raw/spotify.csv",
            "input.id": None,
            "input.label": "track_genre",
            "mixture.max_iter": 1000,
        },
        "tables/spotify_tracks_34k.csv",
        "data/raw/spotify.csv",
    ),
    "gtzan_table": Run(
        {"input.table": "data/raw/gtzan.csv"},
        "tables/gtzan_features_30_sec.csv",
        "data/raw/features_30_sec.csv",
    ),
    "gtzan_audio": Run(
        {
            "input.audio": "data/raw/gtzan_audio",
            "k_sweep.k_max": 6,
            "choose_k.n_components": 3,
            "choose_k.covariance_type": "diag",
        },
        "gtzan_audio",
        "data/raw/gtzan_audio",
    ),
}


def set_params(path: Path, changes: dict[str, Any]) -> None:
    """Change keys (`section.key`) of a params.yaml."""
    params = load_yaml(path.read_text())
    for key, value in changes.items():
        section, name = key.split(".")
        params[section][name] = value
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def run_stages(project: Path) -> dict[str, float]:
    """Run `dvc repro` and return the seconds from each stage's start to the next one's."""
    process = subprocess.Popen(
        ["dvc", "repro"], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    starts = []
    for line in process.stdout or []:
        sys.stderr.write(line)
        if found := re.match(r"Running stage '(\w+)':", line):
            starts.append((found.group(1), time.perf_counter()))
    if process.wait():
        raise StageError("dvc repro failed, see above")
    ends = [*[start for _, start in starts[1:]], time.perf_counter()]
    return {name: round(end - start, 1) for (name, start), end in zip(starts, ends, strict=True)}


def put(source: Path, place: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("*.csv"))
    else:
        shutil.copy(source, place)


def measure(name: str, measured: Run) -> dict[str, Any]:
    """Run one input in a scratch clone of this repository's HEAD and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        if measured.source:
            put(REAL_DATA / measured.source, project / measured.place)
        set_params(project / "params.yaml", measured.params)
        seconds = run_stages(project)
        metrics = {
            path.stem: json.loads(path.read_text())
            for path in sorted((project / "metrics").glob("*.json"))
        }
        RESULTS.mkdir(parents=True, exist_ok=True)
        shutil.copy(
            project / f"plots/images/{measured.picture}.png",
            RESULTS / f"{name}_{measured.picture}.png",
        )
    return {"params": measured.params, "metrics": metrics, "seconds": seconds}


def main() -> None:
    """Measure the runs named on the command line."""
    for name in sys.argv[1:]:
        if name not in RUNS:
            raise StageError(f"{name}: expected one of {', '.join(RUNS)}")
        write_json(RESULTS / f"{name}.json", measure(name, RUNS[name]))


if __name__ == "__main__":
    run(main)
