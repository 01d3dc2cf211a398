"""`python -m stages.<stage>` and `dvc`, started by forking a process that has the libraries loaded.

Tests of the pipeline start hundreds of these commands, and each spends about a second importing
pandas, scikit-learn or DVC. A server imports them once; a command is then a fork of it, with the
folder, arguments, environment and open files of whoever asked. No module of the project is among
what is loaded: the fork imports those of its own folder, as a new process does. What else is asked
of `python` runs as ever.

A fork ends without the interpreter's last tidying, which would copy most of the memory that it
shares with the server: what a module has registered for the end is called, what it has said is
written, and the process is gone.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

LOADED = (
    "dulwich.ignore",
    "dulwich.porcelain",
    "dulwich.worktree",
    "dvc.cachemgr",
    "dvc.cli.parser",
    "dvc.data_cloud",
    "dvc.dirs",
    "dvc.repo.experiments.collect",
    "dvc.repo.experiments.executor.local",
    "dvc.repo.experiments.queue.celery",
    "dvc.repo.experiments.run",
    "dvc.repo.index",
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
    "dvc_render.vega",
    "fsspec.implementations.memory",
    "hydra.compose",
    "joblib",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "networkx",
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
elif not module.startswith("stages."):
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
    gc.freeze()
    become(**serve(sys.argv[1]))


if __name__ == "__main__":
    main()
