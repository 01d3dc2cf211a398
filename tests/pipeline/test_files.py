"""Files are written whole or not at all, and always with the same bytes."""

import json
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.pipeline.digits import significant
from song_mixtures.pipeline.files import atomic_write, read_json, write_json, write_metrics
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import Tables, read_table, write_table


def write_half(path: Path) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("halfway")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="halfway"):
        write_half(path)
    assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("reason", ["No space left on device", "File too large"])
def test_a_write_that_a_library_fails_at_is_named(tmp_path: Path, reason: str) -> None:
    with pytest.raises(StageError, match=rf"^{tmp_path}/a/t\.csv: {reason}$"):  # noqa: SIM117
        with atomic_write(tmp_path / "a/t.csv"):
            raise OSError(28, reason)
    assert list((tmp_path / "a").iterdir()) == []


def test_a_folder_that_is_a_file_is_said_with_the_file_that_was_to_be_in_it(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(StageError, match=rf"^{tmp_path}/a/t\.json: "):
        write_json(tmp_path / "a/t.json", 1)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00{"])
def test_a_damaged_file_of_an_earlier_stage_is_named(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    read = read_json if name == "t.json" else read_table
    with pytest.raises(StageError, match=rf"^{tmp_path}/{name}: ") as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_metrics_are_sorted_with_8_digits_and_a_newline_at_the_end(tmp_path: Path) -> None:
    write_metrics(tmp_path / "m.json", {"b": np.float64(1 / 3), "a": 123456789012})
    assert (tmp_path / "m.json").read_text() == '{\n  "a": 123456789012,\n  "b": 0.33333333\n}\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_metric_that_is_not_finite_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_metrics(tmp_path / "m.json", {"a": value})
    assert list(tmp_path.iterdir()) == []


def test_json_keeps_every_float_exactly(tmp_path: Path) -> None:
    numbers = [0.1 + 0.2, 1e-300, 1 / 3]
    write_json(tmp_path / "x.json", numbers)
    assert read_json(tmp_path / "x.json") == numbers
    assert json.loads((tmp_path / "x.json").read_text()) == numbers


def test_names_stay_names_and_floats_come_back_exactly(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {
            "song": ["007", "NA", "nan", "a,b", 'say "x"', "Ünï cödé"],
            "genre": ["", "None", "null", "1", "pop", "NA"],
            "tempo": [0.1 + 0.2, 1 / 3, 1e-17, 119.99999999999999, 5e300, -0.0],
        }
    )
    write_table(tmp_path / "t.csv", table, digits=None)
    found = read_table(tmp_path / "t.csv")
    pd.testing.assert_frame_equal(found, table, check_exact=True, check_dtype=False)


def test_computed_tables_have_8_digits(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"x": [1 / 3], "n": [7]}))
    assert (tmp_path / "t.csv").read_bytes() == b"x,n\n0.33333333,7\n"


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_rounding_to_digits_is_what_formatting_does(value: float) -> None:
    found = float(significant(np.array([value]), 8)[0])
    expected = float(f"{value:.8g}")
    if abs(value) < 1e-14:  # 22 decimals are all there are
        assert found == pytest.approx(expected, abs=1e-22)
    else:  # a value halfway between two decimals may go to either
        assert found == expected or abs(found - value) == pytest.approx(abs(expected - value))
        assert len(repr(abs(found)).split("e")[0].replace(".", "").strip("0")) <= 8


def test_a_name_with_a_comma_is_quoted_and_a_plain_one_is_not(tmp_path: Path) -> None:
    table = pd.DataFrame({"song": ["a"], "x": [0.5]})
    write_table(tmp_path / "plain.csv", table)
    assert (tmp_path / "plain.csv").read_bytes() == b"song,x\na,0.5\n"
    write_table(tmp_path / "comma.csv", table.assign(song="a,b"))
    assert (tmp_path / "comma.csv").read_bytes() == b'"song","x"\n"a,b",0.5\n'


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", pd.DataFrame({"song": [], "x": []}))
    assert read_table(tmp_path / "t.csv").columns.tolist() == ["song", "x"]


def test_a_file_that_an_earlier_stage_should_have_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"absent\.csv is not there: .* run `dvc repro`"):
        read_table(tmp_path / "absent.csv")


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_comes_back_in_either_format(
    tmp_path: Path, form: Literal["csv", "parquet"]
) -> None:
    table = pd.DataFrame({"song": ["007", ""], "k": [2, 3], "x": [0.125, -7.5]})
    tables = Tables(form)
    tables.write(tmp_path / "t.csv", table)
    assert [path.name for path in tmp_path.iterdir()] == [f"t.{form}"]
    pd.testing.assert_frame_equal(tables.read(tmp_path / "t.csv"), table, check_dtype=False)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_of_the_columns_asked_for_those_that_are_there_are_read(
    tmp_path: Path, form: Literal["csv", "parquet"]
) -> None:
    table = pd.DataFrame({"song": ["007", "NA"], "k": [2, 3], "x": [0.125, -7.5]})
    tables = Tables(form)
    tables.write(tmp_path / "t.csv", table)
    found = tables.read(tmp_path / "t.csv", {"x", "song", "genre"})
    pd.testing.assert_frame_equal(found, table[["song", "x"]], check_dtype=False)


def test_parquet_has_the_same_bytes_again(tmp_path: Path) -> None:
    table = pd.DataFrame({"song": ["a", "b"], "x": [1 / 3, 2 / 3]})
    for name in ("one.csv", "two.csv"):
        Tables("parquet").write(tmp_path / name, table)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_kept_column_of_numbers_and_then_text_is_read_without_a_warning(tmp_path: Path) -> None:
    """Read in pieces, pandas would take a column for numbers in one and for text in the next."""
    years = [*["1999"] * 40_000, "unknown"]
    table = pd.DataFrame({"year": years} | {f"x{i}": 0 for i in range(39)})
    write_table(tmp_path / "songs.csv", table)
    assert read_table(tmp_path / "songs.csv")["year"].iloc[-1] == "unknown"  # warnings are errors
    codes = pd.DataFrame({"song": ["1", "2", "3"], "year": ["007", "NA", "1e3"]})
    write_table(tmp_path / "codes.csv", codes)
    assert read_table(tmp_path / "codes.csv", text=True).equals(codes)
