"""Reading a table that somebody else made: CSV or Parquet, any columns, every fault named."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype
from pyarrow import csv

from song_mixtures.pipeline.stage import StageError


def read_source_table(path: Path, wanted: Mapping[str, str]) -> pd.DataFrame:
    """Read the wanted columns (column → who names it) of a table, by its suffix; no others.

    Every cell of a CSV comes as text, so nothing is guessed. Raises StageError where the file is
    absent, of another kind, broken, lacks a column or has no row.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise StageError(f"{path}: expected a table that ends in {', '.join(READERS)}")
    try:
        columns_of, read = reader
        _require_columns(columns_of(path), wanted, path)
        table = read(path, list(wanted))
    except FileNotFoundError:
        raise StageError(
            f"{path}: no such table; put it there, or name another in input.table of params.yaml"
        ) from None
    except ValueError as error:  # so are the parsers' errors, pyarrow's and UnicodeDecodeError
        reason = " ".join(str(error).split())
        raise StageError(f"{path} is not readable as {path.suffix[1:]}: {reason}") from None
    if table.empty:
        raise StageError(f"{path} holds no songs, only the names of its columns")
    return table


def _require_columns(columns: Sequence[str], wanted: Mapping[str, str], path: Path) -> None:
    """Raise a StageError that names the wanted columns that are not there, and those that are."""
    missing = [
        f"{name!r} ({asker})" if asker else repr(name)
        for name, asker in wanted.items()
        if name not in columns
    ]
    if missing:
        raise StageError(
            f"{path} has no column {', '.join(missing)}; its columns are {', '.join(columns)}"
        )


NEWLINES_IN_CELLS = csv.ParseOptions(newlines_in_values=True)
# On several threads pyarrow does not know in which row an error is.
IN_ORDER = csv.ReadOptions(use_threads=False)


def _csv_columns(path: Path) -> list[str]:
    with csv.open_csv(path, IN_ORDER, NEWLINES_IN_CELLS) as reader:
        return _without_repetition(reader.schema.names)


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    as_text = csv.ConvertOptions(
        include_columns=columns, column_types=dict.fromkeys(columns, pyarrow.string())
    )
    return csv.read_csv(path, IN_ORDER, NEWLINES_IN_CELLS, as_text).to_pandas()


def _without_repetition(names: list[str]) -> list[str]:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise ValueError(f"it has more than one column named {', '.join(map(repr, repeated))}")
    return names


def _parquet_columns(path: Path) -> list[str]:
    return _without_repetition(pyarrow.parquet.read_schema(path).names)


def _read_parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    content = pyarrow.parquet.read_table(path, columns=columns)
    # Column by column, so that the table is never in memory twice.
    return content.to_pandas(split_blocks=True, self_destruct=True)


ColumnsOf = Callable[[Path], list[str]]
Reader = Callable[[Path, list[str]], pd.DataFrame]
READERS: dict[str, tuple[ColumnsOf, Reader]] = {
    ".csv": (_csv_columns, _read_csv),
    ".parquet": (_parquet_columns, _read_parquet),
    ".pq": (_parquet_columns, _read_parquet),
}


def as_names(column: pd.Series) -> pd.Series:
    """Return a column as text, empty where it has no value."""
    if column.dtype == "str":
        return column.fillna("")
    return column.astype(object).where(column.notna(), "").astype(str)


def row_names(rows: int) -> pd.Series:
    """Return the row numbers from 0 as text."""
    return pyarrow.array(np.arange(rows)).cast(pyarrow.string()).to_pandas()


def as_numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, NaN where a cell is not a number; a date or a bool is none."""
    if is_datetime64_any_dtype(column) or is_bool_dtype(column):
        return pd.Series(np.nan, index=column.index)
    return pd.to_numeric(column, errors="coerce").astype(np.float64)
