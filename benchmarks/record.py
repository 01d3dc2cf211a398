"""Compare the metrics of the run in this workspace with those that git has, `make` having run.

    python -m benchmarks.record

Two machines agree to 7 digits, so what differs by more than a millionth is another result: it is
listed, and the exit code is 1.
"""

import json
import subprocess

from benchmarks._tables import ROOT
from song_mixtures.pipeline.stage import StageError, run_program

TOLERANCE = 1e-6  # relative

Metrics = dict[str, float]  # by file and key


def flat(files: dict[str, str]) -> Metrics:
    """Return the numbers of some metrics files, by `file: key`."""
    return {
        f"{name}: {key}": value
        for name, text in files.items()
        for key, value in json.loads(text).items()
    }


def committed() -> Metrics:
    """Return the metrics of the last commit."""
    listed = ["git", "ls-tree", "--name-only", "HEAD", "metrics/"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    shown = {
        name: subprocess.run(
            ["git", "show", f"HEAD:{name}"], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        for name in names.split()
    }
    return flat(shown)


def of_workspace() -> Metrics:
    """Return the metrics of the last run."""
    paths = sorted((ROOT / "metrics").glob("*.json"))
    return flat({f"metrics/{path.name}": path.read_text() for path in paths})


def differences(old: Metrics, new: Metrics) -> list[str]:
    """Return a line for every number that is only on one side or differs by more than rounding."""
    return [
        f"{name}: {old.get(name)} in git, {new.get(name)} of this run"
        for name in sorted(old.keys() | new.keys())
        if not (name in old and name in new and close(old[name], new[name]))
    ]


def close(old: float, new: float) -> bool:
    """Tell whether two numbers agree to TOLERANCE of the larger."""
    return abs(old - new) <= TOLERANCE * max(abs(old), abs(new))


def main() -> None:
    """Compare, and fail where the record is of another run."""
    old, new = committed(), of_workspace()
    if not old:
        raise StageError("the last commit has no metrics/: run `make`, commit metrics")
    lines = differences(old, new)
    if lines:
        listed = "\n  ".join(lines)
        raise StageError(f"{len(lines)} of {len(old)} metrics are not those of git:\n  {listed}")
    print(f"all {len(old)} metrics are those of the last commit, to {TOLERANCE:g}")


if __name__ == "__main__":
    run_program(main)
