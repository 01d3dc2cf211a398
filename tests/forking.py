"""`python -m <our module>` and `dvc`, started by forking a process that has the libraries loaded.

Tests of the pipeline start hundreds of these commands, and each spends about a second importing
pandas, scikit-learn, numba or DVC. A server imports them once; a command is then a fork of it, with
the folder, arguments, environment and open files of whoever asked. No module of the project is
among what is loaded: the fork imports those of its own folder, as a new process does. What else is
asked of `python` runs as ever.

Two more things are done once that cost more than what is tested. A copy of the project, such as
DVC makes for a queued experiment, gets the machine code of this one's fits, which numba would
compile for twenty seconds. And DVC, which reads dvc.lock anew at every stage, with the comments
that it does not have, gets what it wrote a moment ago.

A fork ends without the interpreter's last tidying, which would copy most of the memory that it
shares with the server: what a module has registered for the end is called, what it has said is
written, and the process is gone.
"""

import atexit
import gc
import importlib
import io
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any, NoReturn, TextIO

ROOT = Path(__file__).parents[1]
MACHINE_CODE = Path("song_mixtures/fitting/__pycache__")

LOADED = (
    "PIL.JpegImagePlugin",
    "celery.worker.worker",
    "dulwich.ignore",
    "dulwich.porcelain",
    "dulwich.stash",
    "dulwich.worktree",
    "dvc.cachemgr",
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.dirs",
    "dvc.repo.experiments.collect",
    "dvc.repo.experiments.executor.local",
    "dvc.repo.experiments.queue.celery",
    "dvc.repo.experiments.queue.tempdir",
    "dvc.repo.experiments.queue.workspace",
    "dvc.repo.experiments.run",
    "dvc.repo.experiments.show",
    "dvc.repo.index",
    "dvc.render.match",
    "dvc.repo.metrics.diff",
    "dvc.repo.open_repo",
    "dvc.repo.plots",
    "dvc.repo.plots.diff",
    "dvc.repo.reproduce",
    "dvc.rwlock",
    "dvc.ui.table",
    "dvc.utils.strictyaml",
    "dvc_data.hashfile.db.local",
    "dvc_data.index.checkout",
    "dvc_data.index.push",
    "dvc_render.vega",
    "dvc_task.app.filesystem",
    "dvc_task.proc.manager",
    "fsspec.implementations.memory",
    "hydra.compose",
    "jinja2",
    "joblib",
    "kombu.transport.filesystem",
    "markdown_it",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "matplotlib.style",
    "narwhals._pandas_like.dataframe",
    "networkx",
    "numba",
    "pandas",
    "platformdirs",
    "pyarrow.csv",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "ruamel.yaml",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "scmrepo.git",
    "scmrepo.git.backend.pygit2.filter",
    "sklearn.cluster",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.metrics",
    "sklearn.mixture",
    "sklearn.preprocessing",
    "tabulate",
    "threadpoolctl",
    "tqdm",
    "yaml",
)

# What stands on PATH as `python` and `dvc`: it must start fast, so it imports next to nothing.
CLIENT = """#!{python} -SE
import json, os, socket, sys
module = sys.argv[2] if sys.argv[1:2] == ["-m"] else ""
arguments = sys.argv[3:]
if {name!r} == "dvc":
    module, arguments = "dvc", sys.argv[1:]
elif not module.startswith(("stages.", "song_mixtures.")):
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
request = json.dumps([module, arguments, os.getcwd(), dict(os.environ)]).encode()
connection = socket.socket(socket.AF_UNIX)
connection.connect({address!r})
socket.send_fds(connection, [len(request).to_bytes(8, "big")], [0, 1, 2])
connection.sendall(request)
sys.exit(int.from_bytes(connection.recv(1), "big"))
"""


@cache
def forking_commands() -> Path:
    """Return a folder to be put on PATH, with a server behind it until the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="forking-"))
    address = str(folder / "socket")
    for name in ("python", "dvc"):
        client = folder / name
        client.write_text(CLIENT.format(python=sys.executable, name=name, address=address))
        client.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, __file__, address], stdout=subprocess.PIPE, start_new_session=True
    )
    atexit.register(server.kill)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    return folder


def serve(address: str) -> dict[str, Any]:
    """Answer requests for ever; in the process that is to run one, return it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whose exit nobody waits for
    while True:
        connection, _ = listener.accept()
        if os.fork():
            connection.close()
            continue
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        head, files, _, _ = socket.recv_fds(connection, 8, 3)
        size = int.from_bytes(head, "big")
        request = b""
        while len(request) < size:
            request += connection.recv(size - len(request))
        runner = os.fork()
        if runner == 0:
            connection.close()
            return {"request": json.loads(request), "files": files}
        _, status = os.waitpid(runner, 0)
        code = os.waitstatus_to_exitcode(status)
        connection.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)


def become(request: list[Any], files: list[int]) -> None:
    """Run a module as the process that was asked for."""
    module, arguments, folder, environment = request
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    give_machine_code(Path(folder))
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    given = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [folder, *filter(None, given)]  # in place of the folder of this file
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        leave(end.code or 0)
    leave(0)


def give_machine_code(folder: Path) -> None:
    """Put numba's machine code into a copy of the project; numba takes it for the same source."""
    cached = folder / MACHINE_CODE
    if cached.parent.is_dir() and not any(cached.glob("*.nbi")):
        cached.mkdir(exist_ok=True)
        for path in (ROOT / MACHINE_CODE).glob("*.nb?"):
            shutil.copy(path, cached)


def keep_the_lock() -> None:
    """Have DVC go on with the dvc.lock that it has written, in place of parsing it once more."""
    from dvc.utils.serialize import _yaml

    parse, dump = _yaml.parse_yaml_for_update, _yaml._dump
    kept: dict[str, Any] = {}

    def parse_once(text: str, path: str) -> Any:
        return kept.pop(text) if text in kept else parse(text, path)

    def dump_and_keep(content: Any, stream: TextIO) -> None:
        written = io.StringIO()
        dump(content, written)
        stream.write(written.getvalue())
        kept[written.getvalue()] = content

    _yaml.parse_yaml_for_update, _yaml._dump = parse_once, dump_and_keep


def leave(code: int) -> NoReturn:
    """End this process in the order in which an interpreter does."""
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Load the libraries and serve."""
    for name in LOADED:
        importlib.import_module(name)
    importlib.import_module("numba").njit(
        lambda: None
    )()  # at the first function it loads half of itself
    keep_the_lock()
    gc.freeze()
    become(**serve(sys.argv[1]))


if __name__ == "__main__":
    main()
