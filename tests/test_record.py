"""The record of the default run in git is that of the commit.

dvc.lock, metrics/, reports/summary.md and the data of the charts are committed with the code and
the params that they come from. Where one of these has changed since, `dvc repro` and a commit of
what it wrote bring them together again.
"""

import hashlib
from typing import Any

import pytest
import yaml

from song_mixtures.pipeline.params import load_yaml
from tests.conftest import ROOT, call

LOCK = load_yaml((ROOT / "dvc.lock").read_text())["stages"]
PARAMS = load_yaml((ROOT / "params.yaml").read_text())
CURE = "run `dvc repro` and commit dvc.lock, metrics, plots and reports"


def value_of(key: str) -> Any:
    """Return what stands at `section.key` of params.yaml."""
    found = PARAMS
    for part in key.split("."):
        found = found[part]
    return found


def declared() -> dict[str, Any]:
    """Return the stages of dvc.yaml by the names under which DVC records them."""
    found: dict[str, Any] = {}
    for name, stage in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        if "foreach" in stage:
            items = value_of(stage["foreach"].removeprefix("${").removesuffix("}"))
            found |= {f"{name}@{item}": stage["do"] for item in items}
        else:
            found[name] = stage
    return found


STAGES = declared()


def md5(path: str) -> str:
    """Return a file's checksum as DVC writes it."""
    return hashlib.md5((ROOT / path).read_bytes(), usedforsecurity=False).hexdigest()


def stale(recorded: dict[str, Any]) -> list[str]:
    """Return the code, results in git and params of a stage that are not those of its run."""
    changed = [
        entry["path"]
        for entry in [*recorded.get("deps", []), *recorded.get("outs", [])]
        if entry["path"].endswith(".py") or is_recorded(entry["path"])
        if entry["md5"] != md5(entry["path"])
    ]
    params = recorded.get("params", {}).get("params.yaml", {})
    return changed + [key for key, value in params.items() if value != value_of(key)]


def is_recorded(path: str) -> bool:
    """Tell whether a result is in git; what is in DVC's cache need not be here."""
    return path.startswith(("metrics/", "plots/", "reports/")) and (ROOT / path).is_file()


@pytest.mark.parametrize("name", STAGES)
def test_the_recorded_run_is_that_of_the_code_and_the_params(name: str) -> None:
    assert name in LOCK, CURE
    assert LOCK[name]["cmd"] == STAGES[name]["cmd"]
    assert len(LOCK[name]["deps"]) == len(STAGES[name]["deps"]), CURE
    assert stale(LOCK[name]) == [], CURE


def test_a_stale_record_is_seen() -> None:
    recorded = {
        "deps": [{"path": "stages/choose_k.py", "md5": "0" * 32}],
        "outs": [{"path": "metrics/choose_k.json", "md5": "0" * 32}],
        "params": {"params.yaml": {"choose_k": PARAMS["choose_k"] | {"n_components": 99}}},
    }
    assert stale(recorded) == ["stages/choose_k.py", "metrics/choose_k.json", "choose_k"]


@pytest.mark.skipif(PARAMS["input"]["demo"] == [], reason="the record of one's own songs")
def test_the_record_holds_the_default_run_and_nothing_else() -> None:
    assert set(LOCK) == set(STAGES)
    outs = {entry["path"] for stage in LOCK.values() for entry in stage["outs"]}
    folders = ("metrics", "plots", "reports")
    listed = call(ROOT, "git", "ls-files", *folders).splitlines()
    ours = {path for path in listed if not path.endswith(".gitignore")}
    assert len(ours) > 15
    assert ours <= outs
