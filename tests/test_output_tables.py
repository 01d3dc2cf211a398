"""What docs/tables.csv says of a table holds, or is found out; and its page says the same.

tests/test_dvc_yaml.py holds the tables that every stage writes to it.
"""

import math
import re
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd
import pytest
from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype, is_string_dtype

from benchmarks.output_tables import FEATURE, PAGE, schema, sections, written_tables
from song_mixtures.songs.features import FEATURES

SCHEMA = schema()
TYPES: dict[str, Callable[[pd.Series], bool]] = {
    "text": is_string_dtype,
    "integer": is_integer_dtype,
    "number": lambda values: is_numeric_dtype(values) and not is_bool_dtype(values),
}
OR_EMPTY = "number or empty"
INTERVAL = re.compile(r"([\[(])(.+), (.+)([\])])")

Column = dict[Hashable, str]  # a row of the schema


# Of a feature of the user's own nothing more is known.
ANY_NUMBER: Column = {"type": "number", "unit": "", "range": "", "meaning": ""}


def columns_of(
    table: str, features: Sequence[str], k: int, kept: Sequence[str] = ()
) -> list[Column]:
    """Return what the schema says of a table's columns, in order, the patterns written out.

    `kept` are the columns that `input.keep` names.
    """
    rows = {
        name: SCHEMA[(SCHEMA["table"] == name) & (SCHEMA["column"] != "")].to_dict("records")
        for name in (table, FEATURE)
    }
    of_feature = {row["column"]: row for row in rows[FEATURE]}
    found = []
    for row in rows[table]:
        if row["column"] == FEATURE:
            described = [of_feature.get(name, ANY_NUMBER | {"column": name}) for name in features]
            found += [column | {"type": row["type"]} for column in described]
        elif row["column"] == "<kept>":
            found += [row | {"column": name} for name in kept]
        elif "<k>" in row["column"]:
            found += [row | {"column": row["column"].replace("<k>", str(i))} for i in range(k)]
        else:
            found.append(row)
    return found


def bound(text: str, k: int) -> float:
    """Return an end of an interval: a number, or one that depends on K."""
    of_k = {"K - 1": k - 1.0, "log K": math.log(k)}
    return of_k[text] if text in of_k else float(text)


def allowed(
    values: pd.Series, column: Column, k: int, features: Sequence[str] = tuple(FEATURES)
) -> pd.Series:
    """Tell which values lie in the range of a column; `features` are those of the run."""
    if column["range"] == "":
        return pd.Series(data=True, index=values.index)
    if column["range"] == "not empty":
        return values != ""
    if column["range"] == "a feature":
        return values.isin(list(features))
    within = pd.Series(data=False, index=values.index)
    for part in column["range"].split(" or "):
        interval = INTERVAL.fullmatch(part)
        if interval:
            opened, low, high, closed = interval.groups()
            above = values >= bound(low, k) if opened == "[" else values > bound(low, k)
            below = values <= bound(high, k) if closed == "]" else values < bound(high, k)
            within |= above & below
        else:
            within |= values == (part if column["type"] == "text" else float(part))
    return within


def faults(found: pd.DataFrame, table: str, features: Sequence[str], k: int) -> list[str]:
    """Return how a table of a run, with these features and K components, differs from the schema.

    Columns and their order first: only where they are right are types and values looked at.
    """
    columns = columns_of(table, features, k)
    if "tempo_other" not in found:  # of tables without a second reading of the tempo
        columns = [row for row in columns if not row["column"].startswith(("tempo_", "readings_"))]
    expected = [column["column"] for column in columns]
    if list(found) != expected:
        new = [name for name in found if name not in expected]
        gone = [name for name in expected if name not in found]
        return [f"{table}: columns not in docs/tables.csv {new}, only there {gone}, or their order"]
    said: list[str] = []
    for column in columns if len(found) else []:
        name, values = column["column"], found[column["column"]]
        if column["type"] == OR_EMPTY:
            values, column = pd.to_numeric(values[values != ""]), column | {"type": "number"}
        if not TYPES[column["type"]](values):
            said.append(f"{table}: {name} is {values.dtype}, expected {column['type']}")
            continue
        fit = allowed(values, column, k, features)
        if column["type"] != "text":
            fit &= np.isfinite(values)
        if not fit.all():
            wrong = values[~fit].tolist()[0]
            said.append(f"{table}: {name} is {wrong!r}, expected {column['range'] or 'a number'}")
    return said


# ---- the schema


def test_the_schema_describes_the_tables_that_the_stages_write_and_no_others() -> None:
    assert set(SCHEMA["table"]) - {FEATURE} == set(written_tables())
    assert len(written_tables()) > 15


def test_each_table_and_each_column_is_described_once() -> None:
    assert not SCHEMA.duplicated(["table", "column"]).any()
    assert (SCHEMA["meaning"] != "").all()
    assert set(SCHEMA.loc[SCHEMA["column"] == "", "table"]) == set(SCHEMA["table"])


def test_its_features_are_those_of_the_pipeline_in_their_units() -> None:
    columns = columns_of(FEATURE, [], 0)
    units = {column["column"]: column["unit"] for column in columns}
    assert units == {name: one.unit for name, one in FEATURES.items()}
    assert list(units) == list(FEATURES)


def test_the_page_is_made_from_the_schema() -> None:
    mark = "<!-- python -m benchmarks.output_tables -->\n"
    assert PAGE.read_text().split(mark)[1].strip() == sections()


# ---- a table that is not as described is found out

BY_COMPONENT = "data/processed/uncertainty_by_component"


def by_component() -> pd.DataFrame:
    """A table that is as described, for K = 3."""
    return pd.DataFrame(
        {
            "gmm_cluster": [0, 2],
            "songs": [5, 1],
            "mean_entropy": [0.0, math.log(3)],
            "mean_margin": [1.0, 0.0],
            "ambiguous_share": [0, 1],  # a number without a decimal point in the CSV
            "comes_back": ["partly (0.70 ± 0.02)", "no (0.50 ± 0.03)"],
        }
    )


def test_a_table_as_described_has_no_fault() -> None:
    assert faults(by_component(), BY_COMPONENT, [], 3) == []
    assert faults(by_component().head(0), BY_COMPONENT, [], 3) == []


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("gmm_cluster", 3, r"gmm_cluster is 3, expected \[0, K - 1\]"),
        ("songs", 0, r"songs is 0, expected \[1, inf\)"),
        ("songs", 1.5, "songs is float64, expected integer"),
        ("mean_entropy", 1.0987, r"mean_entropy is 1.0987, expected \[0, log K\]"),
        ("mean_entropy", np.nan, "mean_entropy is nan"),
        ("mean_margin", -1e-9, "mean_margin is -1e-09"),
        ("ambiguous_share", "no", "ambiguous_share is object, expected number"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(column: str, value: object, said: str) -> None:
    right = by_component()
    table = right.assign(**{column: [value, right[column].tolist()[1]]})
    [fault] = faults(table, BY_COMPONENT, [], 3)
    assert re.search(said, fault)


@pytest.mark.parametrize(
    "changed",
    [
        by_component().rename(columns={"mean_margin": "margin"}),
        by_component().drop(columns="songs"),
        by_component().assign(mean=0.0),
        by_component()[["songs", *by_component().columns.drop("songs")]],
    ],
    ids=["renamed", "dropped", "added", "in another order"],
)
def test_columns_that_are_not_those_described_are_named(changed: pd.DataFrame) -> None:
    [fault] = faults(changed, BY_COMPONENT, [], 3)
    assert "columns not in docs/tables.csv" in fault


def test_the_patterns_stand_for_a_column_per_feature_and_per_component() -> None:
    posteriors = columns_of("data/processed/posteriors", [], 2)
    names = [column["column"] for column in posteriors]
    assert names[2:5] == ["gmm_prob_0", "gmm_prob_1", "averaged_prob_0"]
    means = columns_of("data/processed/gmm_means", ["tempo", "loudness"], 2)
    names = [column["column"] for column in means]
    assert names == ["component", "tempo", "loudness", "profile", "profile_shares"]
    assert means[1]["range"] == "(0, inf)"


@pytest.mark.parametrize(
    ("span", "kind", "values", "expected"),
    [
        ("(0, 1]", "number", [0.0, 0.5, 1.0, 1.5], [False, True, True, False]),
        ("0 or [0.35, 0.5]", "number", [0.0, 0.1, 0.35, 0.6], [True, False, True, False]),
        ("(-inf, 0]", "number", [-1e9, 0.0, 0.1], [True, True, False]),
        ("major or minor", "text", ["major", "Major", ""], [True, False, False]),
        ("not empty", "text", ["a", ""], [True, False]),
        ("a feature", "text", ["tempo", "key"], [True, False]),
        ("", "text", ["a", ""], [True, True]),
    ],
)
def test_a_range_is_read_as_the_page_says(
    span: str, kind: str, values: list[object], expected: list[bool]
) -> None:
    column: Column = {"range": span, "type": kind}
    assert allowed(pd.Series(values), column, 3).tolist() == expected
