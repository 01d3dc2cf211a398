"""Every parallel loop of the pipeline: the same calls on this machine or on a Dask cluster.

joblib's loky processes do the work, or the workers of a Dask cluster. A call computes on one
thread and sees nothing but its arguments, so where it ran and beside how many others changes no
byte of what it returns; results come in the order of the calls, each as soon as it is there.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from joblib import Parallel, delayed, effective_n_jobs, parallel_config

from song_mixtures.pipeline.params import Range
from song_mixtures.pipeline.stage import one_thread

# Large arguments that processes share: joblib would put them where nobody looks after a kill.
SHARED = Path("data/cache/shared")


@dataclass(frozen=True)
class Compute:
    """Where the parallel loops run. No result depends on it, so no stage declares it to DVC."""

    # Processes here, -1: one per core; 1,024 take the memory of any machine.
    n_jobs: Annotated[int, Range(-1, 1024)] = -1
    backend: Literal["loky", "dask"] = "loky"
    scheduler: str | None = None  # address of a Dask scheduler, such as tcp://192.0.2.7:8786

    def __post_init__(self) -> None:
        if self.n_jobs == 0:
            raise ValueError("n_jobs is 0, expected -1 (one per core) or at least 1")
        if self.backend == "dask" and not self.scheduler:
            raise ValueError("backend is dask, so scheduler must be an address, not null")
        if self.backend == "loky" and self.scheduler is not None:
            raise ValueError(f"scheduler is {self.scheduler!r}, expected null with backend loky")
        if self.backend == "dask" and self.n_jobs != -1:
            raise ValueError(f"n_jobs is {self.n_jobs}, expected -1 (all workers) with dask")


def parallel_map(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    compute: Compute,
    *,
    large: Sequence[Any] = (),
    visible: Path | None = None,
    most_jobs: int | None = None,
    threads: bool = False,
) -> Iterator[Any]:
    """Yield function(*arguments) for the arguments of every call, in order.

    Raises StageError where the cluster is not fit for it.

    Parameters
    ----------
    function : does one call, on one thread, and sees nothing but its arguments
    calls : the arguments of each call
    compute : where the calls run
    large : arguments that all calls have in common and a cluster should get once
    visible : a path that the calls use, so every worker must see it; None: they use none
    most_jobs : processes here, 1 or more, beyond which none is worth its start; None: no limit
    threads : here in threads, which need no start, for functions that leave Python's lock alone
    """
    if compute.backend == "dask":
        yield from _dask_results(function, calls, compute.scheduler or "", large, visible)
        return
    n_jobs = effective_n_jobs(compute.n_jobs)
    if not threads:
        shutil.rmtree(SHARED, ignore_errors=True)  # of a run that was killed
    with (
        parallel_config("threading")
        if threads
        else parallel_config("loky", inner_max_num_threads=1, temp_folder=str(SHARED))
    ):
        parallel = Parallel(min(n_jobs, most_jobs or n_jobs), return_as="generator")
    with one_thread():  # of this process, which does the work where one is all there is
        yield from parallel(delayed(function)(*arguments) for arguments in calls)


def _dask_results(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    address: str,
    large: Sequence[Any],
    visible: Path | None,
) -> Iterator[Any]:
    """Do what parallel_map() does, on a Dask cluster.

    Parameters
    ----------
    function : as in parallel_map()
    calls : as in parallel_map()
    address : of the scheduler, such as tcp://192.0.2.7:8786
    large : as in parallel_map()
    visible : as in parallel_map()
    """
    from song_mixtures.compute.dask import cluster, remote_call  # 0.4 s, and few need it
    from song_mixtures.compute.fingerprint import fingerprint

    call = remote_call(function, fingerprint())
    with cluster(address, large, visible) as workers:
        yield from workers.results(call, calls)
