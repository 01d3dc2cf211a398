"""A Dask cluster as the place where calls run; see docs/scaling.md for how to start one.

Before the first call the cluster is asked for what would otherwise come out as a wrong number, a
wait without end or a wrong reason: that it answers, has workers, and that each of them holds this
very code with these very packages and sees the files. A worker that joins later is held to the
same by every call it gets.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import distributed

from song_mixtures.compute.fingerprint import check_other_code, fingerprint
from song_mixtures.compute.remote import packed
from song_mixtures.pipeline.stage import StageError

CONNECT_SECONDS = 5  # for the scheduler to answer
WORKERS_SECONDS = 10  # for the first worker to be there
CALLS_A_THREAD = 2  # with the cluster at a time: one that runs, one that waits there


def remote_call(function: Callable[..., Any], expected: str) -> Callable[..., Any]:
    """Return call(packed(arguments, large), *large) for a worker: what the function returns.

    Dask's scheduler unpickles what it is given, and need not know this project: so it gets a
    function of no module (cloudpickle sends those as they are) and bytes. `expected`: fingerprint.
    """
    content = packed(function)

    def call(arguments: bytes, *large: Any) -> Any:
        from song_mixtures.compute.remote import run_packed

        return run_packed(content, expected, arguments, large)

    call.__name__ = function.__name__  # under which Dask shows and reports it
    return call


@dataclass(frozen=True)
class Workers:
    """The workers of a cluster, and what all calls have in common, laid on each of them."""

    client: distributed.Client
    large: Sequence[Any]
    copies: Sequence[distributed.Future[Any]]  # of these

    def results(self, call: Callable[..., Any], calls: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Yield what each call returns, in order; a call is made as soon as a thread is free.

        `call` is what remote_call() returned, `calls` are the arguments of its function.
        """
        most = CALLS_A_THREAD * sum(self.client.nthreads().values())
        waiting: deque[distributed.Future[Any]] = deque()  # for their results to be yielded
        ended: SimpleQueue[distributed.Future[Any]] = SimpleQueue()
        calls, left, running = iter(calls), True, 0
        while waiting or left:
            while not ended.empty():
                ended.get()
                running -= 1
            while left and running < most:
                if left := (arguments := next(calls, None)) is not None:
                    content = packed(arguments, self.large)
                    waiting.append(self.client.submit(call, content, *self.copies, pure=False))
                    waiting[-1].add_done_callback(ended.put)
                    running += 1
            if waiting and waiting[0].done():
                yield waiting.popleft().result()
            elif running:
                ended.get()
                running -= 1


@contextmanager
def cluster(
    address: str, large: Sequence[Any] = (), visible: Path | None = None
) -> Iterator[Workers]:
    """Yield the workers of a cluster that was looked at and found fit.

    `large` arguments of the calls are laid on every worker once, so that no worker's end takes
    the only copy with it. `visible`: a path that every worker must see. Raises StageError.
    """
    client = connected(address)
    try:
        check_unfit_workers(client, visible)
        with copies_kept(client):
            yield Workers(client, large, [client.scatter(one, broadcast=True) for one in large])
    except (distributed.KilledWorker, ImportError) as error:
        raise StageError(
            f"compute.scheduler: the cluster gave up a call: {one_line(error)}"
        ) from None
    except RuntimeError as error:
        if "deserialization" not in str(error):
            raise
        raise StageError(
            f"compute.scheduler: the scheduler at {address} cannot read the calls; start it in an "
            "environment that requirements.lock made, as the workers"
        ) from None
    except (CancelledError, distributed.comm.core.CommClosedError) as error:
        raise StageError(
            f"compute.scheduler: the scheduler at {address}, or every worker at once, went away "
            f"({one_line(error)}); start them and run `dvc repro` again"
        ) from None
    finally:
        client.close(timeout=CONNECT_SECONDS)


@contextmanager
def copies_kept(client: distributed.Client) -> Iterator[None]:
    """Keep Dask's memory manager from dropping copies: it leaves one, and that worker may die."""
    managed = client.amm.running()
    client.amm.stop()
    try:
        yield
    finally:
        if managed and client.status == "running":  # else there is no scheduler to ask
            client.amm.start()


async def greet(address: str) -> None:
    """Ask the scheduler who it is; a Client that nobody answers would hang on its own end."""
    async with distributed.rpc(address, timeout=CONNECT_SECONDS) as scheduler:
        await asyncio.wait_for(scheduler.identity(), CONNECT_SECONDS)


def connected(address: str) -> distributed.Client:
    """Return a client of the scheduler that has at least one worker."""
    try:
        asyncio.run(greet(address))
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, distributed.comm.core.CommClosedError) as error:
        reason = one_line(error) or f"no answer in {CONNECT_SECONDS} s"
        raise StageError(
            f"compute.scheduler: no Dask scheduler answers at {address!r} ({reason}); start one "
            "with `dask scheduler`, or set compute.backend: loky and scheduler: null"
        ) from None
    try:
        client.wait_for_workers(1, timeout=WORKERS_SECONDS)
    except TimeoutError:
        client.close(timeout=CONNECT_SECONDS)
        raise StageError(
            f"compute.scheduler: the scheduler at {address} has no worker after "
            f"{WORKERS_SECONDS} s; start some with `dask worker {address} --nthreads 1`"
        ) from None
    return client


def one_line(error: BaseException) -> str:
    """Return what an error says, without line breaks."""
    return " ".join(str(error).split())


def check_unfit_workers(client: distributed.Client, visible: Path | None) -> None:
    """Raise a StageError where a worker lacks our code or packages, or does not see the path."""
    for worker, found in client.run(fingerprint, on_error="return").items():
        if isinstance(found, BaseException):
            raise StageError(
                f"compute.scheduler: the worker {worker} cannot import the project "
                f"({one_line(found)}); "
                "start it with PYTHONPATH set to the project's folder, in an environment that "
                "requirements.lock made"
            )
        check_other_code(found, fingerprint(), worker)
    if visible is not None:
        for worker, sees in client.run(visible.exists).items():
            if not sees:
                raise StageError(
                    f"compute.scheduler: the worker {worker} does not see {visible}; the project's "
                    "folder must lie on a file system that all workers share, at the same path"
                )
