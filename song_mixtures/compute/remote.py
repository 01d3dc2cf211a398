"""Calls as bytes, which a worker unpacks and a scheduler passes on without a look into them."""

import pickle
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import cloudpickle
import distributed
from threadpoolctl import threadpool_limits

from song_mixtures.compute.fingerprint import check_other_code, fingerprint


class _Packer(cloudpickle.Pickler):  # type: ignore[misc] # it has no types
    """Pickles arguments, the large ones by their place among them."""

    def __init__(self, file: BytesIO, large: Sequence[Any]) -> None:
        super().__init__(file)
        self.large = large

    def persistent_id(self, argument: Any) -> int | None:
        """Return the place of a large argument, None of any other."""
        return next((i for i, large in enumerate(self.large) if large is argument), None)


class _Unpacker(pickle.Unpickler):
    """Puts the large arguments, which came another way, into their places."""

    def __init__(self, content: bytes, large: Sequence[Any]) -> None:
        super().__init__(BytesIO(content))
        self.large = large

    def persistent_load(self, place: int) -> Any:
        """Return the large argument at a place."""
        return self.large[place]


def packed(arguments: Any, large: Sequence[Any] = ()) -> bytes:
    """Return what a worker unpacks and the scheduler does not look into."""
    file = BytesIO()
    _Packer(file, large).dump(arguments)
    return file.getvalue()


def run_packed(content: bytes, expected: str, arguments: bytes, large: Sequence[Any]) -> Any:
    """Call a function on one thread of a worker, if the worker is as it must be.

    Parameters
    ----------
    content : the function, packed
    expected : fingerprint
    arguments : its arguments, packed
    large : those of them that all calls have in common
    """
    if fingerprint() != expected:
        check_other_code(fingerprint(), expected, distributed.get_worker().address)
    threadpool_limits(1)  # for good: a worker may have two threads, which come and go
    return _function(content)(*_Unpacker(arguments, large).load())


@lru_cache(maxsize=16)
def _function(content: bytes) -> Callable[..., Any]:
    function: Callable[..., Any] = _Unpacker(content, ()).load()
    return function
