"""A run keeps what its features are made of, and its rows are all of one making."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from song_mixtures.audio.version import MADE_BY
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import Range
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import FEATURES
from song_mixtures.sources.making import Making, making_of
from stages import preprocess
from tests.conftest import SetParams

MAKING = Making(
    "a.csv", "extract 1, 30 s", "id", None, {"tempo": "bpm", "energy": "e", "x": "y"},
    {"tempo": FEATURES["tempo"].range, "energy": Range(), "x": Range(0, 1)},
)  # fmt: skip


def test_json_keeps_everything() -> None:
    assert Making.from_json(MAKING.to_json()) == MAKING


def test_values_that_cannot_be_are_missing() -> None:
    values = np.array([[0, -1, 0], [-3, 0, 1], [120, np.inf, 1.5], [np.nan, 1e9, -0.1]])
    expected = [[np.nan, -1, 0], [np.nan, 0, 1], [120, np.nan, np.nan], [np.nan, 1e9, np.nan]]
    np.testing.assert_array_equal(MAKING.possible(values), expected)


def test_what_a_table_says_of_its_making(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"a": [1, 2]}).to_csv(path, index=False)
    assert making_of(path) == ""
    pd.DataFrame({"a": [1, 2], MADE_BY: "extract 1, 30 s"}).to_csv(path, index=False)
    assert making_of(path) == "extract 1, 30 s"
    pd.DataFrame({"a": [1, 2], MADE_BY: ["extract 1, 30 s", ""]}).to_csv(path, index=False)
    with pytest.raises(StageError, match=r"has '' and 'extract 1, 30 s': .* keep the rows of one"):
        making_of(path)


def test_preprocess_writes_it_and_stops_at_two_makings(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"input.columns.energy": None, "preprocess.transform": {}})
    preprocess.main()
    found = Making.from_json(read_json(preprocess.MAKING))
    assert (found.table, found.made_by, found.id) == ("data/raw/songs.csv", "", "filename")
    assert list(found.columns) == ["tempo", "loudness", "valence", "danceability"]
    assert found.ranges["tempo"] == Range(above=0)
    path = workspace / "data/raw/songs.csv"
    table = pd.read_csv(path)
    table[MADE_BY] = ["extract 1, 30 s"] * 239 + ["extract 1, 10 s"]
    table.to_csv(path, index=False)
    with pytest.raises(StageError, match="were made in different ways"):
        preprocess.main()
