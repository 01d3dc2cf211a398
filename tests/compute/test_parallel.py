"""One process, two, or a Dask cluster: the same bytes, and a clear word where it cannot be.

The cluster is real: a scheduler and two workers, processes on 127.0.0.1 that these tests start,
kill and stop.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
import soundfile

from song_mixtures.compute import dask as cluster
from song_mixtures.compute import fingerprint
from song_mixtures.compute.parallel import SHARED, Compute, parallel_map
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import StageError
from stages import extract, k_sweep, kmeans, refits, stability
from tests.compute.calls import dies, fails, place_of, slow_square, square_in_time, within
from tests.conftest import ROOT, run_stages, write_params
from tests.test_extract import music

LOCAL = "tcp://127.0.0.1"


# The cluster as docs/scaling.md has people start it.
PAGE = (ROOT / "docs/scaling.md").read_text()
SCHEDULER, WORKER = [
    shlex.split(line, comments=True)
    for line in PAGE.split("```sh\n")[1].split("```")[0].splitlines()
]


@dataclass
class Cluster:
    """A scheduler and its workers, each a process."""

    folder: Path  # of logs and scratch files, and where the workers stand
    project: Path = ROOT
    address: str = ""
    scheduler: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, line: list[str], *more: str) -> subprocess.Popen[bytes]:
        """Start one part of the cluster by a line of the docs; its log is <name>.log."""
        placed = {
            "PYTHONPATH=/shared/song-mixtures": f"PYTHONPATH={self.project}",
            "tcp://192.0.2.7:8786": self.address,
        }
        words = [placed.get(word, word) for word in line]
        settings = [word for word in words if "=" in word]
        [program, *arguments] = [word for word in words if "=" not in word]
        assert program == "dask"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {
            "DASK_TEMPORARY_DIRECTORY": str(self.folder),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            "DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__INTERVAL": "200ms",
        }
        environment |= dict(setting.split("=") for setting in settings)
        command = [str(Path(sys.executable).with_name("dask")), *arguments, *more]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [*command, "--no-dashboard", "--host", "127.0.0.1"],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def start_scheduler(self) -> None:
        """Start a scheduler at a port that the system chooses, and wait for its address."""
        found = self.folder / "scheduler.json"
        more = ["--port", "0", "--scheduler-file", str(found)]
        self.scheduler = self.start("scheduler", SCHEDULER, *more)
        within(30, found.is_file)
        within(5, lambda: bool(found.read_text()))
        self.address = read_json(found)["address"]

    def start_worker(self) -> None:
        """Start a worker of one thread, which nobody starts anew when it dies."""
        name = f"worker{len(self.workers)}"
        one = ["--nworkers", "1", "--no-nanny"]
        self.workers.append(self.start(name, WORKER, *one))

    def stop(self) -> None:
        """Stop whatever still runs."""
        for process in [*self.workers, *filter(None, [self.scheduler])]:
            process.terminate()
        for process in [*self.workers, *filter(None, [self.scheduler])]:
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)

    @property
    def compute(self) -> Compute:
        """The params to use it."""
        return Compute(backend="dask", scheduler=self.address)

    @property
    def changes(self) -> dict[str, Any]:
        """The keys of params.yaml to use it."""
        return {
            "compute.backend": "dask",
            "compute.scheduler": self.address,
            "compute.n_jobs": -1,
        }


def running(folder: Path, workers: int) -> Iterator[Cluster]:
    """Yield a cluster with some workers, and stop it."""
    found = Cluster(folder)
    try:
        found.start_scheduler()
        for _ in range(workers):
            found.start_worker()
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers; to use, not to harm."""
    yield from running(tmp_path_factory.mktemp("cluster"), 2)


@pytest.fixture
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers, to harm."""
    yield from running(tmp_path_factory.mktemp("fragile"), 2)


@pytest.fixture
def scheduler_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler to which a test adds workers of its own."""
    yield from running(tmp_path_factory.mktemp("alone"), 0)


SWEPT = (k_sweep.K_SWEEP, k_sweep.METRICS)
REFITTED = (stability.STABILITY, stability.COMPONENTS, refits.REFITS, refits.METRICS)
CLUSTERED = (kmeans.ELBOW, kmeans.KMEANS_ASSIGNMENTS, kmeans.METRICS)
EXTRACTED = (extract.SONGS, extract.REJECTED, extract.METRICS)


def bytes_of(folder: Path, paths: tuple[Path, ...]) -> list[bytes]:
    return [(folder / path).read_bytes() for path in paths]


# ---- the same bytes


def test_a_sweep_gives_the_same_bytes_on_one_process_two_or_a_cluster(
    workspace: Path, two_workers: Cluster
) -> None:
    run_stages(workspace, "preprocess")
    written = []
    for changes in ({"compute.n_jobs": 1}, {"compute.n_jobs": 2}, two_workers.changes):
        write_params(workspace, {"k_sweep.covariance_types": ["full", "diag"]} | changes)
        run_stages(workspace, "k_sweep")
        written.append(bytes_of(workspace, SWEPT))
    assert written[0] == written[1] == written[2]


def test_refits_give_the_same_bytes_here_and_on_a_cluster(
    workspace: Path, two_workers: Cluster
) -> None:
    run_stages(workspace, "preprocess", "k_sweep")
    written = []
    for changes in ({"compute.n_jobs": 1}, two_workers.changes):
        write_params(workspace, {"stability.n_components": [3]} | changes)
        run_stages(workspace, "stability", "choose_k", "train_gmm", "refits")
        written.append(bytes_of(workspace, REFITTED))
    assert written[0] == written[1]


def test_kmeans_gives_the_same_bytes_here_and_on_a_cluster(
    workspace: Path, two_workers: Cluster
) -> None:
    run_stages(workspace, "preprocess", "k_sweep", "stability", "choose_k")
    written = []
    for changes in ({}, two_workers.changes):
        write_params(workspace, changes)
        run_stages(workspace, "kmeans")
        written.append(bytes_of(workspace, CLUSTERED))
    assert written[0] == written[1]


def test_an_extraction_gives_the_same_bytes_here_and_on_a_cluster(
    workspace: Path, two_workers: Cluster
) -> None:
    songs = workspace / "songs"
    songs.mkdir()
    for seed in range(5):
        soundfile.write(songs / f"{seed}.wav", music(4, seed=seed), 22_050)
    (songs / "bad.wav").write_text("no song")
    (songs / "a_link.wav").symlink_to("nowhere.wav")
    written = []
    for changes in ({"compute.n_jobs": 1}, two_workers.changes):
        allowed = {"input.audio": ["songs"], "extract.max_rejected_share": 0.9}
        write_params(workspace, allowed | changes)
        for entry in (workspace / extract.CACHE).rglob("*.json"):
            entry.unlink()
        run_stages(workspace, "extract")
        assert len(list((workspace / extract.CACHE).rglob("*.json"))) == 6
        written.append(bytes_of(workspace, EXTRACTED))
    assert written[0] == written[1]


def test_demo_songs_are_the_same_bytes_here_and_on_a_cluster(
    workspace: Path, two_workers: Cluster
) -> None:
    written = []
    for changes in ({"compute.n_jobs": 1}, two_workers.changes):
        write_params(workspace, {"demo.n_songs": 10} | changes)
        run_stages(workspace, "demo")
        audio = sorted((workspace / "data/raw/demo_audio").rglob("*.flac"))
        truth = workspace / "data/raw/demo_truth.csv"
        written.append([path.read_bytes() for path in [*audio, truth]])
    assert len(written[0]) == 11
    assert written[0] == written[1]


def test_results_come_in_order_each_as_soon_as_it_is_there(
    two_workers: Cluster, tmp_path: Path
) -> None:
    signal = tmp_path / "the first three are there"
    calls = ((n, signal if n == 3 else None) for n in range(4))
    found = parallel_map(square_in_time, calls, two_workers.compute)
    assert [next(found) for _ in range(3)] == [0, 1, 4]
    signal.touch()  # for which the last one waits
    assert list(found) == [9]


def test_calls_are_made_when_a_thread_is_free_and_not_all_at_once(two_workers: Cluster) -> None:
    made = []
    calls = (made.append(n) or (n, 0.01) for n in range(100))  # type: ignore[func-returns-value]
    found = parallel_map(slow_square, calls, two_workers.compute)
    next(found)
    assert len(made) < 20
    assert [square for square, _ in found] == [n * n for n in range(1, 100)]


def test_the_calls_really_run_on_both_workers(two_workers: Cluster) -> None:
    calls = [(n, 0.3) for n in range(8)]
    processes = {process for _, process in parallel_map(slow_square, calls, two_workers.compute)}
    assert processes == {worker.pid for worker in two_workers.workers}


def test_an_error_in_a_call_is_the_error_of_the_loop(two_workers: Cluster) -> None:
    with pytest.raises(StageError, match="not positive definite"):
        list(parallel_map(fails, ((n,) for n in range(4)), two_workers.compute))


# ---- what goes wrong on the way


def test_what_processes_shared_in_a_run_that_was_killed_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    left = SHARED / "joblib_memmapping_folder_1_2_3"
    left.mkdir(parents=True)
    large = np.zeros(300_000)  # of more than a megabyte, which processes share
    seen = list(parallel_map(place_of, [(large,)] * 2, Compute(n_jobs=2)))
    assert all(Path(place).is_relative_to(SHARED.absolute()) for place in seen)
    assert list(SHARED.rglob("*")) == []


def test_a_worker_killed_in_the_middle_of_a_sweep_loses_nothing(
    workspace: Path, fragile: Cluster
) -> None:
    run_stages(workspace, "preprocess")
    longer = {"k_sweep.k_max": 10, "mixture.n_init": 8, "mixture.tol": 1e-7}
    write_params(workspace, longer)
    run_stages(workspace, "k_sweep")
    undisturbed = bytes_of(workspace, SWEPT)
    for path in SWEPT:
        (workspace / path).unlink()
    write_params(workspace, longer | fragile.changes)
    stage = started(workspace, "k_sweep")
    within(60, lambda: stage.poll() is not None or b"K   3" in read_some(workspace))
    assert stage.poll() is None, "the sweep was over before a worker could be killed"
    fragile.workers[0].kill()
    assert stage.wait(60) == 0, read_some(workspace)
    assert bytes_of(workspace, SWEPT) == undisturbed


def test_what_all_calls_share_stays_on_every_worker(two_workers: Cluster) -> None:
    """Else the end of one worker would take the only copy with it, and the sweep."""
    shared = np.zeros(1000)
    with cluster.cluster(two_workers.address, [shared]) as workers:
        [future] = workers.copies
        time.sleep(1)  # Dask looks for copies to drop five times a second
        [holders] = workers.client.who_has([future]).values()
        assert len(holders) == 2
        assert not workers.client.amm.running()
    with distributed.Client(two_workers.address, set_as_default=False) as client:
        assert client.amm.running()


def started(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start a stage that says what it says into the file `said`."""
    with (folder / "said").open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", f"stages.{name}"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=said,
        )


def read_some(folder: Path) -> bytes:
    return (folder / "said").read_bytes()


def test_a_call_that_kills_every_worker_it_gets_is_given_up_and_said(fragile: Cluster) -> None:
    fragile.start_worker()  # a third: Dask gives up at the second death
    with pytest.raises(StageError, match="gave up a call: Attempted to run task 'dies-"):
        list(parallel_map(dies, [(os.getpid(),)], fragile.compute))


def test_a_scheduler_that_cannot_read_the_calls_is_said_in_one_sentence(
    two_workers: Cluster,
) -> None:
    with pytest.raises(StageError, match=r"cannot read the calls; start it in an environment that"):  # noqa: SIM117
        with cluster.cluster(two_workers.address):
            raise RuntimeError("Error during deserialization of the task graph. This frequently")


def test_a_scheduler_that_goes_away_is_said(
    fragile: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    found = parallel_map(slow_square, ((n, 0.2) for n in range(200)), fragile.compute)
    next(found)
    assert fragile.scheduler is not None
    fragile.scheduler.kill()
    with pytest.raises(StageError, match=f"the scheduler at {LOCAL}:.* went away"):
        list(found)


def test_a_connection_that_breaks_while_a_result_is_fetched_is_said(two_workers: Cluster) -> None:
    said = f"the scheduler at {LOCAL}:.* went away"
    with pytest.raises(StageError, match=said), cluster.cluster(two_workers.address):
        raise distributed.comm.core.CommClosedError("Connection reset by peer")


# ---- what is refused


@contextmanager
def listening(answers: bool) -> Iterator[str]:
    """Yield an address where nobody listens, or somebody who never says a word."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if answers:
            taken.listen()
        yield f"{LOCAL}:{taken.getsockname()[1]}"


# In a process of its own: it must end, too.
UNREACHABLE = """
import sys
from song_mixtures.compute import dask
from song_mixtures.compute.parallel import SHARED, Compute, parallel_map
from song_mixtures.pipeline.stage import run
dask.CONNECT_SECONDS = 1
sys.argv = ["stages/k_sweep.py"]
run(lambda: list(parallel_map(abs, [(1,)], Compute(backend="dask", scheduler={address!r}))))
"""


@pytest.mark.parametrize("answers", [False, True], ids=["nobody there", "no scheduler"])
def test_an_unreachable_scheduler_is_a_sentence_within_seconds(answers: bool) -> None:
    with listening(answers) as address:
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", UNREACHABLE.format(address=address)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert time.monotonic() - start < 15
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"k_sweep: compute.scheduler: no Dask scheduler answers at '{address}' ("
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("address", ["somewhere", "http://127.0.0.1:1"])
def test_what_is_no_address_is_said(address: str) -> None:
    with pytest.raises(StageError, match=f"no Dask scheduler answers at '{address}'"):
        list(parallel_map(fails, [(1,)], Compute(backend="dask", scheduler=address)))


def test_a_scheduler_without_workers_is_said(
    scheduler_alone: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WORKERS_SECONDS", 1)
    with pytest.raises(StageError, match=r"has no worker after 1 s; start some with `dask worker"):
        list(parallel_map(fails, [(1,)], scheduler_alone.compute))


def test_a_worker_without_the_project_is_named(scheduler_alone: Cluster) -> None:
    scheduler_alone.project = scheduler_alone.folder
    scheduler_alone.start_worker()
    with pytest.raises(StageError, match=r"the worker tcp.* cannot import the project .*No module"):
        list(parallel_map(fails, [(1,)], scheduler_alone.compute))


def test_a_worker_with_other_code_is_named(scheduler_alone: Cluster) -> None:
    scheduler_alone.project = scheduler_alone.folder
    shutil.copytree(ROOT / "song_mixtures", scheduler_alone.folder / "song_mixtures")
    with (scheduler_alone.folder / "song_mixtures/fitting/em.py").open("a") as file:
        file.write("# changed\n")
    scheduler_alone.start_worker()
    with pytest.raises(StageError, match="holds another version of song_mixtures than the one"):
        list(parallel_map(fails, [(1,)], scheduler_alone.compute))


def test_a_worker_with_other_packages_is_named() -> None:
    ours = fingerprint.fingerprint()
    theirs = ours.replace(f"numpy {version('numpy')}", "numpy 1.0")
    with pytest.raises(StageError, match=r"worker tcp://w:1 has numpy 1\.0 \(here numpy "):
        fingerprint.check_other_code(theirs, ours, "tcp://w:1")
    fingerprint.check_other_code(ours, ours, "tcp://w:1")


def test_every_call_is_held_to_the_code_it_was_made_for(
    two_workers: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a worker that joins after the workers were asked."""
    other = fingerprint.fingerprint().replace(fingerprint.IMPORTED_SOURCE, "other")
    monkeypatch.setattr(fingerprint, "fingerprint", lambda: other)
    monkeypatch.setattr(cluster, "check_unfit_workers", lambda *_: None)
    with pytest.raises(StageError, match="holds another version"):
        list(parallel_map(fails, [(1,)], two_workers.compute))


def test_a_worker_that_does_not_see_the_files_is_named(
    two_workers: Cluster, tmp_path: Path
) -> None:
    absent = tmp_path / "absent.wav"
    with pytest.raises(StageError, match=rf"the worker tcp.* does not see {absent}; the project"):
        list(parallel_map(fails, [(1,)], two_workers.compute, visible=absent))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"backend": "dask"}, "compute: backend is dask, so scheduler must be an address"),
        ({"scheduler": "tcp://a:1"}, "compute: scheduler is 'tcp://a:1', expected null with"),
        ({"n_jobs": 0}, "compute: n_jobs is 0, expected -1"),
        ({"n_jobs": -2}, "compute.n_jobs is -2, expected a whole number at least -1"),
        (
            {"n_jobs": 2, "backend": "dask", "scheduler": "tcp://a:1"},
            "compute: n_jobs is 2, expected -1 (all workers) with dask",
        ),
        ({"backend": "spark"}, "compute.backend is 'spark', expected one of loky, dask"),
    ],
)
def test_wrong_combinations_are_refused(
    workspace: Path, changes: dict[str, Any], said: str
) -> None:
    write_params(workspace, {f"compute.{key}": value for key, value in changes.items()})
    with pytest.raises(StageError, match=re.escape(said)):
        read_params("compute", Compute)


def test_a_run_without_a_cluster_imports_nothing_of_dask(workspace: Path) -> None:
    write_params(workspace, {"demo.n_songs": 10})
    # In a process of its own: this one has imported it.
    code = "import sys; from stages.demo import main; main(); print('dask' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
