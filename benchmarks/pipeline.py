"""The root pipeline in a scratch clone of HEAD: under DVC against a notebook, stage by stage.

Peaks of memory are read from Linux's /proc, fifty times a second.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import pyarrow.parquet

from benchmarks._tables import ROOT
from benchmarks.made_songs import made_table
from benchmarks.results import OWN_TABLE, set_params
from song_mixtures.pipeline.params import load_yaml
from song_mixtures.pipeline.stage import StageError

REPEATS = 5  # of a command of about a second
POLL = 0.02  # seconds between two looks at a stage's memory


@dataclass(frozen=True)
class StageCost:
    """What a stage took."""

    stage: str
    seconds: float
    processor: float  # seconds on all cores together
    peak_mb: float  # of the stage's process and of those it starts, together
    own_peak_mb: float  # of the stage's process, with all that it shares
    table_mb: float  # in memory, the largest table that it reads or writes


def scratch_clone(folder: Path) -> Path:
    """Return a clone of HEAD."""
    project = folder / "project"
    subprocess.run(["git", "clone", "--quiet", ROOT, project], check=True)
    (project / "data/raw").mkdir(parents=True, exist_ok=True)
    return project


def wall_seconds(command: list[str], folder: Path) -> float:
    """Return how long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - start


def under_dvc(songs: int) -> dict[str, float]:
    """Return seconds of the notebook's process, `dvc repro`, `dvc status` and an idle repro."""
    with tempfile.TemporaryDirectory() as name:
        project = scratch_clone(Path(name))
        table = project / "data/raw/songs.csv"
        made_table(songs).to_csv(table, index=False)
        set_params(project / "params.yaml", OWN_TABLE | {"input.table": "data/raw/songs.csv"})
        notebook = [sys.executable, "-m", "benchmarks.notebook", str(table), str(project / "book")]
        found = {
            "notebook": wall_seconds(notebook, ROOT),
            "repro": wall_seconds(["dvc", "repro"], project),
        }
        pairs = [
            (wall_seconds(["dvc", "status"], project), wall_seconds(["dvc", "repro"], project))
            for _ in range(REPEATS)
        ]
    status, idle = (min(times) for times in zip(*pairs, strict=True))
    return found | {"status": status, "idle repro": idle}


def stages_of(project: Path) -> list[str]:
    """Return the stages of the pipeline with a table of one's own, in order."""
    stages = load_yaml((project / "dvc.yaml").read_text())["stages"]
    return [name for name, stage in stages.items() if "foreach" not in stage]


def processes(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [one for child in children.read_text().split() for one in processes(int(child))]
    return found


def megabytes(pid: int) -> float:
    """Return the memory of a process and its descendants, what they share counted once."""
    total = 0
    for process in processes(pid):
        shared_out = Path(f"/proc/{process}/smaps_rollup").read_text()
        if pss := re.search(r"^Pss:\s+(\d+)", shared_out, flags=re.MULTILINE):
            total += int(pss[1])
    return total / 1024


def own_peak(pid: int) -> float:
    """Return the most that a process has held so far, MB; Linux forgets no short peak of it."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+)", status, flags=re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0  # of one that has just ended


def stage_cost(stage: str, project: Path) -> StageCost:
    """Run one stage by its own command and return what it took."""
    start, before, peak, own = time.perf_counter(), getrusage(RUSAGE_CHILDREN), 0.0, 0.0
    process = subprocess.Popen([sys.executable, "-m", f"stages.{stage}"], cwd=project)
    while process.poll() is None:
        with suppress(FileNotFoundError, ProcessLookupError):  # where a process has just ended
            own = max(own, own_peak(process.pid))
            peak = max(peak, megabytes(process.pid))
        time.sleep(POLL)
    seconds, after = time.perf_counter() - start, getrusage(RUSAGE_CHILDREN)
    if process.returncode:
        raise StageError(f"{stage} failed, see above")
    processor = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return StageCost(stage, seconds, processor, peak, own, largest_table_mb(stage, project))


def largest_table_mb(stage: str, project: Path) -> float:
    """Return the size in memory of the largest table that a stage declares."""
    declared = load_yaml((project / "dvc.yaml").read_text())["stages"][stage]
    names = [str(entry) for entry in declared["deps"] + declared["outs"]]
    paths = [project / name.replace("${tables.format}", "parquet") for name in names]
    sizes = [pyarrow.parquet.read_table(path).nbytes for path in paths if path.suffix == ".parquet"]
    return max(sizes, default=0) / 2**20


def stage_costs(songs: int, params: Mapping[str, Any] | None = None) -> list[StageCost]:
    """Return what each stage of the root pipeline takes with so many songs, as Parquet.

    `params` are changed besides. K is the one of lowest BIC: K = 10 is not valid in every table.
    """
    with tempfile.TemporaryDirectory() as name:
        project = scratch_clone(Path(name))
        made_table(songs).to_parquet(project / "data/raw/songs.parquet", index=False)
        changes = {
            "input.table": "data/raw/songs.parquet",
            "tables.format": "parquet",
            "choose_k.by": "bic",
        }
        set_params(project / "params.yaml", OWN_TABLE | changes | dict(params or {}))
        return [stage_cost(stage, project) for stage in stages_of(project)]


def stage_rows(few: list[StageCost], many: list[StageCost]) -> list[list[str]]:
    """Return table rows: what each stage takes with many songs, and what it adds to few."""
    rows = []
    for small, large in zip(few, many, strict=True):
        added = large.peak_mb - small.peak_mb
        share = f"{added / large.table_mb:.1f}" if large.table_mb > 1 else "–"
        row = [large.seconds, large.peak_mb, added, large.table_mb]
        rows.append([large.stage, f"{row[0]:.1f}", *(f"{value:.0f}" for value in row[1:]), share])
    total = sum(cost.seconds for cost in many)
    peak = max(cost.peak_mb for cost in many)
    return [*rows, ["all", f"{total:.0f}", f"{peak:.0f}", "", "", ""]]
