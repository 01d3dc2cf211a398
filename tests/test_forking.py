"""What a forked command does is what the command does that it stands for."""

import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, call, ran

CHAIN = """
stages:
  one:
    cmd: cat params.yaml > one
    params: [numbers, words]
    outs: [one]
  two:
    cmd: cat one one > two
    deps: [one]
    outs: [two]
  three:
    cmd: wc -c two > three
    deps: [two]
    params: [words]
    metrics:
      - three:
          cache: false
"""
PARAMS = """
numbers: [1.0e-6, 1e-06, 12345678.9, 0.1, 3, -0.0, true, null]
words:
  none:
  empty: {}
  list: []
  text: "яркость: x # - 1e-06"
  number: "1e-06"
  long: %s
"""


def test_a_forked_dvc_writes_the_lock_that_dvc_writes(tmp_path: Path) -> None:
    locks = []
    for name, dvc in {"forked": ("dvc",), "real": (sys.executable, "-m", "dvc")}.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "dvc.yaml").write_text(CHAIN)
        call(folder, "git", "init", "-q")
        call(folder, *dvc, "init", "-q")
        for words in ("one", "several words " * 20):
            (folder / "params.yaml").write_text(PARAMS % words)
            said = call(folder, *dvc, "repro")
            assert said.count("Running stage") == 3
        locks.append((folder / "dvc.lock").read_bytes())
    assert locks[0] == locks[1]


@pytest.mark.parametrize("arguments", [["--help"], ["now"], []], ids=["help", "wrong", "no params"])
def test_a_forked_stage_says_and_ends_as_the_stage_does(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stage = ["-m", "stages.choose_k", *arguments]
    forked, real = (ran(tmp_path, python, *stage) for python in ("python", sys.executable))
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        real.returncode,
        real.stdout,
        real.stderr,
    )
    assert forked.stdout + forked.stderr
