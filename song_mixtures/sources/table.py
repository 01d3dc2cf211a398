"""Reading a table that somebody else made: CSV or Parquet, any columns, every fault named.

What reads a few columns as arrays, to place a song, does without pandas, which takes longer to
import than the rest.
"""

import codecs
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from csv import reader as split_rows
from difflib import get_close_matches
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

import numpy as np
import pyarrow
from pyarrow import csv, types

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import reason_of
from song_mixtures.pipeline.stage import StageError

if TYPE_CHECKING:
    import pandas as pd


def read_source_table(path: Path, wanted: Mapping[str, str]) -> "pd.DataFrame":
    """Read the wanted columns (column → who names it) of a table, by its suffix; no others.

    Every cell of a CSV comes as text, so nothing is guessed. Raises StageError where the file is
    absent, of another kind, broken, lacks a column or has no row.
    """
    content = read_source_columns(path, wanted)
    with _named_faults(path):  # times beyond what pandas counts with
        # Column by column, so that the table is never in memory twice.
        return content.to_pandas(integer_object_nulls=True, split_blocks=True, self_destruct=True)


def source_columns(path: Path) -> list[str]:
    """Return the names of a table's columns; raises as read_source_table()."""
    with _named_faults(path):
        columns_of, _ = _reader(path)
        return columns_of(path)


def read_source_columns(path: Path, wanted: Mapping[str, str]) -> pyarrow.Table:
    """Read the wanted columns as read_source_table() does, as arrays of pyarrow's."""
    with _named_faults(path):
        columns_of, read = _reader(path)
        _require_columns(columns_of(path), wanted, path)
        content = read(path, list(wanted))
    if not content.num_rows:
        raise StageError(f"{path} holds no songs, only the names of its columns")
    return content


def _reader(path: Path) -> "tuple[ColumnsOf, Reader]":
    """Return how a table is read, by its suffix; StageError where it is none, or no file."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        hint = f"; {WORKBOOK}" * (path.suffix.lower() in {".xlsx", ".xls", ".ods"})
        raise StageError(f"{path}: expected a table that ends in {', '.join(READERS)}{hint}")
    if not S_ISREG(path.stat().st_mode):  # a pipe would be waited for
        raise StageError(f"{path}: expected a file, found a folder or a device")
    return reader


@contextmanager
def _named_faults(path: Path) -> Iterator[None]:
    """Turn what reading a table may raise into a StageError that says what helps."""
    try:
        yield
    except FileNotFoundError:
        raise StageError(
            f"{path}: no such table; put it there, or name another in input.table of params.yaml"
        ) from None
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = reason_of(error) + _cure(path)
        raise StageError(f"{path} is not readable as {path.suffix[1:]}: {reason}") from None


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
        f"{', '.join(name[:LONGEST_NAME] for name in shown)}{_cure(path)}"
    )


MOST_SHOWN = 60  # columns; GTZAN's table has 58
MOST_COMPARED = 20_000  # columns, with each name that is missing: half a second
LONGEST_NAME = 100  # characters of it are shown


def _cure(path: Path) -> str:
    """Return what is unlike a CSV of ours in a file, and the line that makes it one, else "".

    A CSV of ours is UTF-8, its cells are separated by commas, and its numbers have points.
    """
    if path.suffix.lower() != ".csv" or not path.is_file():
        return ""
    with path.open("rb") as file:
        head = file.read(100_000)
    if head.startswith(b"PK\3\4"):
        return f"; {WORKBOOK}"
    encoding = _encoding(path)
    lines = head.decode(encoding or "utf-8-sig", "replace").splitlines() or [""]
    announced = SEPARATOR_LINE.match(lines[0])
    rows = lines[1:] if announced else lines
    separator = announced[1] if announced else max(",;\t|", key=rows[0].count)
    cells = split_rows(rows[1:101], delimiter=separator)
    commas = any(COMMA_NUMBER.fullmatch(cell) for row in cells for cell in row)
    seen = {
        f"it is not UTF-8 but seems to be {encoding}": encoding is not None,
        f"its first line is {lines[0]!r}, which only Excel reads": announced is not None,
        f"its cells seem to be separated by {separator!r}": separator != ",",
        "its numbers seem to have decimal commas": commas,
    }
    if not any(seen.values()):
        return ""
    how = {"encoding": encoding, "sep": separator if separator != "," else None}
    how |= {"skiprows": 1 if announced else None, "decimal": "," if commas else None}
    return f"; {' and '.join(what for what, is_so in seen.items() if is_so)}; {_line(path, how)}"


def _line(path: Path, how: Mapping[str, str | int | None]) -> str:
    """Return the line that writes a CSV as it must be, and what to do then.

    `how` has the options of pandas.read_csv(), None where the default will do.
    """
    options = [f"{name}={json.dumps(value)}" for name, value in how.items() if value is not None]
    options += ["dtype=str"] * (how.get("decimal") is None)  # so that no cell is taken for a number
    source, made = (json.dumps(str(p)) for p in (path, path.with_stem(f"{path.stem}_plain")))
    read = f"pandas.read_csv({source}, {', '.join(options)})"
    code = f"import pandas; {read}.to_csv({made}, index=False)"
    return f"`python -c {shlex.quote(code)}` writes it as it must be, and input.table names that"


WORKBOOK = "it is a workbook: save it from Excel or LibreOffice as 'CSV UTF-8'"
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?$', re.IGNORECASE)
COMMA_NUMBER = re.compile(r"\s*[-+]?[0-9]+,[0-9]+\s*")


def _encoding(path: Path) -> str | None:
    """Return what a file may be encoded in, None where it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(BLOCK):
                if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return "utf-16"
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _legacy(chunk[:100_000])
    return None


def _legacy(start: bytes) -> str:
    """Return the likelier of two encodings: cp932 where it gives kana, else that of the West."""
    text = start.decode("cp932", "ignore")
    return "cp932" if any("\u3041" <= letter <= "\u30fe" for letter in text) else "cp1252"


def check_commas(path: Path, name: str, cells: "pd.Series", numbers: "pd.Series") -> None:
    """Raise a StageError where more cells of a column have decimal commas than are numbers.

    Parameters
    ----------
    path : of the table
    name : of the column
    cells : of the column as they were read, (N,)
    numbers : what as_numbers() makes of them, (N,)
    """
    others = cells[numbers.isna()]
    with_commas = others[others.astype(str).str.fullmatch(COMMA_NUMBER.pattern)]
    if len(with_commas) > numbers.notna().sum():
        line = _line(path, {"decimal": ","})
        raise StageError(
            f"{path}: {len(with_commas)} cells of column {name!r} are numbers with a comma, the "
            f"first {with_commas.iloc[0]!r} in row {with_commas.index[0]} counted from 0; "
            f"{line}"
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


def _read_csv(path: Path, columns: list[str]) -> pyarrow.Table:
    as_text = csv.ConvertOptions(
        include_columns=columns, column_types=dict.fromkeys(columns, pyarrow.string())
    )
    return csv.read_csv(path, IN_ORDER, NEWLINES_IN_CELLS, as_text)


def _without_repetition(names: list[str]) -> list[str]:
    repeated = sorted(name for name, times in Counter(names).items() if name and times > 1)
    if repeated:
        raise ValueError(f"it has more than one column named {', '.join(map(repr, repeated))}")
    return names


def _parquet_columns(path: Path) -> list[str]:
    from pyarrow.parquet import read_schema

    return _without_repetition(read_schema(path).names)


def _read_parquet(path: Path, columns: list[str]) -> pyarrow.Table:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        content = file.read(columns)
    # Without what pandas has noted beside it: an index is a column as any other.
    return pyarrow.table([_checked_cells(content[name], name) for name in columns], columns)


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


def read_head(path: Path) -> "pd.DataFrame":
    """Return the first rows of a table that read_source_table() has read, with all its columns."""
    if path.suffix.lower() == ".csv":
        names = _csv_columns(path)
        as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()))
        with csv.open_csv(path, IN_ORDER, NEWLINES_IN_CELLS, as_text) as reader:
            return reader.read_next_batch().slice(0, HEAD).to_pandas()
    with pyarrow.parquet.ParquetFile(path) as file:
        names = [one.name for one in file.schema_arrow if _may_be_text(one.type)]
        return next(file.iter_batches(HEAD, columns=names)).to_pandas()


def _may_be_text(kind: pyarrow.DataType) -> bool:
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return types.is_string(kind) or types.is_large_string(kind)


HEAD = 10_000  # rows


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
Reader = Callable[[Path, list[str]], pyarrow.Table]
READERS: dict[str, tuple[ColumnsOf, Reader]] = {
    ".csv": (_csv_columns, _read_csv),
    ".parquet": (_parquet_columns, _read_parquet),
    ".pq": (_parquet_columns, _read_parquet),
}


def as_names(column: "pd.Series") -> "pd.Series":
    """Return a column as text, empty where it has no value."""
    if column.dtype == "str":
        return column.fillna("")
    return column.astype(object).where(column.notna(), "").astype(str)


def row_names(rows: int) -> "pd.Series":
    """Return the row numbers from 0 as text."""
    return pyarrow.array(np.arange(rows)).cast(pyarrow.string()).to_pandas()


def as_numbers(column: "pd.Series") -> "pd.Series":
    """Return a column as floats, NaN where a cell is not a number; a time or a bool is none."""
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_timedelta64_dtype

    no_numbers = (is_datetime64_any_dtype, is_timedelta64_dtype, is_bool_dtype)
    if any(is_such(column) for is_such in no_numbers):
        return pd.Series(np.nan, index=column.index)
    return pd.to_numeric(column, errors="coerce").astype(np.float64)


def texts_of(column: pyarrow.ChunkedArray) -> list[str]:
    """Return a column of read_source_columns() as as_names() gives that of a DataFrame."""
    return ["" if cell is None else str(cell) for cell in column.to_pylist()]


def numbers_of(column: pyarrow.ChunkedArray) -> FloatArray:
    """Return a column of read_source_columns() as as_numbers() gives that of a DataFrame."""
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if types.is_boolean(kind) or types.is_temporal(kind):
        return np.full(len(column), np.nan)
    return np.array([_number(cell) for cell in column.to_pylist()], dtype=np.float64)


def _number(cell: object) -> float:
    try:
        # Python reads 1_000 and digits of any script as numbers, pandas does not.
        if isinstance(cell, str) and ("_" in cell or not cell.isascii()):
            return np.nan
        return float(cell)  # type: ignore[arg-type]  # None is a TypeError, as it should be
    except (TypeError, ValueError, OverflowError):
        return np.nan
