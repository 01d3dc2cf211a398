"""What features are: known, described, refused; how their values are written."""

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer

from benchmarks.output_tables import FEATURE, schema
from song_mixtures.pipeline.params import Range
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import (
    FEATURES,
    TAKEN,
    TAKEN_BEGINNINGS,
    Description,
    Feature,
    features_of,
    from_json,
    possible,
    signed,
    to_json,
    with_decimals,
)
from tests.conftest import FEATURES as FIVE

COLUMNS: dict[str, str | None] = {name: name for name in FIVE}


def test_numbers_have_a_true_minus_sign_and_zero_has_none() -> None:
    assert [signed(-0.004), signed(-1.256), signed(3, 0)] == ["0.00", "−1.26", "3"]


def test_large_values_are_written_short() -> None:
    one = Feature("x", "", 2, "low", "high")
    values = [99_999.0, 129_774.06, -2.5e6, 1.3e9]
    assert [one.written(value) for value in values] == ["99999.00", "130k", "−2500k", "1300M"]


def test_ours_are_known_and_one_may_be_left_out() -> None:
    found = features_of(COLUMNS | {"tempo": None}, {})
    assert list(found) == FIVE[1:]
    assert found["loudness"] == FEATURES["loudness"]
    assert FEATURES["loudness"].heading == "loudness (dB)"


def test_the_order_of_the_columns_decides_nothing() -> None:
    columns: dict[str, str | None] = {"z": "z", "liveness": "l", **COLUMNS, "a": "a"}
    expected = [*FIVE, "liveness", "a", "z"]
    assert list(features_of(columns, {})) == expected
    assert list(features_of(dict(reversed(columns.items())), {})) == expected


def test_any_other_has_defaults_that_work() -> None:
    found = features_of(COLUMNS | {"width": "Column 7"}, {})["width"]
    assert (found.heading, found.low, found.high) == ("width", "low width", "high width")
    assert (found.transform, found.range) == ("identity", Range())
    decimals = with_decimals({"width": found}, {"width": 0.13})["width"].decimals
    assert decimals == 2
    assert with_decimals({"width": found}, {"width": 1300.0})["width"].decimals == 0
    assert with_decimals({"width": found}, {"width": 0.004})["width"].decimals == 4


def test_what_is_said_of_a_feature_goes_before_what_is_known() -> None:
    found = features_of(
        COLUMNS | {"width": "w"},
        {
            "width": Description("Hz", 0, "narrow", "broad", least=0),
            "energy": Description(high="wild"),
        },
    )
    assert found["width"] == Feature("width", "Hz", 0, "narrow", "broad", Range(0))
    assert (found["energy"].low, found["energy"].high) == ("calm", "wild")


def test_json_keeps_what_people_read_and_no_more() -> None:
    found = from_json(to_json(FEATURES))
    assert [one.heading for one in found.values()] == [one.heading for one in FEATURES.values()]
    assert found["speechiness"].transform == "identity"


@pytest.mark.parametrize("count", [0, 1, 16])
def test_fewer_than_two_and_more_than_fifteen_are_refused(count: int) -> None:
    columns: dict[str, str | None] = {f"x{i}": "c" for i in range(count)}
    with pytest.raises(StageError, match=rf"a column for {count} features .*, expected 2 to 15"):
        features_of(columns, {})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("my feature", "digits and single _"),
        ("7th", "a letter first"),
        ("a__b", "single _ between"),
        ("_a", "a letter first"),
        ("", "a letter first"),
        ("明るさ", "Latin, Greek or Cyrillic"),
        ("x" * 31, "has 31 letters, and more than 30"),
        ("song", "a column of our own tables"),
        ("gmm_prob_0", "a column of our own tables"),
        ("n_jobs", "a column of our own tables"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_with_the_reason(name: str, said: str) -> None:
    with pytest.raises(StageError, match=f"cannot name a feature: .*{said}"):
        features_of(COLUMNS | {name: "c"}, {})


def test_a_description_of_no_feature_is_refused() -> None:
    with pytest.raises(StageError, match=r"input\.features\.widht is of no feature; .*width"):
        features_of(COLUMNS | {"width": "c"}, {"widht": Description()})
    features_of(COLUMNS, {"speechiness": Description(high="wordy")})  # known, and not used


def test_the_least_value_is_below_the_greatest() -> None:
    with pytest.raises(ValueError, match="greatest is 1, expected above least, 2"):
        Description(least=2, greatest=1)


def is_taken(name: str) -> bool:
    return name in TAKEN or name.startswith(TAKEN_BEGINNINGS)


def test_which_values_a_feature_can_have_is_what_its_range_says_but_for_what_overflows() -> None:
    values = np.array([-np.inf, -1.0, 0.0, 0.5, 1.0, 1.5, 1e99, 1e200, np.inf, np.nan])
    for within in (Range(), Range(0, 1), Range(above=0), Range(low=-1)):
        expected = [within.holds(value) and abs(value) <= 1e100 for value in values]
        assert possible(values, within).tolist() == expected


def test_no_feature_takes_the_name_of_a_column_beside_it_or_of_an_argument() -> None:
    columns = schema()
    beside = set(columns.loc[columns["column"] == FEATURE, "table"])
    beside |= {"data/processed/gmm_weights", "data/processed/uncertainty_by_component"}
    names = set(columns.loc[columns["table"].isin(beside), "column"]) - {"", FEATURE, "<kept>"}
    arguments: Any = inspect.signature(ColumnTransformer).parameters
    assert [name for name in sorted(names | set(arguments)) if not is_taken(name)] == []
    assert not any(is_taken(name) for name in FEATURES)
