"""The 58-column table of GTZAN gives five features; any other table is refused by name."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from song_mixtures.audio.extraction import FEATURES
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from stages import gtzan_table
from stages.gtzan_table import NAMES, POSITIVE, gtzan_songs, read_gtzan_table, standardized_log
from tests.conftest import REAL_DATA, SetParams, write_params

REAL_TABLE = REAL_DATA / "tables/gtzan_features_30_sec.csv"


def small_table(songs: int = 6) -> pd.DataFrame:
    """Return a table with the columns that are needed, log-uniform in each."""
    rng = np.random.default_rng(4)
    numbers = {name: np.exp(rng.uniform(-2, 2, songs)) for name in POSITIVE}
    names = [f"rock.{song:05}.wav" for song in range(songs)]
    return pd.DataFrame({"filename": names, "length": 661794, **numbers, "label": "rock"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_table().to_csv(tmp_path / "features_30_sec.csv", index=False)
    return tmp_path / "features_30_sec.csv"


def test_a_column_of_its_own_goes_through_where_input_columns_names_it(
    workspace: Path, set_params: SetParams
) -> None:
    table = small_table().assign(spectral_bandwidth_mean=[f"{i}.125" for i in range(6)])
    table.to_csv(workspace / "data/raw/features_30_sec.csv", index=False)
    columns = {"bandwidth": "spectral_bandwidth_mean", "rms": "rms_mean", "valence": None}
    given = {"input.gtzan_table": ["data/raw/features_30_sec.csv"]}
    five = {name: name for name in FEATURES}
    set_params(given | {"input.columns": five | columns})
    gtzan_table.main()
    songs = read_table(gtzan_table.SONGS)
    assert list(songs) == ["filename", "genre", *FEATURES, "spectral_bandwidth_mean", "rms_mean"]
    assert songs["spectral_bandwidth_mean"].tolist() == [i + 0.125 for i in range(6)]
    np.testing.assert_allclose(songs["rms_mean"], table["rms_mean"], rtol=1e-7)
    set_params(given | {"input.columns": five | {"bandwidth": "spectral_bandwith"}})
    with pytest.raises(StageError, match=r"no column 'spectral_bandwith' \(input\.columns\.bandw"):
        gtzan_table.main()


def test_standardized_log_by_hand() -> None:
    values = pd.Series([1.0, math.e, math.e**2])
    np.testing.assert_allclose(standardized_log(values), np.array([-1, 0, 1]) * np.sqrt(1.5))
    np.testing.assert_array_equal(standardized_log(pd.Series([0.1, 0.1, 0.1])), [0, 0, 0])


def test_loudness_is_the_mean_square_in_decibels() -> None:
    # Half the frames at 0.1, half at 0.3: mean 0.2, variance 0.01, mean square 0.05.
    table = small_table().assign(rms_mean=0.2, rms_var=0.01)
    np.testing.assert_allclose(gtzan_songs(table)["loudness"], 10 * np.log10(0.05))


def test_the_formulas_naively() -> None:
    table = small_table(40)

    def z(values: pd.Series) -> pd.Series:
        logs: pd.Series = values.map(math.log)
        return (logs - logs.mean()) / logs.std(ddof=0)

    crossings = z(table.zero_crossing_rate_mean)
    dynamics = z(np.sqrt(table.rms_var) / table.rms_mean)
    expected = {
        "energy": 1 / (1 + np.exp(-crossings)),
        "valence": 1 / (1 + np.exp(crossings / 2 - z(table.perceptr_var / table.harmony_var))),
        "danceability": 1 / (1 + np.exp(-0.7 * (dynamics + z(table.mfcc4_var)))),
        "tempo": table.tempo,
    }
    songs = gtzan_songs(table)
    for feature, values in expected.items():
        np.testing.assert_allclose(songs[feature], values, rtol=1e-12)


def test_a_louder_table_changes_loudness_only() -> None:
    table = small_table()
    louder = table.assign(rms_mean=table.rms_mean * 2, rms_var=table.rms_var * 4)
    before, after = gtzan_songs(table), gtzan_songs(louder)
    np.testing.assert_allclose(after["loudness"] - before["loudness"], 20 * np.log10(2))
    pd.testing.assert_frame_equal(after.drop(columns="loudness"), before.drop(columns="loudness"))


def test_missing_columns_are_all_named(path: Path) -> None:
    pd.read_csv(path).drop(columns=["label", "rms_var", "mfcc4_var"]).to_csv(path, index=False)
    with pytest.raises(
        StageError, match="has no column 'label', 'rms_var', 'mfcc4_var'; its columns"
    ):
        read_gtzan_table(path)


@pytest.mark.parametrize("cell", ["", "loud", "0", "-0.5", "inf", "nan"])
def test_a_cell_that_is_no_positive_number_is_named(path: Path, cell: str) -> None:
    table = pd.read_csv(path, dtype=str)
    table.loc[2, "rms_var"] = cell
    table.to_csv(path, index=False)
    with pytest.raises(
        StageError, match=rf"line 4 \(rock\.00002\.wav\): rms_var is '{cell}', expected a number"
    ):
        read_gtzan_table(path)


def test_absent_empty_and_broken_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "features_30_sec.csv"
    with pytest.raises(StageError, match="no such table; put it there"):
        read_gtzan_table(path)
    path.write_text("")
    with pytest.raises(StageError, match="not readable as csv: it is empty"):
        read_gtzan_table(path)
    path.write_text(",".join(NAMES + POSITIVE) + "\n")
    with pytest.raises(StageError, match="holds no songs"):
        read_gtzan_table(path)


def test_a_byte_order_mark_is_no_part_of_a_name(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_gtzan_table(path)) == 6


@pytest.mark.skipif(
    not REAL_TABLE.is_file(), reason=f"no {REAL_TABLE}; REAL_DATA names the folder of real data"
)
def test_the_real_table(workspace: Path) -> None:
    write_params(workspace, {"input.gtzan_table": [str(REAL_TABLE.resolve())]})
    gtzan_table.main()
    songs = pd.read_csv(gtzan_table.SONGS)
    assert list(songs) == ["filename", "genre", *FEATURES]
    counts = len(songs), songs["genre"].nunique(), songs["tempo"].nunique()
    assert counts == (1000, 10, 35)
    assert np.linalg.cond(songs[list(FEATURES)].corr()) < 10
