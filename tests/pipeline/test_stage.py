"""A stage fails in one line, with the exit code that DVC and shells expect."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from stages import report
from tests.compute.calls import within
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


def interrupted(program: str, *arguments: str, folder: Path = ROOT) -> tuple[int, str]:
    """Run a program that says `now` when Ctrl-C is to be pressed; return its end and its words."""
    with subprocess.Popen(
        [sys.executable, *arguments, program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    return process.returncode, said


def test_ctrl_c_during_a_stages_imports_is_one_line(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "song_mixtures/pipeline", tmp_path / "song_mixtures/pipeline")
    (tmp_path / "stages").mkdir()
    shutil.copy(ROOT / "stages/__init__.py", tmp_path / "stages")
    (tmp_path / "stages/example.py").write_text("import heavy")
    (tmp_path / "heavy.py").write_text("import time; print('now', flush=True); time.sleep(30)")
    code, said = interrupted("stages.example", "-m", folder=tmp_path)
    assert code == 130
    assert said.startswith("example: interrupted; ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("stage", ["k_sweep", "figures"])
def test_too_few_addresses_are_said_before_an_import_fails_or_hangs(stage: str) -> None:
    limited = f"ulimit -v 400000; exec {sys.executable} -m stages.{stage}"
    done = subprocess.run(
        ["sh", "-c", limited], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{stage}: `ulimit -v` leaves 0.4 GB of addresses, and libraries")
    assert done.stderr.count("\n") == 1


AT_THE_END = """
import threading, time
threading.Thread(target=time.sleep, args=(3,)).start()
threading._register_atexit(lambda: print("now", flush=True))
"""
IGNORED = """
import ctypes, time
@ctypes.CFUNCTYPE(None)
def callback():
    print("now", flush=True)
    time.sleep(5)
callback()
time.sleep(5)
"""


@pytest.mark.parametrize("moment", [AT_THE_END, IGNORED], ids=["at the end", "ignored"])
def test_ctrl_c_ends_a_stage_at_any_moment_in_one_line(moment: str) -> None:
    code, said = interrupted(PROGRAM.format(body=f"exec({moment!r}, {{}})"), "-c")
    assert code == 130
    assert said.startswith("example: interrupted; ")
    assert said.count("\n") == 1


WRITES = """
from pathlib import Path
from song_mixtures.pipeline.files import write_text
Path("begun").touch()
while not Path("go").exists():
    time.sleep(0.02)
write_text(Path("result"), "of old params")
"""
# Starts a stage as DVC does, by a shell that waits for it and outlives DVC.
DVC = """
import os, subprocess, sys
os.environ |= {environment!r}
subprocess.run(["sh", "-c", '"$0" -c "$1" 2> said; touch ended', sys.executable, {stage!r}])
"""


@pytest.mark.parametrize(
    ("environment", "killed", "kept"),
    [
        ({"DVC_STAGE": "k_sweep"}, True, False),
        ({"DVC_STAGE": "k_sweep"}, False, True),
        ({}, True, True),
    ],
    ids=["dvc is killed", "dvc lives", "started by nobody's dvc"],
)
def test_a_stage_that_outlives_its_dvc_keeps_no_result(
    tmp_path: Path, environment: dict[str, str], killed: bool, kept: bool
) -> None:
    stage = PROGRAM.format(body=f"import time; exec({WRITES!r}, globals() | {{'time': time}})")
    (tmp_path / "dvc").write_text(DVC.format(environment=environment, stage=stage))
    with subprocess.Popen(
        [sys.executable, tmp_path / "dvc", "repro"],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "DVC_STAGE"} | {"PYTHONPATH": str(ROOT)},
    ) as dvc:
        within(30, (tmp_path / "begun").exists)
        if killed:
            dvc.kill()  # its exit is not waited for yet, as by a shell that is busy
            within(5, lambda: psutil.Process(dvc.pid).status() == psutil.STATUS_ZOMBIE)
        (tmp_path / "go").touch()
        within(30, (tmp_path / "ended").exists)
    assert (tmp_path / "result").exists() == kept
    said = (tmp_path / "said").read_text()
    assert said.startswith("" if kept else "example: the dvc that started this stage has ended")
    assert said.count("\n") == (not kept)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []


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
