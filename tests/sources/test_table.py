"""Tables that somebody else made, and what can be wrong with them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from song_mixtures.pipeline.stage import StageError
from song_mixtures.sources.table import as_names, as_numbers, read_source_table

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
        ("t.csv", b"", r"t\.csv is not readable as csv: Empty CSV file"),
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
