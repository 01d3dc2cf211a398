"""Tables that somebody else made, and what can be wrong with them."""

import datetime
import os
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from song_mixtures.pipeline.stage import StageError
from song_mixtures.sources.table import (
    as_names,
    as_numbers,
    check_commas,
    numbers_of,
    read_source_table,
    texts_of,
)

AB = {"a": "input.a", "b": "input.b"}


def test_csv_and_parquet_give_the_same_numbers(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [0.1 + 0.2, 1 / 3], "c": [1, 2], "b": ["x", "y"]})
    table.to_csv(tmp_path / "t.CSV", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    from_csv, from_parquet = (read_source_table(tmp_path / n, AB) for n in ("t.CSV", "t.parquet"))
    assert as_numbers(from_csv["a"]).tolist() == as_numbers(from_parquet["a"]).tolist()
    assert as_names(from_csv["b"]).tolist() == as_names(from_parquet["b"]).tolist() == ["x", "y"]
    assert set(from_csv) == set(from_parquet) == {"a", "b"}


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbftempo\n120\n")
    found = read_source_table(tmp_path / "t.csv", {"tempo": "input.columns.tempo"})
    assert found["tempo"].tolist() == ["120"]


def test_every_text_survives_and_only_numbers_are_numbers() -> None:
    cells = pd.Series(["1.5", " 2 ", "1e3", "-7", "", "NA", "1,5", "abc", "inf", "nan", "True"])
    expected = [1.5, 2, 1000, -7, np.nan, np.nan, np.nan, np.nan, np.inf, np.nan, np.nan]
    np.testing.assert_array_equal(as_numbers(cells), expected)
    assert as_names(pd.Series(["NA", None, 7])).tolist() == ["NA", "", "7"]


def test_a_date_or_a_truth_value_is_no_number() -> None:
    assert as_numbers(pd.Series(pd.to_datetime(["2020-01-01"]))).isna().all()
    assert as_numbers(pd.Series([True, False])).isna().all()


def test_numbers_are_read_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=2000) * 10.0 ** rng.integers(-20, 20, 2000)
    assert as_numbers(pd.Series([repr(float(x)) for x in numbers])).tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.xlsx", b"", r"t\.xlsx: expected a table that ends in \.csv, \.parquet, \.pq"),
        ("t.csv", b"", r"t\.csv is not readable as csv: it is empty"),
        ("t.csv", b"a,b\n", r"t\.csv holds no songs, only the names"),
        (
            "t.csv",
            b"a,b\n1,2\n1,2,3\n",
            r"t\.csv is not readable as csv: .*Row #3: Expected 2 columns, got 3",
        ),
        ("t.csv", b"a,b\n1,2,3\n", r"csv: .*Row #2: Expected 2 columns, got 3"),
        ("t.csv", b"a,b\n1,2,\n", r"csv: .*Row #2: Expected 2 columns, got 3"),
        ("t.csv", b"a,b,a\n1,2,3\n", r"csv: it has more than one column named 'a'"),
        ("t.csv", b"a,b\n\xff\xfe,1\n", r"t\.csv is not readable as csv: .*invalid UTF8"),
        ("t.csv", b'a,b\n"open\n', r"t\.csv is not readable as csv: .*"),
        ("t.parquet", b"a,b\n1,2\n", r"t\.parquet is not readable as parquet"),
        ("t.parquet", b"", r"t\.parquet is not readable as parquet"),
    ],
)
def test_a_broken_table_is_said_in_one_line(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StageError, match=said) as caught:
        read_source_table(tmp_path / name, AB)
    assert "\n" not in str(caught.value)


def test_an_absent_table_is_named_with_the_key_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"absent\.csv: no such table; .*input\.table"):
        read_source_table(tmp_path / "absent.csv", AB)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_missing_columns_are_named_beside_those_there_are(tmp_path: Path, suffix: str) -> None:
    table = pd.DataFrame({"Tempo": ["1"], "b": ["2"]})
    path = tmp_path / f"t.{suffix}"
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    said = r"has no column 'a' \(input\.a\), 'c' \(input\.c\); its columns are Tempo, b$"
    with pytest.raises(StageError, match=said):
        read_source_table(path, AB | {"c": "input.c"})


def test_an_index_of_pandas_is_a_column(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": ["x", "y"], "b": ["1", "2"], "c": [1.5, 2.5]})
    for index in (["a"], ["a", "b"]):
        table.set_index(index).to_parquet(tmp_path / "t.parquet")
        found = read_source_table(tmp_path / "t.parquet", AB | {"c": ""})
        assert found.to_dict("list") == table.to_dict("list")


def test_what_pandas_has_noted_beside_a_table_may_be_damaged(tmp_path: Path) -> None:
    table = pyarrow.table({"a": ["x"], "b": ["y"]}, metadata={"pandas": "{"})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert read_source_table(tmp_path / "t.parquet", AB).to_dict("list") == {"a": ["x"], "b": ["y"]}


def test_whole_numbers_are_the_same_names_where_one_is_missing(tmp_path: Path) -> None:
    table = pyarrow.table({"a": [2**60 + 1, None], "b": [3, None]})
    parquet.write_table(table, tmp_path / "t.parquet")
    found = read_source_table(tmp_path / "t.parquet", AB)
    assert as_names(found["a"]).tolist() == [str(2**60 + 1), ""]
    np.testing.assert_array_equal(as_numbers(found["b"]), [3, np.nan])


NOT_UTF8 = pyarrow.array([b"\xff"])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (pyarrow.array([[1.5]]), "column 'a' holds list<.*>, expected text or numbers"),
        (pyarrow.array([{"x": 1}]), "column 'a' holds struct<.*>, expected text or numbers"),
        (NOT_UTF8, "column 'a' holds bytes that are no UTF-8 text"),
        (
            pyarrow.Array.from_buffers(pyarrow.string(), 1, NOT_UTF8.buffers()),
            "column 'a' holds bytes that are no UTF-8 text",
        ),
    ],
    ids=["lists", "structs", "bytes", "text that is none"],
)
def test_a_column_of_other_things_is_named(tmp_path: Path, cells: Any, said: str) -> None:
    parquet.write_table(pyarrow.table({"a": cells, "b": ["y"]}), tmp_path / "t.parquet")
    with pytest.raises(StageError, match=rf"t\.parquet is not readable as parquet: {said}"):
        read_source_table(tmp_path / "t.parquet", AB)


def test_bytes_and_categories_that_are_text_are_read(tmp_path: Path) -> None:
    table = pyarrow.table(
        {"a": pyarrow.array(["ü".encode()]), "b": pyarrow.array(["1.5"]).dictionary_encode()}
    )
    parquet.write_table(table, tmp_path / "t.parquet")
    found = read_source_table(tmp_path / "t.parquet", AB)
    assert as_names(found["a"]).tolist() == ["ü"]
    assert as_numbers(found["b"]).tolist() == [1.5]


def test_a_duration_is_no_number() -> None:
    assert as_numbers(pd.Series([datetime.timedelta(minutes=2)])).isna().all()


def corrupt(path: Path) -> None:
    """Write a Parquet table whose head and end are whole and whose cells are not."""
    pd.DataFrame({"a": np.arange(1000.0), "b": np.arange(1000.0)}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[10:8000] = b"\x55" * 7990
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (corrupt, "is not readable as parquet: "),
        (Path.mkdir, "expected a file, found a folder"),
        (os.mkfifo, "expected a file, found a folder or a device"),
        (lambda path: path.symlink_to(path), "is not readable as parquet: Too many levels of sym"),
    ],
    ids=["corrupt", "folder", "pipe", "loop"],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, make: Any, said: str) -> None:
    make(tmp_path / "t.parquet")
    with pytest.raises(StageError, match=rf"^{tmp_path}/t\.parquet:? {said}"):
        read_source_table(tmp_path / "t.parquet", AB)


def test_a_header_and_a_cell_of_megabytes_are_read(tmp_path: Path) -> None:
    names = ",".join(f"column{i:020d}" for i in range(60_000))
    (tmp_path / "t.csv").write_text(f"a,b,{names}\n{'x' * 10_000_000},1{',' * 60_000}\n")
    assert read_source_table(tmp_path / "t.csv", AB)["b"].tolist() == ["1"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("row", ["1,5;2,5", "1;2"])
def test_a_separator_that_is_no_comma_is_said(tmp_path: Path, separator: str, row: str) -> None:
    (tmp_path / "t.csv").write_text(f"a;b\n{row}\n".replace(";", separator))
    with pytest.raises(StageError) as caught:
        read_source_table(tmp_path / "t.csv", AB)
    assert f"its cells seem to be separated by {separator!r}" in str(caught.value)


def test_of_many_columns_the_nearest_are_shown(tmp_path: Path) -> None:
    names = [*(f"x{i}" for i in range(10_000)), "TEMPO (BPM)", "Tempo"]
    pd.DataFrame([range(len(names))], columns=names).to_csv(tmp_path / "t.csv", index=False)
    said = r"has no column 'tempo' \(key\); of its 10002 columns the nearest are Tempo, TEMPO"
    with pytest.raises(StageError, match=said):
        read_source_table(tmp_path / "t.csv", {"tempo": "key"})


@pytest.mark.parametrize(
    ("content", "seen", "b"),
    [
        ("a,b\nü,1\n".encode("utf-16"), "not UTF-8 but seems to be utf-16", "1"),
        ("a\tb\nü\t1\n".encode("utf-16"), r"utf-16 and its cells .* separated by '\\t'", "1"),
        ("a,b\nMötley,007\n".encode("cp1252"), "not UTF-8 but seems to be cp1252", "007"),
        ("a,b\nハンカチ,1\n".encode("cp932"), "not UTF-8 but seems to be cp932", "1"),
        (b"sep=,\na,b\nx,1\n", "its first line is 'sep=,'", "1"),
        (b"\xef\xbb\xbfsep=;\r\na;b\r\nx;1,5\r\n", "'sep=;'.*by ';' and .* commas", "1.5"),
        (b"a;b\nx;-1,5\n", "separated by ';' and its numbers seem to have", "-1.5"),
    ],
    ids=["utf-16", "utf-16 with tabs", "cp1252", "cp932", "sep", "excel", "semicolons"],
)
def test_a_csv_of_another_kind_is_named_and_the_line_said_makes_it_ours(
    tmp_path: Path, content: bytes, seen: str, b: str
) -> None:
    path = tmp_path / "it's $HOME.csv"
    path.write_bytes(content)
    with pytest.raises(StageError, match=seen) as caught:
        read_source_table(path, AB)
    command = str(caught.value).split("`")[1]
    program, option, code = shlex.split(command)
    assert (program, option) == ("python", "-c")
    exec(code, {})  # noqa: S102 - what the user is told to paste
    found = read_source_table(tmp_path / "it's $HOME_plain.csv", AB)
    assert found["b"].tolist() == [b]
    assert found["a"][0] in {"ü", "Mötley", "ハンカチ", "x"}


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("\ufeffa,b\nü,1.5\n".encode())
    assert read_source_table(tmp_path / "t.csv", AB).to_dict("list") == {"a": ["ü"], "b": ["1.5"]}


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx"])
def test_a_workbook_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4" + bytes(100))
    with pytest.raises(StageError, match=r"it is a workbook: save it .* as 'CSV UTF-8'"):
        read_source_table(tmp_path / name, AB)


def test_numbers_with_commas_are_an_error_where_they_are_the_most(tmp_path: Path) -> None:
    cells = pd.Series(["120,5", "99", "98,1", "?"], index=[4, 5, 6, 7])
    with pytest.raises(StageError, match=r"2 cells of column 'BPM' .* '120,5' in row 4 .*decimal"):
        check_commas(tmp_path / "t.csv", "BPM", cells, as_numbers(cells))
    few = pd.Series(["120,5", "99", "98"])
    check_commas(tmp_path / "t.csv", "BPM", few, as_numbers(few))


CELLS = [
    "1", " 2 ", "\t3", "1e5", "1E-3", "-.5", "5.", "+4", "inf", "-Infinity", "nan", "", "x", "NA",
    "0x10", "1_000", "１２", "1e400", "1e-400", "1,5", "True", "--1", "1 2", "12345678901234567890",
]  # fmt: skip


def same_numbers(column: pyarrow.ChunkedArray) -> None:
    np.testing.assert_array_equal(numbers_of(column), as_numbers(column.to_pandas()).to_numpy())


@given(st.lists(st.sampled_from(CELLS) | st.text(max_size=6), min_size=1, max_size=8))
def test_a_cell_is_the_same_number_with_pandas_and_without(cells: list[str]) -> None:
    same_numbers(pyarrow.chunked_array([cells], pyarrow.string()))


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([1, None, 3]),
        pyarrow.array([1.5, None, float("nan")]),
        pyarrow.array([True, False]),
        pyarrow.array([datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)]),
        pyarrow.array(["1", "2", None]).dictionary_encode(),
        pyarrow.array([Decimal("1.25")]),
        pyarrow.nulls(2),
    ],
    ids=lambda column: str(column.type),
)
def test_a_column_of_any_type_is_the_same_numbers_and_names_without_pandas(
    column: pyarrow.Array,
) -> None:
    same_numbers(pyarrow.chunked_array([column]))


def test_a_column_is_the_same_names_without_pandas() -> None:
    for cells in (["a", "", None], [1, None, 3], [1, 2]):
        column = pyarrow.chunked_array([cells])
        with_pandas = as_names(column.to_pandas(integer_object_nulls=True))
        assert texts_of(column) == with_pandas.tolist()
