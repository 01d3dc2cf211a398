"""Run the whole pipeline on a real table, in a scratch clone, and keep the figures it gives.

    python -m benchmarks.real_tables spotify

The table is read from the folder that REAL_DATA names (default ../shared/data). The figures go to
docs/results/<name>.json: the params that were changed, every metric, the seconds of each stage
under `dvc repro`. The README's tables are checked against these files by tests/test_readme.py.
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
class RealTable:
    """A real input and what params.yaml says of it."""

    source: str  # below REAL_DATA
    place: str  # in the clone
    params: dict[str, Any]


TABLES = {
    "spotify": RealTable(
        "tables/spotify_tracks_34k.csv",
        "data/raw/spotify.csv",
        {
            "input.table": "data/raw/spotify.csv",
            "input.id": None,
            "input.label": "track_genre",
        },
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


def measure(name: str, table: RealTable) -> dict[str, Any]:
    """Run one table in a scratch clone of this repository's HEAD and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
        shutil.copy(REAL_DATA / table.source, project / table.place)
        set_params(project / "params.yaml", table.params)
        seconds = run_stages(project)
        metrics = {
            path.stem: json.loads(path.read_text())
            for path in sorted((project / "metrics").glob("*.json"))
        }
        picture = RESULTS / f"{name}_bic_aic.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / "plots/images/bic_aic.png", picture)
    return {"params": table.params, "metrics": metrics, "seconds": seconds}


def main() -> None:
    """Measure the tables named on the command line."""
    for name in sys.argv[1:]:
        if name not in TABLES:
            raise StageError(f"{name}: expected one of {', '.join(TABLES)}")
        write_json(RESULTS / f"{name}.json", measure(name, TABLES[name]))


if __name__ == "__main__":
    run(main)
