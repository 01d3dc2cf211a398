"""Reading a table that somebody else made: CSV or Parquet, any columns, every fault named."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from stat import S_ISREG

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_timedelta64_dtype
from pyarrow import csv, types

from song_mixtures.pipeline.files import reason_of
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
        if not S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            raise StageError(f"{path}: expected a file, found a folder or a device")
        columns_of, read = reader
        _require_columns(columns_of(path), wanted, path)
        table = read(path, list(wanted))
    except FileNotFoundError:
        raise StageError(
            f"{path}: no such table; put it there, or name another in input.table of params.yaml"
        ) from None
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = reason_of(error) + _separator_hint(path)
        raise StageError(f"{path} is not readable as {path.suffix[1:]}: {reason}") from None
    if table.empty:
        raise StageError(f"{path} holds no songs, only the names of its columns")
    return table


def _require_columns(columns: Sequence[str], wanted: Mapping[str, str], path: Path) -> None:
    """Raise a StageError that names the wanted columns that are not there, and those that are."""
    missing = {name: asker for name, asker in wanted.items() if name not in columns}
    if not missing:
        return
    named = [f"{name!r} ({asker})" if asker else repr(name) for name, asker in missing.items()]
    shown, which = columns, "its columns are"
    if len(columns) > MOST_SHOWN:
        spelled = {name.lower(): name for name in columns[:MOST_COMPARED]}
        near = [
            spelled[close]
            for name in missing
            for close in get_close_matches(name.lower(), spelled, 5, 0.5)
        ]
        shown = list(dict.fromkeys(near or columns))[:5]
        which = f"of its {len(columns)} columns the {'nearest' if near else 'first'} are"
    raise StageError(
        f"{path} has no column {', '.join(named)}; {which} "
        f"{', '.join(name[:LONGEST_NAME] for name in shown)}{_separator_hint(path)}"
    )


MOST_SHOWN = 60  # columns; GTZAN's table has 58
MOST_COMPARED = 20_000  # columns, with each name that is missing: half a second
LONGEST_NAME = 100  # characters of it are shown


def _separator_hint(path: Path) -> str:
    """Return what separates the cells of a CSV where that seems to be no comma, else ""."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.readline(10_000)
    likeliest = max(b";\t|", key=head.count)
    if head.count(likeliest) <= head.count(b","):
        return ""
    return (
        f"; its cells seem to be separated by {chr(likeliest)!r}, and commas are expected, with "
        "points in numbers: `pandas.read_csv(path, sep=None, engine='python', decimal=',')` reads "
        "such a table, and `.to_csv(path, index=False)` writes it as it must be"
    )


NEWLINES_IN_CELLS = csv.ParseOptions(newlines_in_values=True)
# Bytes, of which a line must be shorter, or pyarrow takes the file for empty or for broken.
BLOCK = 1 << 24
# On several threads pyarrow does not know in which row an error is.
IN_ORDER = csv.ReadOptions(use_threads=False, block_size=BLOCK)


def _csv_columns(path: Path) -> list[str]:
    if not path.stat().st_size:
        raise ValueError("it is empty")
    try:
        with csv.open_csv(path, IN_ORDER, NEWLINES_IN_CELLS) as reader:
            return _without_repetition(reader.schema.names)
    except pyarrow.ArrowInvalid as error:
        if "Empty CSV file" in str(error):  # what pyarrow says of a line that fills a block
            raise ValueError(f"it has no line, or one longer than {BLOCK >> 20} MB") from None
        raise


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    as_text = csv.ConvertOptions(
        include_columns=columns, column_types=dict.fromkeys(columns, pyarrow.string())
    )
    return csv.read_csv(path, IN_ORDER, NEWLINES_IN_CELLS, as_text).to_pandas()


def _without_repetition(names: list[str]) -> list[str]:
    repeated = sorted(name for name, times in Counter(names).items() if name and times > 1)
    if repeated:
        raise ValueError(f"it has more than one column named {', '.join(map(repr, repeated))}")
    return names


def _parquet_columns(path: Path) -> list[str]:
    return _without_repetition(pyarrow.parquet.read_schema(path).names)


def _read_parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    with pyarrow.parquet.ParquetFile(path) as file:
        content = file.read(columns)
    # Without what pandas has noted beside it: an index is a column as any other.
    content = pyarrow.table([_checked_cells(content[name], name) for name in columns], columns)
    # Column by column, so that the table is never in memory twice.
    return content.to_pandas(integer_object_nulls=True, split_blocks=True, self_destruct=True)


def _checked_cells(column: pyarrow.ChunkedArray, name: str) -> pyarrow.ChunkedArray:
    """Return a column of cells that are text, numbers or times; ValueError where they are not."""
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not any(is_kind(kind) for is_kind in CELLS):
        raise ValueError(f"column {name!r} holds {kind}, expected text or numbers")
    if any(is_kind(kind) for is_kind in TEXT):  # bytes may be text, and text none
        try:
            return column.cast(pyarrow.binary()).cast(pyarrow.string())
        except pyarrow.ArrowInvalid:
            raise ValueError(f"column {name!r} holds bytes that are no UTF-8 text") from None
    return column


TEXT = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
CELLS = (
    *TEXT,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_boolean,
    types.is_temporal,
    types.is_null,
)


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
    """Return a column as floats, NaN where a cell is not a number; a time or a bool is none."""
    no_numbers = (is_datetime64_any_dtype, is_timedelta64_dtype, is_bool_dtype)
    if any(is_such(column) for is_such in no_numbers):
        return pd.Series(np.nan, index=column.index)
    return pd.to_numeric(column, errors="coerce").astype(np.float64)
