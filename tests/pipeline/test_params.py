"""params.yaml is read as DVC writes it, and every wrong value is named."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from song_mixtures.pipeline.params import (
    Range,
    load_yaml,
    read_param,
    read_params,
    read_some_params,
)
from song_mixtures.pipeline.stage import StageError


@dataclass(frozen=True)
class Inner:
    column: str


@dataclass(frozen=True)
class Optional:
    unit: str | None = None
    digits: Annotated[int, Range(0, 8)] | None = None


@dataclass(frozen=True)
class Example:
    count: Annotated[int, Range(2, 9)]
    rate: Annotated[float, Range(above=0)]
    mode: Literal["drop", "keep"]
    name: str | None
    kinds: tuple[Literal["full", "diag"], ...]
    inner: Inner
    folders: list[str]
    inside: bool
    size: int
    columns: dict[str, str | None]
    words: dict[str, Optional]
    named: dict[int, str]

    def __post_init__(self) -> None:
        if self.count == 8:
            raise ValueError("count is 8, which is only for the test")


GOOD: dict[str, Any] = {
    "count": 3,
    "rate": 0.5,
    "mode": "drop",
    "name": None,
    "kinds": ["full"],
    "inner": {"column": "yes"},
    "folders": [],
    "inside": False,
    "size": 7,
    "columns": {"tempo": "BPM", "valence": None},
    "words": {"width": {"digits": 1}},
    "named": {0: "a", "3": "b"},  # the second as `dvc exp run -S +example.named.3=b` writes it
}


def written(tmp_path: Path, content: Any) -> Path:
    """Write params.yaml with the library DVC writes it with."""
    path = tmp_path / "params.yaml"
    with path.open("w") as stream:
        YAML().dump(content, stream)
    return path


def test_a_right_section_is_read(tmp_path: Path) -> None:
    example = read_params("example", Example, written(tmp_path, {"example": GOOD}))
    assert example == Example(
        3, 0.5, "drop", None, ("full",), Inner("yes"), [], False, 7,
        {"tempo": "BPM", "valence": None}, {"width": Optional(None, 1)}, {0: "a", 3: "b"},
    )  # fmt: skip


def test_a_whole_number_is_a_number(tmp_path: Path) -> None:
    path = written(tmp_path, {"example": GOOD | {"rate": 2}})
    rate = read_params("example", Example, path).rate
    assert (rate, type(rate)) == (2.0, float)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("count", 1, "example.count is 1, expected a whole number at least 2 and at most 9"),
        ("count", 10, "example.count is 10, expected a whole number at least 2 and at most 9"),
        ("count", True, "example.count is True, expected a whole number"),
        ("count", 3.0, "example.count is 3.0, expected a whole number"),
        ("count", "3", "example.count is '3', expected a whole number"),
        ("count", 8, "example: count is 8, which is only for the test"),
        ("rate", 0, "example.rate is 0.0, expected a number above 0"),
        ("rate", float("nan"), "example.rate is nan, expected a number above 0"),
        ("rate", float("inf"), "example.rate is inf, expected a number above 0"),
        ("rate", "fast", "example.rate is 'fast', expected a number above 0"),
        ("mode", "dorp", "example.mode is 'dorp', expected one of drop, keep"),
        ("mode", ["drop"], r"example.mode is \['drop'\], expected one of drop, keep"),
        ("name", 7, "example.name is 7, expected text"),
        ("kinds", [], r"example.kinds is \[\], expected a list with at least one entry"),
        ("kinds", "full", "example.kinds is 'full', expected a list"),
        ("kinds", ["full", "fll"], r"example.kinds\[1\] is 'fll', expected one of full, diag"),
        ("inside", "maybe", "example.inside is 'maybe', expected true or false$"),
        ("folders", "one", "example.folders is 'one', expected a list$"),
        ("folders", [["one"]], r"example.folders\[0\] is \['one'\], expected text"),
        ("size", 2**31, "example.size is 2147483648, expected a whole number at most 2147483647"),
        ("size", 2**64, "example.size is 18446744073709551616, expected a whole number at most"),
        ("name", [[[["x"]]]], r"example.name is \[\[\[\.\.\.\]\]\], expected text"),
        ("mode", "x" * 5000, "example.mode is 'x{,100}[.]{3}x{,100}', expected one of drop, keep"),
        ("inner", "x", "example.inner is 'x', expected the keys column"),
        ("inner", {}, "example.inner.column is missing; the section's keys are column"),
        ("columns", [], r"example.columns is \[\], expected names with a value each"),
        ("columns", {1: "x"}, "example.columns: the key 1 is no text; put it in quotes"),
        ("columns", {"a": 1}, "example.columns.a is 1, expected text"),
        (
            "words",
            {"a": {"digits": 9}},
            "example.words.a.digits is 9, expected a whole number at l",
        ),
        ("words", {"a": {"unt": "Hz"}}, "example.words.a.unt is unknown; .* keys are unit, digits"),
        ("named", [], r"example.named is \[\], expected numbers with a value each"),
        ("named", {"x": "a"}, "example.named: the key 'x' is no whole number from 0 on"),
        ("named", {-1: "a"}, "example.named: the key -1 is no whole number from 0 on"),
        ("named", {True: "a"}, "example.named: the key True is no whole number"),
        ("named", {1: "a", "01": "b"}, "example.named: the key 1 stands there twice"),
        ("named", {1: 2}, "example.named.1 is 2, expected text"),
        ("extra", 1, "example.extra is unknown; the section's keys are count, rate"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    tmp_path: Path, key: str, value: Any, said: str
) -> None:
    path = written(tmp_path, {"example": GOOD | {key: value}})
    with pytest.raises(StageError, match=said):
        read_params("example", Example, path)


def test_a_missing_section_key_or_file_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, {"other": {}})
    with pytest.raises(StageError, match="has no section `example`"):
        read_params("example", Example, path)
    with pytest.raises(StageError, match=r"other\.count is missing"):
        read_param("other", "count", int, path)
    with pytest.raises(StageError, match="is not here: run from the project's top folder"):
        read_params("example", Example, tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("9" * 6000, r"example\.size is inf, expected a whole number"),
        ("[" * 5000 + "]" * 5000, "not readable as YAML: brackets are nested too deeply"),
        ("&a [1]\n  rate: *a", r"not readable as YAML: the alias \*a is not followed, write its"),
        ("1\n  size: 2", "not readable as YAML: the key size stands there twice in line 3,"),
        ("1\nexample: 2", "not readable as YAML: the key example stands there twice in line 3,"),
        ("1\n  ? [a]\n  : 2", "not readable as YAML: .* unhashable key"),
    ],
    ids=["6,000 digits", "5,000 brackets", "alias", "key twice", "section twice", "list as key"],
)
def test_what_yaml_allows_and_nobody_means_is_refused_in_one_line(
    tmp_path: Path, value: str, said: str
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(f"example:\n  size: {value}\n")
    with pytest.raises(StageError, match=said) as caught:
        read_param("example", "size", int, path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_number_of_many_digits_is_no_infinite_float(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    for digits in (600, 6000):
        path.write_text(f"example:\n  rate: {'9' * digits}\n")
        with pytest.raises(StageError, match=r"example\.rate is inf, expected a number above 0"):
            read_param("example", "rate", Annotated[float, Range(above=0)], path)


@pytest.mark.parametrize("text", ["a: [", "a: b: c", "\t- x"])
def test_broken_yaml_is_said_in_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(StageError, match="is not readable as YAML") as caught:
        read_params("example", Example, path)
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_is_said(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(StageError, match="is not readable as YAML"):
        read_params("example", Example, path)


def test_one_key_of_a_section_is_read_without_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, {"example": {"count": 4}})
    assert read_param("example", "count", Annotated[int, Range(2)], path) == 4


@dataclass(frozen=True)
class Part:
    count: Annotated[int, Range(2, 9)]
    rate: Annotated[float, Range(above=0)]


def test_some_keys_of_a_section_are_read_whatever_the_others_are(tmp_path: Path) -> None:
    path = written(tmp_path, {"example": {"rate": 0.5, "count": 4, "mode": "of another stage"}})
    assert read_some_params("example", Part, path) == Part(4, 0.5)


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ({"count": 4}, r"example\.rate is missing"),
        ({"count": 1, "rate": 0.5}, r"example\.count is 1, expected"),
        ([4], r"example is \[4\], expected the keys count, rate"),
    ],
)
def test_some_keys_of_a_section_are_checked(tmp_path: Path, section: Any, fault: str) -> None:
    with pytest.raises(StageError, match=fault):
        read_some_params("example", Part, written(tmp_path, {"example": section}))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["yes", "no", "on", "1e-06", "010", "1_000", "0x1f", "~", "2020-01-01", ""]),
    st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=8),
)


@given(SCALARS)
def test_what_dvc_writes_comes_back_as_it_was(value: Any) -> None:
    stream = io.StringIO()
    YAML().dump({"key": value}, stream)
    found = load_yaml(stream.getvalue())["key"]
    assert found == value
    assert type(found) is type(value)


def test_a_key_of_an_earlier_version_is_refused_with_its_new_name(tmp_path: Path) -> None:
    path = written(tmp_path, {"example": GOOD, "compare_kmeans": {"seed": 42}})
    said = r"compare_kmeans\.seed is now kmeans\.seed: move its value there"
    with pytest.raises(StageError, match=said):
        read_params("example", Example, path)
