"""A stage fails in one line, with the exit code that DVC and shells expect."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stages import report
from tests.conftest import ROOT

PROGRAM = """
import sys
sys.argv[0] = "stages/example.py"
from song_mixtures.pipeline.stage import StageError, run
def main():
    {body}
run(main)
"""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("pass", 0, ""),
        ("raise StageError('mend it')", 1, "example: mend it\n"),
        ("open('/absent/x')", 1, "example: /absent/x: No such file or directory\n"),
        ("raise OSError(28, 'No space left on device')", 1, "example: a file: No space left on"),
        ("raise KeyboardInterrupt", 130, "example: interrupted"),
    ],
)
def test_what_a_user_can_cause_is_one_line(body: str, code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") <= 1


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body="1 / 0")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "Traceback" in done.stderr


def test_numeric_libraries_get_one_thread_each() -> None:
    found = "{pool['num_threads'] for pool in threadpoolctl.threadpool_info()}"
    body = f"import threadpoolctl; print({found})"
    program = "import numpy\n" + PROGRAM.format(body=body)
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "{1}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_a_stage_says_what_it_is_for_and_does_not_run(tmp_path: Path, flag: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.report", flag],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert report.__doc__ is not None
    assert report.__doc__.splitlines()[0] in done.stdout
    assert "dvc repro report" in done.stdout
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_stage_takes_no_arguments(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.report", "now"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "unrecognized arguments: now" in done.stderr


def test_a_stage_run_as_a_file_says_how_it_is_run() -> None:
    done = subprocess.run(
        [sys.executable, "stages/report.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "report: run it as `python -m stages.report` in the project's folder, or `dvc repro`\n"
    )
