"""The clean table: what is kept, what is dropped and why, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import StandardScaler

from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from song_mixtures.sources.checks import collinear_features, condition_number, redundancy
from stages import preprocess
from tests.conftest import FEATURES, SetParams, make_songs

SONGS = Path("data/raw/songs.csv")


def kept_after(table: pd.DataFrame) -> pd.DataFrame:
    """Run the stage on a table and return what it keeps."""
    table.to_csv(SONGS, index=False)
    preprocess.main()
    return read_table(preprocess.FEATURES_SELECTED)


def metrics() -> dict[str, Any]:
    found: dict[str, Any] = read_json(preprocess.METRICS)
    return found


@pytest.mark.usefixtures("workspace")
def test_a_clean_table_passes_unchanged_to_the_last_bit() -> None:
    songs = make_songs()
    kept = kept_after(songs)
    assert list(kept.columns) == ["song", "genre", *FEATURES]
    assert kept["song"].tolist() == songs["filename"].tolist()
    assert kept["genre"].tolist() == songs["genre"].tolist()
    np.testing.assert_array_equal(kept[FEATURES], songs[FEATURES])
    assert metrics()["songs_kept_count"] == 240
    assert metrics()["genres_count"] == 3


def details(suffix: str = "csv") -> pd.DataFrame:
    """Return what goes along with the songs that were kept."""
    return read_table(preprocess.SONG_DETAILS.with_suffix(f".{suffix}"), text=True)


TITLES = ["木綿のハンカチーフ", "", 'Say "no", twice', "007", *["Again"] * 236]
ARTISTS = ["太田裕美", "Nobody", "", "NA", *["Artist, The"] * 236]


def test_a_song_goes_by_its_name_in_lists_and_by_its_id_where_it_has_none(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"input.name": "title"})
    kept = kept_after(make_songs().assign(title=TITLES))
    assert list(details()) == ["song", "name"]
    assert details()["song"].tolist() == kept["song"].tolist()
    assert details()["name"].tolist() == [TITLES[0], kept["song"][1], *TITLES[2:]]


KEEP = {"input.keep": {"artist": "Artist Name(s)", "title": "title", "code": "code"}}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_kept_columns_go_along_as_they_stand_in_the_table_of_the_songs_that_are_kept(
    workspace: Path, set_params: SetParams, suffix: str
) -> None:
    set_params(KEEP | {"tables.format": suffix})
    codes = [f"{i:03d}" for i in range(240)]
    songs = make_songs().assign(title=TITLES, code=codes).assign(**{"Artist Name(s)": ARTISTS})
    songs.loc[4, "tempo"] = np.nan
    songs.to_csv(SONGS, index=False)
    preprocess.main()
    found, expected = details(suffix), songs.drop(index=4)
    assert list(found) == ["song", "name", "artist", "title", "code"]
    assert found["song"].tolist() == expected["filename"].tolist()
    assert found["title"].tolist() == expected["title"].tolist()
    assert found["artist"].tolist() == expected["Artist Name(s)"].tolist()
    assert found["code"].tolist() == expected["code"].tolist()
    # Artist and title, the title alone, or the id of a song that has none.
    assert found["name"].tolist()[:5] == [
        "太田裕美 – 木綿のハンカチーフ",
        songs["filename"][1],
        'Say "no", twice',
        "NA – 007",
        "Artist, The – Again",
    ]


@pytest.mark.usefixtures("workspace")
def test_neither_a_name_nor_a_kept_column_changes_a_byte_of_what_is_fitted(
    set_params: SetParams,
) -> None:
    songs = make_songs().assign(title=TITLES, code="x").assign(**{"Artist Name(s)": ARTISTS})
    outputs = {*Path("data/processed").glob("*"), *Path("models").glob("*")}
    assert outputs == set()
    found = []
    for changes in ({}, {"input.name": "title"}, KEEP):
        set_params(changes)
        kept_after(songs)
        outputs = {*Path("data/processed").glob("*.csv"), *Path("models").glob("*.json")}
        found.append({path: path.read_bytes() for path in outputs})
    assert len(found[0]) == 11
    changed = {path for other in found[1:] for path in other if other[path] != found[0][path]}
    assert changed == {preprocess.SONG_DETAILS, preprocess.MAKING}  # which no stage reads


def test_songs_that_nothing_names_are_told_apart_by_row_and_values(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"input.id": None, "input.keep": {"title": "title"}})
    songs = make_songs()
    songs.loc[3, FEATURES[:3]] = [98.26, 0.5, -0.04]
    songs.loc[1, "tempo"] = 0  # dropped, and a row of the table all the same
    kept_after(songs.assign(title=["", "", "Song", *[""] * 237]))
    assert details()["song"].tolist()[:3] == ["0", "2", "3"]
    assert details()["name"].tolist()[1:3] == ["Song", "row 3: 98 BPM, energy 0.50, 0.0 dB"]


def test_columns_that_look_like_names_are_proposed_where_nothing_names_the_songs(
    workspace: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    set_params({"input.id": None})
    songs = make_songs().drop(columns="filename")
    titled = songs.assign(track=[f"Song {i}" for i in range(240)])
    kept_after(songs)
    assert "lists of songs" not in capsys.readouterr().err
    kept_after(titled)
    said = capsys.readouterr().err
    assert "lists of songs show the row number" in said
    assert "write `keep: {title: track}` into section input of params.yaml" in said
    set_params({"input.id": None} | {"input.keep": {"title": "track"}})  # as it was proposed
    kept_after(titled)
    assert "lists of songs" not in capsys.readouterr().err
    assert details()["name"].tolist() == titled["track"].tolist()


@pytest.mark.usefixtures("workspace")
def test_a_kept_column_that_is_not_there_is_named(set_params: SetParams) -> None:
    set_params({"input.keep": {"artist": "Artist"}})
    with pytest.raises(StageError, match=r"no column 'Artist' \(input\.keep\.artist\)"):
        kept_after(make_songs())


def test_a_second_row_of_a_song_is_said(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = make_songs()
    songs["filename"] = songs["filename"].where(~songs.index.isin([7, 9]), songs["filename"][3])
    kept_after(songs)
    said = capsys.readouterr().err
    assert "1 songs stand in more than one row" in said
    assert f"the first {songs['filename'][3]!r} in rows 3 and 7 counted from 0" in said
    assert metrics()["repeated_ids_count"] == 2


def test_other_column_names_no_id_and_no_genre(workspace: Path, set_params: SetParams) -> None:
    songs = make_songs().rename(columns={"tempo": "BPM", "energy": "Energy %"})
    set_params(
        {
            "input.id": None,
            "input.label": None,
            "input.columns.tempo": "BPM",
            "input.columns.energy": "Energy %",
        }
    )
    kept = kept_after(songs)
    assert list(kept.columns) == ["song", *FEATURES]
    assert kept["song"].tolist() == [str(row) for row in range(240)]
    assert metrics()["genres_count"] == 0


@pytest.mark.parametrize(
    ("feature", "cell", "reason"),
    [
        ("energy", "", "not a number"),
        ("energy", "n/a", "not a number"),
        ("valence", "nan", "not a number"),
        ("loudness", "-inf", "beyond 1e100"),
        ("energy", "1e300", "beyond 1e100"),
        ("tempo", "0", "tempo not above 0"),
        ("tempo", "-12.5", "tempo not above 0"),
    ],
)
def test_a_song_with_a_missing_value_is_dropped_and_listed(
    workspace: Path, feature: str, cell: str, reason: str
) -> None:
    songs = make_songs().astype({feature: object})
    songs.loc[7, feature] = cell
    kept = kept_after(songs)
    dropped = read_table(preprocess.SONGS_DROPPED)
    assert len(kept) == 239
    assert dropped.to_dict("records") == [{"song": "calm.00007.wav", "reason": reason}]
    assert metrics()["songs_dropped_count"] == 1


def test_missing_error_names_the_first_such_song(workspace: Path, set_params: SetParams) -> None:
    set_params({"preprocess.missing": "error"})
    songs = make_songs()
    songs.loc[[7, 9], "tempo"] = 0
    with pytest.raises(StageError, match=r"2 songs have .* row 7 .*'calm\.00007\.wav': tempo not"):
        kept_after(songs)


def test_duplicates_are_kept_and_counted_or_dropped(workspace: Path, set_params: SetParams) -> None:
    songs = make_songs()
    songs.loc[11, FEATURES] = songs.loc[10, FEATURES]
    assert len(kept_after(songs)) == 240
    assert metrics()["duplicate_songs_count"] == 1
    set_params({"preprocess.duplicates": "drop"})
    kept = kept_after(songs)
    assert "calm.00010.wav" in set(kept["song"])
    assert "calm.00011.wav" not in set(kept["song"])
    assert read_table(preprocess.SONGS_DROPPED)["reason"].tolist() == ["duplicate"]


# Loudness equal to energy in every row, as in the original notebooks' table.
def with_collinear_loudness() -> pd.DataFrame:
    songs = make_songs()
    return songs.assign(loudness=songs["energy"])


def test_collinear_error_names_the_features_and_the_way_out(workspace: Path) -> None:
    said = r"energy and loudness determine one another.*preprocess\.collinear: drop"
    with pytest.raises(StageError, match=said):
        kept_after(with_collinear_loudness())
    assert not preprocess.FEATURES_SELECTED.exists()


def test_a_feature_that_two_others_determine_is_found(workspace: Path) -> None:
    songs = make_songs()
    songs["danceability"] = 0.5 * songs["energy"] - 0.02 * songs["tempo"] + 3
    with pytest.raises(StageError, match="tempo and energy and danceability determine one anoth"):
        kept_after(songs)


def test_collinear_drop_keeps_the_first_of_them(workspace: Path, set_params: SetParams) -> None:
    set_params({"preprocess.collinear": "drop"})
    kept = kept_after(with_collinear_loudness())
    assert list(kept.columns) == [
        "song",
        "genre",
        *(name for name in FEATURES if name != "loudness"),
    ]
    assert metrics()["features_count"] == 4


def test_collinear_keep_keeps_them_all(workspace: Path, set_params: SetParams) -> None:
    set_params({"preprocess.collinear": "keep"})
    assert set(FEATURES) < set(kept_after(with_collinear_loudness()).columns)


def test_strong_but_honest_correlation_is_no_collinearity() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(size=500)
    values = np.column_stack([base, base + 0.05 * rng.normal(size=500)])
    assert pd.DataFrame(values).corr().to_numpy().min() > 0.99
    assert collinear_features(values, ["a", "b"]) == []


def test_a_constant_feature_is_refused(workspace: Path) -> None:
    with pytest.raises(StageError, match=r"valence is 0\.5 in every song"):
        kept_after(make_songs().assign(valence=0.5))


def test_a_table_with_no_usable_song_is_refused_with_the_column_to_blame(workspace: Path) -> None:
    with pytest.raises(StageError, match=r"no song is left.*240 tempo not above 0"):
        kept_after(make_songs().assign(tempo=0))
    said = r"no song is left.*240 not a number, most for energy.*see input\.columns\.energy"
    with pytest.raises(StageError, match=said):
        kept_after(make_songs().assign(energy="55.2%"))


def test_features_that_are_all_one_are_refused(workspace: Path, set_params: SetParams) -> None:
    set_params({"preprocess.collinear": "drop"})
    songs = make_songs()
    one = dict.fromkeys(FEATURES, songs["tempo"])
    with pytest.raises(StageError, match="all features follow from tempo"):
        kept_after(songs.assign(**one))


def test_few_distinct_values_are_warned_of(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = make_songs()
    kept_after(songs.assign(tempo=(songs["tempo"] / 2).round() * 2))
    assert "warning: tempo takes only" in capsys.readouterr().err
    assert metrics()["few_distinct_features_count"] == 1
    kept_after(songs)
    assert "takes only" not in capsys.readouterr().err
    assert metrics()["few_distinct_features_count"] == 0


def shares_with_ends() -> pd.DataFrame:
    """Songs whose energy and valence lie between 0 and 1, valence at 0 and at 1, too."""
    songs = make_songs()
    songs["energy"] = songs["energy"].clip(0.01, 0.99)
    songs["valence"] = songs["valence"].clip(0.01, 0.99)
    songs.loc[[3, 4], "valence"] = [0.0, 1.0]
    return songs


def test_a_feature_at_the_ends_of_a_logit_is_squeezed(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({f"preprocess.transform.{name}": "logit" for name in ("energy", "valence")})
    kept = kept_after(shares_with_ends())
    scaling = Scaling.from_json(read_json(preprocess.SCALING))
    assert scaling.squeeze == {"valence": 240}
    np.testing.assert_array_equal(kept["valence"][[3, 4]], [0, 1])  # the table stays as it was
    standardized = scaling.standardize(kept)
    assert np.isfinite(standardized).all()
    np.testing.assert_array_equal(standardized[:, 3].argsort(), kept["valence"].argsort())
    squeezed = (kept[["valence"]].to_numpy() * 239 + 0.5) / 240
    expected = StandardScaler().fit_transform(np.log(squeezed / (1 - squeezed)))
    np.testing.assert_allclose(standardized[:, [3]], expected, rtol=1e-9, atol=1e-12)


def test_the_scaling_has_the_digits_of_a_fitted_scaler(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"preprocess.transform.tempo": "log2"})
    kept = kept_after(make_songs())
    scaling = Scaling.from_json(read_json(preprocess.SCALING))
    fitted = StandardScaler().fit(kept[FEATURES].assign(tempo=np.log2(kept["tempo"])))
    assert scaling.features == tuple(FEATURES)
    np.testing.assert_array_equal(scaling.mean, fitted.mean_)
    np.testing.assert_array_equal(scaling.scale, fitted.scale_)
    standardized = scaling.standardize(kept)
    np.testing.assert_allclose(standardized.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(standardized.std(axis=0), 1)


@pytest.mark.parametrize(
    ("feature", "name", "said"),
    [
        ("loudness", "log2", "loudness is log2, which needs values above 0"),
        ("tempo", "logit", "tempo is logit, which needs values from 0 to 1"),
    ],
)
def test_a_transform_that_is_not_defined_is_refused(
    workspace: Path, set_params: SetParams, feature: str, name: str, said: str
) -> None:
    set_params({f"preprocess.transform.{feature}": name})
    with pytest.raises(StageError, match=said):
        kept_after(make_songs())


@pytest.mark.usefixtures("workspace")
def test_condition_of_uncorrelated_features_is_one_and_grows() -> None:
    square = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    np.testing.assert_allclose(condition_number(square), 1.0)
    # Correlation r has eigenvalues 1 + r and 1 - r.
    lean = np.array([[1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    r = np.corrcoef(lean.T)[0, 1]
    np.testing.assert_allclose(condition_number(lean), (1 + r) / (1 - r))


# --- features of one's own


def with_columns(columns: dict[str, str | None]) -> dict[str, Any]:
    return {"input.columns": {name: name for name in FEATURES} | columns}


def test_another_column_is_a_feature_and_one_of_ours_may_be_left_out(
    workspace: Path, set_params: SetParams
) -> None:
    set_params(with_columns({"width": "Width [Hz]", "tempo": None}))
    songs = make_songs()
    songs["Width [Hz]"] = 1000 + 300 * np.random.default_rng(0).normal(size=len(songs))
    songs.loc[3, "tempo"] = 0  # which nobody asks for
    kept = kept_after(songs)
    assert list(kept.columns) == ["song", "genre", *FEATURES[1:], "width"]
    assert len(kept) == 240
    shown = read_json(preprocess.FEATURES)
    assert list(shown) == [*FEATURES[1:], "width"]
    assert shown["width"] == {
        "unit": "", "decimals": 0, "low": "low width", "high": "high width"
    }  # fmt: skip


def test_a_song_beyond_the_range_of_a_feature_is_dropped_and_listed(
    workspace: Path, set_params: SetParams
) -> None:
    described = {"valence": {"least": 0, "greatest": 1}}
    set_params({"input.features": described})
    songs = make_songs()
    songs["valence"] = songs["valence"].clip(0, 1)
    songs.loc[5, "valence"] = 1.5
    assert len(kept_after(songs)) == 239
    reasons = read_table(preprocess.SONGS_DROPPED)["reason"]
    assert reasons.tolist() == ["valence not at least 0 and at most 1"]


def test_a_feature_whose_transform_is_not_named_has_the_one_that_is_known(
    workspace: Path, set_params: SetParams
) -> None:
    set_params(with_columns({"liveness": "valence", "valence": None, "own": "danceability"}))
    songs = make_songs()
    songs["valence"] = songs["valence"].clip(0.01, 0.99)
    with pytest.raises(StageError, match="danceability and own determine one another"):
        kept_after(songs)
    set_params(with_columns({"liveness": "valence", "valence": None}))
    kept_after(songs)
    scaling = Scaling.from_json(read_json(preprocess.SCALING))
    assert scaling.transforms == (*["identity"] * 4, "logit")


def test_a_transform_of_no_feature_is_refused(workspace: Path, set_params: SetParams) -> None:
    set_params({"preprocess.transform": {"temp": "log2"}})
    with pytest.raises(StageError, match=r"preprocess\.transform\.temp is of no feature"):
        kept_after(make_songs())


def spiked() -> pd.DataFrame:
    """Songs of which a third have a valence of exactly 0."""
    songs = make_songs()
    songs["valence"] = songs["valence"].clip(0.01, 0.99)
    songs.loc[songs.index % 3 == 0, "valence"] = 0.0
    return songs


def test_a_spike_stops_the_run_and_either_cure_lets_it_go_on(
    workspace: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StageError, match=r"valence is 0 in 80 of 240 songs \(33%\)"):
        kept_after(spiked())
    set_params(with_columns({"valence": None}))
    assert "valence" not in kept_after(spiked())
    set_params({"preprocess.spread": ["valence"], "preprocess.transform.valence": "logit"})
    kept = kept_after(spiked())
    assert kept["valence"].nunique() == 240
    assert metrics()["spread_songs_count"] == 80
    assert metrics()["spike_features_count"] == 0
    checks = read_table(preprocess.FEATURE_CHECKS)
    assert checks["spread_songs"].tolist() == [0, 0, 0, 80, 0]
    assert "warning: valence was 0 in 80 of 240 songs, which are" in capsys.readouterr().err
    scaling = Scaling.from_json(read_json(preprocess.SCALING))
    assert scaling.squeeze == {"valence": 240}  # of the songs before
    assert abs(scaling.standardize(kept)).max() < 4


def test_a_smaller_spike_is_warned_of_with_the_line_that_spreads_it(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = make_songs()
    songs.loc[songs.index % 12 == 0, "valence"] = 0.5
    kept_after(songs)
    said = capsys.readouterr().err
    assert "warning: valence is 0.5 in 20 of 240 songs: a component may collapse" in said
    assert "run `dvc exp run -S 'preprocess.spread=[valence]'`" in said


def test_near_copies_are_warned_of_once_with_both_names_and_a_line(
    workspace: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = make_songs()
    copy = songs["energy"] + 0.1 * songs["energy"].std() * np.random.default_rng(0).normal(size=240)
    set_params(with_columns({"power": "power"}))
    kept_after(songs.assign(power=copy))
    said = capsys.readouterr().err
    assert said.count("of energy, nearest to it is") == 1
    assert "of power, nearest" not in said  # the same pair
    assert "of energy, nearest to it is power (correlation 0.99" in said
    assert "`dvc exp run -S input.columns.energy=null` leaves one of them out" in said
    assert metrics()["max_feature_r_squared"] == pytest.approx(0.99, abs=0.005)
    kept_after(make_songs().assign(power=np.random.default_rng(1).normal(size=240)))
    assert "power (corr" not in capsys.readouterr().err


def test_how_far_others_explain_a_feature_is_that_of_a_regression() -> None:
    values = np.random.default_rng(3).normal(size=(200, 4)) @ np.random.default_rng(4).normal(
        size=(4, 4)
    )
    found = redundancy(values, list("abcd"))
    for j, r_squared in enumerate(found["r_squared"]):
        others = np.delete(values, j, axis=1)
        expected = LinearRegression().fit(others, values[:, j]).score(others, values[:, j])
        assert r_squared == pytest.approx(expected, rel=1e-9)


# ---- the second reading of the tempo

BOTH = {"input.tempo_other": "half", "input.tempo_other_share": "p"}


def with_readings() -> pd.DataFrame:
    return make_songs().assign(half=lambda songs: songs["tempo"] / 2, p=0.25)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_second_readings_are_those_of_the_songs_kept(set_params: SetParams, suffix: str) -> None:
    set_params(BOTH | {"tables.format": suffix, "preprocess.duplicates": "drop"})
    songs = with_readings()
    songs.loc[2, "energy"] = np.nan
    songs.loc[3, "half"] = -1  # of a song that is dropped, so nobody's business
    songs.loc[3, FEATURES] = songs.loc[1, FEATURES]
    songs.loc[5, ["half", "p"]] = np.nan
    songs.to_csv(SONGS, index=False)
    preprocess.main()
    kept, found = (
        read_table(path.with_suffix(f".{suffix}"))
        for path in (preprocess.FEATURES_SELECTED, preprocess.TEMPO_READINGS)
    )
    assert list(kept) == ["song", "genre", *FEATURES]
    assert (
        found["song"].tolist() == kept["song"].tolist() == songs["filename"].drop([2, 3]).tolist()
    )
    factor = np.where(found["song"] == songs["filename"][5], 1, 0.5)
    np.testing.assert_array_equal(found["tempo_other"], factor * kept["tempo"])
    np.testing.assert_array_equal(found["tempo_other_share"], np.where(factor == 1, 0, 0.25))


@pytest.mark.usefixtures("workspace")
def test_a_table_without_second_readings_has_none() -> None:
    kept_after(with_readings())  # its columns are there, and nobody has named them
    found = read_table(preprocess.TEMPO_READINGS)
    assert list(found) == ["song", "tempo_other", "tempo_other_share"]
    assert found.empty


@pytest.mark.usefixtures("workspace")
def test_what_extract_makes_of_tempo_name_and_tags_needs_no_key(set_params: SetParams) -> None:
    set_params({"input.table": preprocess.EXTRACTED})
    songs = with_readings().rename(columns={"half": "tempo_other", "p": "tempo_other_share"})
    songs = songs.assign(name="a song", artist="", title=TITLES, album="")
    songs.to_csv(preprocess.EXTRACTED, index=False)
    preprocess.main()
    assert set(details()["name"]) == {"a song"}
    assert list(details()) == ["song", "name", "title"]  # no song has an artist or an album
    assert details()["title"].tolist() == TITLES
    assert read_table(preprocess.TEMPO_READINGS)["tempo_other_share"].eq(0.25).sum() == 240


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"input.tempo_other": "half"}, r"input\.tempo_other is half and input\.tempo_other_share"),
        (
            {"input.tempo_other_share": "p"},
            r"input\.tempo_other_share is p and input\.tempo_other ",
        ),
        (BOTH | {"input.tempo_other": "third"}, r"no column 'third' \(input\.tempo_other\)"),
        (BOTH | {"input.tempo_other_share": "half"}, r"tempo_other_share is \d.* expected 0 to 1"),
    ],
)
def test_columns_that_are_no_second_reading_are_refused(
    set_params: SetParams, changes: dict[str, Any], said: str
) -> None:
    set_params(changes)
    with pytest.raises(StageError, match=said):
        kept_after(with_readings())
    assert not preprocess.FEATURES_SELECTED.exists()


# ---- songs with features missing


def test_songs_with_a_missing_value_are_kept_apart_to_be_placed(
    workspace: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    songs = make_songs().astype({"energy": object})
    songs.loc[[7, 9], "tempo"] = 0
    songs.loc[9, "energy"] = "n/a"
    fitted = kept_after(songs)
    before = {
        path: path.read_bytes() for path in (preprocess.FEATURES_SELECTED, preprocess.SCALING)
    }
    assert read_table(preprocess.INCOMPLETE).empty
    set_params({"preprocess.missing": "place"})
    assert len(kept_after(songs)) == len(fitted) == 238
    assert {path: path.read_bytes() for path in before} == before
    found = read_table(preprocess.INCOMPLETE)
    assert found["song"].tolist() == songs["filename"][[7, 9]].tolist()
    assert found["missing"].tolist() == ["tempo", "tempo and energy"]
    assert found["valence"].tolist() == songs["valence"][[7, 9]].tolist()
    assert found["energy"].tolist() == [str(songs["energy"][7]), ""]
    assert len(read_table(preprocess.SONGS_DROPPED)) == 2
    assert "of which 2 are placed by what is known of them" in capsys.readouterr().err
