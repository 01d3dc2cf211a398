"""What must be equal for results to be equal: our source and the versions of the packages."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from song_mixtures.pipeline.stage import StageError

PROJECT = Path(__file__).parents[1]  # the whole package, every room of it
# What decides the digits of a result, besides our own code.
PACKAGES = ("numba", "numpy", "pyloudnorm", "scikit-learn", "scipy", "soundfile", "soxr")


def source_digest() -> str:
    """Return a digest of this package's source as it is on disk now."""
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*.py")):
        digest.update(f"{path.relative_to(PROJECT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


# As of the import: a worker outlives a change of the files, and goes on with what it imported.
IMPORTED_SOURCE = source_digest()


@cache
def fingerprint() -> str:
    """Return what must be equal for results to be equal: our source and the packages."""
    return "\n".join([IMPORTED_SOURCE, *(f"{name} {installed(name)}" for name in PACKAGES)])


def installed(package: str) -> str:
    """Return the version of a package, or that there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def check_other_code(found: str, expected: str, worker: str) -> None:
    """Raise a StageError where a worker's fingerprint is not the expected one."""
    if found == expected:
        return
    theirs, ours = (text.splitlines() for text in (found, expected))
    packages = [f"{a} (here {b})" for a, b in zip(theirs[1:], ours[1:], strict=True) if a != b]
    if packages:
        raise StageError(
            f"compute.scheduler: the worker {worker} has {', '.join(packages)}, so its results "
            "may differ; install requirements.lock there and restart it"
        )
    raise StageError(
        f"compute.scheduler: the worker {worker} holds another version of song_mixtures than the "
        "one here; give it the same files and restart it"
    )
