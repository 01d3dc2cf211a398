"""Reading and writing the pipeline's own files, always the same way.

Every file is written beside its place and then moved there, so a stage that fails leaves no half
file. Numbers that were computed are written with 8 significant digits: at that precision results
are the same on one thread or two and with any BLAS kernel, so DVC skips later stages where
nothing real has changed, and they still agree with scikit-learn within 1e-6.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray
from pyarrow import csv
from pyarrow.parquet import ParquetFile

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


def write_table(path: Path, table: pd.DataFrame, digits: int | None = 8) -> None:
    """Write a CSV without its index, floats to `digits` significant digits; None: exactly.

    pyarrow writes a float as the shortest text that reads back as the same float, many times
    faster than pandas formats one.
    """
    if digits is not None:
        floats = table.select_dtypes("float64")
        table = table.assign(
            **{str(name): significant(floats[name].to_numpy(), digits) for name in floats}
        )
    content = pyarrow.Table.from_pandas(table, preserve_index=False)
    with replacing(path) as temporary:
        try:
            _write_csv(content, temporary, "none")
        except pyarrow.ArrowInvalid:  # a name with a comma, a quote or a line break in it
            _write_csv(content, temporary, "needed")


def _write_csv(content: pyarrow.Table, path: Path, quoting: Literal["none", "needed"]) -> None:
    options = csv.WriteOptions(quoting_style=quoting, quoting_header=quoting)
    csv.write_csv(content, path, options)


def significant(values: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Return the floats nearest to the values at so many significant digits, 22 decimals at most.

    A power of ten up to 22 is a float without error, so the quotient is the float that the
    decimal number reads back as, and prints as that number.
    """
    with np.errstate(divide="ignore"):
        decimals = digits - 1 - np.floor(np.log10(np.abs(values)))
    decimals = np.clip(np.where(np.isfinite(decimals), decimals, 0), -22, 22)
    up, down = 10.0 ** np.maximum(decimals, 0), 10.0 ** np.maximum(-decimals, 0)
    rounded: NDArray[np.float64] = np.rint(values * up / down) / up * down
    return rounded


def write_pickle(path: Path, estimator: Any) -> None:
    """Write a scikit-learn estimator with joblib, for people: the pipeline reads no pickle."""
    import joblib  # only the stages that write a pickle pay for the import

    with replacing(path) as temporary:
        joblib.dump(estimator, temporary)


def read_table(path: Path, columns: Collection[str] | None = None) -> pd.DataFrame:
    """Read a table that an earlier stage wrote, floats exactly: all of it, or these columns.

    Columns that the table does not have are passed over: genres are not always known.
    """
    if path.suffix == ".csv":
        usecols = None if columns is None else columns.__contains__
        return pd.read_csv(_present(path), dtype=NAMES, keep_default_na=False, usecols=usecols)
    with ParquetFile(_present(path)) as file:
        names = file.schema_arrow.names
        content = file.read([name for name in names if columns is None or name in columns])
    # Column by column, so that the table is never in memory twice.
    return content.to_pandas(split_blocks=True, self_destruct=True)


@dataclass(frozen=True)
class Tables:
    """The format of everything under data/processed, section `tables` of params.yaml.

    Stages name their tables as CSV, which is the default; the suffix follows the format. CSV opens
    everywhere; Parquet keeps every bit and is many times faster at a million songs.
    """

    format: Literal["csv", "parquet"]

    def read(self, path: Path, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Read a table in this format, as read_table() does."""
        return read_table(path.with_suffix(f".{self.format}"), columns)

    def write(self, path: Path, table: pd.DataFrame, digits: int | None = 8) -> None:
        """Write a table in this format; `digits` is of CSV only, Parquet keeps all."""
        if self.format == "csv":
            return write_table(path, table, digits)
        with replacing(path.with_suffix(".parquet")) as temporary:
            table.to_parquet(temporary, index=False)
        return None


def _present(path: Path) -> Path:
    if not path.is_file():
        raise StageError(f"{path} is not there: an earlier stage writes it, run `dvc repro`")
    return path
