"""Text, JSON, metrics and pickles, each written in one move, and how JSON is read.

Every file is written beside its place and then moved there, so a stage that fails leaves no half
file. No pandas here: what reads JSON alone need not import it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from song_mixtures.pipeline.stage import StageError, check_dvc_alive


def reason_of(error: BaseException) -> str:
    """Return why a library could not read or write a file, in one line."""
    return " ".join(str(getattr(error, "strerror", None) or error).split())


@contextmanager
def naming(path: Path, *faults: type[Exception]) -> Iterator[None]:
    """Turn an OSError, or one of the faults, into a StageError that names the file it is about.

    Libraries often name none: of a full disk, a file size limit, a damaged table.
    """
    caught: tuple[type[Exception], ...] = (OSError, *faults)
    try:
        yield
    except caught as error:
        raise StageError(f"{path}: {reason_of(error)}") from None


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what was written there takes the place of `path` at the end."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            check_dvc_alive()
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write JSON at full float precision; NaN and infinities are refused (ValueError)."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote."""
    with naming(path, ValueError):
        return json.loads(check_written(path).read_text(encoding="utf-8"))


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Write a flat JSON of finite numbers, keys sorted, floats to 8 significant digits."""
    rounded = {
        key: value if isinstance(value, int) else float(f"{value:.8g}")
        for key, value in sorted(metrics.items())
    }
    write_json(path, rounded)


def write_pickle(path: Path, estimator: Any) -> None:
    """Write a scikit-learn estimator with joblib, for people: the pipeline reads no pickle."""
    import joblib  # only the stages that write a pickle pay for the import

    with atomic_write(path) as temporary:
        joblib.dump(estimator, temporary)


def check_written(path: Path) -> Path:
    """Return the path of a file of an earlier stage; StageError where it is not there."""
    if not path.is_file():
        raise StageError(f"{path} is not there: an earlier stage writes it, run `dvc repro`")
    return path
