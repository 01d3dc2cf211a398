"""Reading and writing the pipeline's own files, always the same way.

Every file is written beside its place and then moved there, so a stage that fails leaves no half
file. Numbers that were computed are written with 8 significant digits: at that precision results
are the same on one thread or two and with any BLAS kernel, so DVC skips later stages where
nothing real has changed, and they still agree with scikit-learn within 1e-6.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pandas as pd

from song_mixtures.stage import StageError

# The columns of our tables that hold names: "NA", "007" and "nan" are names there, not numbers.
NAMES = {"song": str, "genre": str}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what was written there takes the place of `path` at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Write JSON at full float precision; NaN and infinities are refused (ValueError)."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that an earlier stage wrote."""
    return json.loads(_present(path).read_text(encoding="utf-8"))


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Write a flat JSON of finite numbers, keys sorted, floats to 8 significant digits."""
    rounded = {
        key: value if isinstance(value, int) else float(f"{value:.8g}")
        for key, value in sorted(metrics.items())
    }
    write_json(path, rounded)


def write_table(path: Path, table: pd.DataFrame, float_format: str | None = "%.8g") -> None:
    """Write a CSV without its index; `float_format=None` keeps floats exactly."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format=float_format, lineterminator="\n")


def write_pickle(path: Path, estimator: Any) -> None:
    """Write a scikit-learn estimator with joblib, for people: the pipeline reads no pickle."""
    import joblib  # only the stages that write a pickle pay for the import

    with replacing(path) as temporary:
        joblib.dump(estimator, temporary)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that an earlier stage wrote, by its suffix; floats come back exactly."""
    if path.suffix == ".parquet":
        return pd.read_parquet(_present(path))
    return pd.read_csv(_present(path), dtype=NAMES, keep_default_na=False)


@dataclass(frozen=True)
class Tables:
    """The format of everything under data/processed, section `tables` of params.yaml.

    Stages name their tables as CSV, which is the default; the suffix follows the format. CSV opens
    everywhere; Parquet keeps every bit and is many times faster at a million songs.
    """

    format: Literal["csv", "parquet"]

    def read(self, path: Path) -> pd.DataFrame:
        """Read a table in this format."""
        return read_table(path.with_suffix(f".{self.format}"))

    def write(self, path: Path, table: pd.DataFrame, float_format: str | None = "%.8g") -> None:
        """Write a table in this format; `float_format` is of CSV only."""
        if self.format == "csv":
            return write_table(path, table, float_format)
        with replacing(path.with_suffix(".parquet")) as temporary:
            table.to_parquet(temporary, index=False)
        return None


def _present(path: Path) -> Path:
    if not path.is_file():
        raise StageError(f"{path} is not there: an earlier stage writes it, run `dvc repro`")
    return path
