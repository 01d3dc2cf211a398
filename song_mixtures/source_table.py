"""Reading a table that somebody else made: CSV or Parquet, any columns, every fault named."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from song_mixtures.stage import StageError


def read_source_table(path: Path) -> pd.DataFrame:
    """Read a table by its suffix; every cell of a CSV comes as text, so nothing is guessed.

    Raises StageError where the file is absent, of another kind, broken or without a row.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise StageError(f"{path}: expected a table that ends in {', '.join(READERS)}")
    try:
        table = reader(path)
    except FileNotFoundError:
        raise StageError(
            f"{path}: no such table; put it there, or name another in input.table of params.yaml"
        ) from None
    except ValueError as error:  # so are the parsers' errors, pyarrow's and UnicodeDecodeError
        reason = " ".join(str(error).split())
        raise StageError(f"{path} is not readable as {path.suffix[1:]}: {reason}") from None
    if table.empty:
        raise StageError(f"{path} holds no songs: {len(table.columns)} columns and no row")
    return table


def _read_csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".parquet": pd.read_parquet,
    ".pq": pd.read_parquet,
}


def require_columns(table: pd.DataFrame, wanted: Mapping[str, str | None], path: Path) -> None:
    """Raise a StageError for the first of `wanted` (who asks → column) that the table lacks."""
    for asker, column in wanted.items():
        if column is not None and column not in table.columns:
            raise StageError(
                f"{path} has no column {column!r}, which {asker} names; its columns are "
                f"{', '.join(map(str, table.columns))}"
            )


def as_names(column: pd.Series) -> pd.Series:
    """Return a column as text, empty where it has no value."""
    return column.astype(object).where(column.notna(), "").astype(str)


def as_numbers(column: pd.Series) -> pd.Series:
    """Return a column as floats, NaN where a cell is not a number."""
    return pd.to_numeric(column, errors="coerce").astype(np.float64)
