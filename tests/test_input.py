"""Section `input` is checked before anything runs: its keys agree, and what they name is there."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from song_mixtures.pipeline.stage import StageError
from stages import input as input_stage
from tests.conftest import DEMO, SetParams

MUSIC = DEMO | {"input.demo": [], "input.audio": ["music"]}
GTZAN = {"input.table": "data/raw/gtzan.csv", "input.gtzan_table": ["data/raw/songs.csv"]}


@pytest.fixture
def music(workspace: Path) -> Path:
    """A folder of audio of the user's."""
    (workspace / "music").mkdir()
    return workspace / "music"


@pytest.mark.parametrize(
    ("params", "kind", "path"),
    [
        (DEMO, "demo", "data/raw/demo_audio"),
        (MUSIC, "audio", "music"),
        (GTZAN, "gtzan_table", "data/raw/songs.csv"),
        ({}, "table", "data/raw/songs.csv"),
    ],
    ids=["demo", "audio", "gtzan_table", "table"],
)
def test_keys_that_agree_say_where_the_songs_come_from(
    music: Path, set_params: SetParams, params: dict[str, Any], kind: str, path: str
) -> None:
    set_params(params)
    input_stage.main()
    assert json.loads(input_stage.ORIGIN.read_text()) == {"kind": kind, "path": path}


# What somebody has forgotten, and what they are told to write.
DISAGREE = [
    (
        DEMO | {"input.table": "data/raw/songs.csv"},
        r"a table of your own: set input\.demo to \[\] \(found \[songs\]\) and set input\.audio to",
    ),
    (DEMO | {"input.audio": ["music"]}, r"set input\.demo to \[\] \(found \[songs\]\)"),
    (DEMO | {"input.demo": []}, r"set input\.demo to \[songs\] \(found \[\]\)"),
    (DEMO | {"input.demo": ["other"]}, r"set input\.demo to \[songs\] \(found \[other\]\)"),
    (
        DEMO | {"input.audio": [], "input.demo": []},
        r"name your folder of audio in input\.audio, as its one entry \(found \[\]\)",
    ),
    (MUSIC | {"input.audio": ["music", "more"]}, r"as its one entry \(found \[music, more\]\)"),
    (
        {"input.table": "data/raw/gtzan.csv"},
        r"name GTZAN's features_30_sec\.csv in input\.gtzan_table, as its one entry \(found \[\]\)",
    ),
    (GTZAN | {"input.table": "data/raw/songs.csv"}, r"set input\.gtzan_table to \[\] \(found"),
    (DEMO | GTZAN, r"set input\.demo to \[\].* and set input\.audio to \[\]"),
]


@pytest.mark.parametrize(("params", "said"), DISAGREE, ids=lambda value: str(value)[:60])
def test_keys_that_disagree_are_named_with_what_to_write(
    music: Path, set_params: SetParams, params: dict[str, Any], said: str
) -> None:
    set_params(params)
    with pytest.raises(StageError, match=rf"^params\.yaml: input\.table is .*{said}"):
        input_stage.main()
    assert not input_stage.ORIGIN.exists()


def test_half_a_second_reading_is_refused_before_anything_runs(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"input.tempo_other": "half"})
    said = r"input\.tempo_other is half and input\.tempo_other_share is null.*or set both to null"
    with pytest.raises(StageError, match=said):
        input_stage.main()


def test_a_kept_column_with_a_name_of_ours_is_refused_before_anything_runs(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"input.keep": {"gmm_words": "lyrics"}})
    with pytest.raises(StageError, match=r"no column can be called 'gmm_words': a column of our"):
        input_stage.main()


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"input.table": "data/raw/absent.csv"}, "input.table is data/raw/absent.csv, and there"),
        ({"input.table": "music"}, "that is no table"),
        (MUSIC | {"input.audio": ["absent"]}, "input.audio is absent, and there is no such folder"),
        (
            MUSIC | {"input.audio": ["params.yaml"]},
            "input.audio is params.yaml, and that is no fold",
        ),
        (GTZAN | {"input.gtzan_table": ["absent.csv"]}, "input.gtzan_table is absent.csv, and"),
    ],
    ids=["table", "folder as table", "audio", "file as folder", "GTZAN"],
)
def test_what_is_not_there_is_named_with_its_key(
    music: Path, set_params: SetParams, params: dict[str, Any], said: str
) -> None:
    set_params(params)
    with pytest.raises(StageError, match=said):
        input_stage.main()


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("", r"input\.audio is empty, expected a path"),
        ("music/..", r"input\.audio is empty, expected a path"),
        ("music/../../songs", r"leads out of the project; where that is meant, write \.\./songs$"),
    ],
)
def test_a_folder_that_nobody_can_mean_is_refused(
    music: Path, set_params: SetParams, folder: str, said: str
) -> None:
    set_params(MUSIC | {"input.audio": [folder]})
    with pytest.raises(StageError, match=said):
        input_stage.main()


def test_a_folder_elsewhere_that_is_named_so_is_taken(
    music: Path, set_params: SetParams, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for folder in (str(elsewhere), os.path.relpath(elsewhere), "music/../music"):
        set_params(MUSIC | {"input.audio": [folder]})
        input_stage.main()


def test_an_unknown_key_is_refused(workspace: Path) -> None:
    params = Path("params.yaml").read_text()
    Path("params.yaml").write_text(params.replace("input:\n", "input:\n  separator: ';'\n"))
    with pytest.raises(StageError, match=r"input\.separator is unknown; the section's keys are"):
        input_stage.main()


def test_a_link_that_leads_to_itself_is_not_called_absent(
    music: Path, set_params: SetParams
) -> None:
    Path("loop.csv").symlink_to("loop.csv")
    set_params({"input.table": "loop.csv"})
    with pytest.raises(StageError, match=r"it cannot be read \(Too many levels of symbolic"):
        input_stage.main()


def test_the_demo_songs_need_not_be_there_before_they_are_made(set_params: SetParams) -> None:
    set_params(DEMO)
    input_stage.main()


@pytest.mark.parametrize("tracked", ["", "data/raw/songs.csv.dvc", "data/raw.dvc"])
def test_songs_that_nothing_tracks_are_named_with_the_cure(
    workspace: Path, capsys: pytest.CaptureFixture[str], tracked: str
) -> None:
    if tracked:
        (workspace / tracked).touch()
    input_stage.main()
    assert ("`dvc add data/raw/songs.csv`" in capsys.readouterr().err) == (not tracked)


def test_songs_outside_of_the_ignored_folder_need_no_hint(
    workspace: Path, set_params: SetParams, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "data/raw/songs.csv").rename(workspace / "songs.csv")
    set_params({"input.table": "songs.csv"})
    input_stage.main()
    assert "dvc add" not in capsys.readouterr().err


def test_tables_in_the_other_format_are_removed_where_they_are_the_pipelines_own(
    workspace: Path, set_params: SetParams
) -> None:
    input_stage.IGNORED.parent.mkdir(parents=True)
    input_stage.IGNORED.write_text("/k_sweep.csv\n/k_sweep.parquet\n/origin.json\n")
    tables = [input_stage.PROCESSED / f"{name}.csv" for name in ("k_sweep", "my_own")]
    for path in tables:
        path.touch()
    input_stage.main()
    assert [path.exists() for path in tables] == [True, True]
    set_params({"tables.format": "parquet"})
    input_stage.main()
    assert [path.exists() for path in tables] == [False, True]
    assert input_stage.ORIGIN.is_file()


@pytest.mark.parametrize(
    ("params", "left"),
    [
        (DEMO, {"demo", "extract", "playlists", "kmeans"}),
        (MUSIC, {"extract", "playlists", "kmeans"}),
        ({}, {"kmeans"}),
    ],
    ids=["demo", "audio", "table"],
)
def test_numbers_and_playlists_that_the_input_no_longer_makes_are_removed(
    music: Path, set_params: SetParams, params: dict[str, Any], left: set[str]
) -> None:
    Path("metrics").mkdir()
    for name in ("demo", "extract", "playlists", "kmeans"):
        Path(f"metrics/{name}.json").write_text("{}")
    playlists = [Path("playlists/00 slow.m3u8"), Path("data/processed/playlist_songs.csv")]
    for path in playlists:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    set_params(params)
    input_stage.main()
    assert {path.stem for path in Path("metrics").glob("*.json")} == left
    assert [path.exists() for path in playlists] == 2 * ["playlists" in left]
