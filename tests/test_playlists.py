"""Playlists as a player reads them: what they lead to is there, and nothing is lost uncounted."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from song_mixtures.audio.folder import song_name
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table, write_table
from stages import playlists
from tests.conftest import SetParams

FOLDER = Path("my music")
# Files whose names a playlist cannot hold, and odd ones that it can.
NO_PATHS = ["new\nline.wav", os.fsdecode(b"\xff.wav")]
ODD = ["#1.wav", "a/b c (é) 100%.flac", "a/ x.ogg", "'q\".mp3"]
COUNT = 60
AUDIO: dict[str, Any] = {
    "input.table": "data/raw/audio_features.csv",
    "input.audio": [str(FOLDER)],
    "playlists.songs": 12,
    "playlists.max_per_artist": 4,
}


@pytest.fixture
def songs(workspace: Path, set_params: SetParams) -> pd.DataFrame:
    """Sixty songs of three components as the stages before leave them; the last has no file."""
    set_params(AUDIO)
    files = [*ODD, *NO_PATHS, *(f"b/{i:02d}.wav" for i in range(COUNT - 6))]
    for file in files[:-1]:
        (FOLDER / file).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / file).touch()
    names = [song_name(FOLDER / file, FOLDER) for file in files]
    rng = np.random.default_rng(1)
    averaged = rng.dirichlet([0.15, 0.15, 0.15], COUNT)
    averaged[:6] = [0.99, 0.01, 0]
    averaged[-1] = [0, 0.99, 0.01]
    best = -np.sort(-averaged, axis=1)
    table = pd.DataFrame({
        "song": names, "name": names, "gmm_cluster": averaged.argmax(axis=1),
        **{f"averaged_prob_{k}": averaged[:, k] for k in range(3)},
        "averaged_ambiguous": (best[:, 0] - best[:, 1] < 0.2).astype(int),
        "typicality": np.r_[np.ones(6), rng.random(COUNT - 7), 1],
        "density_p_value": np.r_[np.ones(6), rng.choice([0.001, 0.5], COUNT - 7, p=[0.1, 0.9]), 1],
    })  # fmt: skip
    extracted = pd.DataFrame({
        "filename": names, "title": ["Title", *[""] * (COUNT - 1)],
        "artist": ["Artist", *rng.choice(["", "A", "B", "C"], COUNT - 1)], "duration": 30.4,
    })  # fmt: skip
    pairs = rng.choice(names[6:-1], (15, 2), replace=False)
    suspects = pd.DataFrame(pairs, columns=["song", "other_song"]).assign(kind="near-duplicate")
    suspects.loc[15] = [names[0], "", "belongs nowhere"]  # of another model than the p-value's
    words = ["slow, quiet", "fast: loud/bright", "average"]
    kept = dict.fromkeys(["title", "artist", "album"], "as input.keep has it")
    write_table(playlists.ASSIGNMENTS, table.assign(**kept))
    write_table(playlists.EXTRACTED, extracted)
    write_table(playlists.SUSPECTS, suspects)
    write_table(playlists.MEANS, pd.DataFrame({"component": range(3), "profile": words}))
    return table.merge(extracted, left_on="song", right_on="filename")


def paths_in(playlist: Path) -> list[str]:
    """Return the paths of a playlist as players read it."""
    lines = playlist.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "#EXTM3U"
    assert lines[-1] == ""
    return [line for line in lines[:-1] if not line.startswith("#")]


def written() -> dict[str, list[str]]:
    """Run the stage and return the paths of each playlist."""
    playlists.main()
    return {path.name: paths_in(path) for path in sorted(playlists.PLAYLISTS.glob("*.m3u8"))}


def test_every_path_exists_wherever_the_player_stands(
    songs: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = written()
    assert list(found) == ["00 slow, quiet.m3u8", "01 fast loud bright.m3u8", "02 average.m3u8"]
    place = playlists.PLAYLISTS.absolute()
    rows = read_table(playlists.PLAYLIST_SONGS)
    assert [path for paths in found.values() for path in paths] == list(rows["path"])
    assert found["00 slow, quiet.m3u8"][:4] == [f"../{FOLDER}/{file}" for file in ODD]
    monkeypatch.chdir("/")
    for paths in found.values():
        assert paths
        assert [path for path in paths if not (place / path).is_file()] == []
    assert rows.groupby("component")["place"].agg(list).map(lambda own: own[0]).tolist() == [1] * 3


def test_songs_are_those_that_the_rules_name_in_their_order(songs: pd.DataFrame) -> None:
    found = written()
    suspects = read_table(playlists.SUSPECTS)
    pairs = {frozenset(pair) for pair in zip(suspects["song"], suspects["other_song"], strict=True)}
    reasons: dict[str, int] = {}
    for component, paths in enumerate(found.values()):
        own = songs[songs["gmm_cluster"] == component]
        sureness = own[f"averaged_prob_{component}"] * own["typicality"]
        taken: list[pd.Series] = []
        for _, song in own.loc[
            sureness.sort_values(ascending=False, kind="stable").index
        ].iterrows():
            known = [other for other in taken if other["artist"] == song["artist"] != ""]
            checks = {
                "posterior": song[f"averaged_prob_{component}"] < 0.5,
                "ambiguous": song["averaged_ambiguous"] == 1,
                "belongs_nowhere": song["density_p_value"] < 0.01,
                "no_file": song["song"] == songs["song"].iloc[-1],
                "path": song["song"] in list(songs["song"][4:6]),
                "near_duplicate": any({other["song"], song["song"]} in pairs for other in taken),
                "artist": len(known) >= 4,
                "limit": len(taken) >= 12,
            }
            reason = next((name for name, holds in checks.items() if holds), "")
            reasons[reason] = reasons.get(reason, 0) + 1
            taken += [song] if reason == "" else []
        assert [Path(path).name for path in paths] == [Path(one["song"]).name for one in taken]
    metrics = read_json(playlists.METRICS)
    assert metrics.pop("playlists_count") == 3
    assert metrics.pop("playlist_songs_count") == reasons.pop("")
    counted = {
        key.removeprefix("left_out_").removesuffix("_count"): n for key, n in metrics.items()
    }
    assert counted == reasons  # each reason holds for some song
    assert sum(counted.values()) + len(read_table(playlists.PLAYLIST_SONGS)) == COUNT


def test_an_entry_says_artist_title_and_length(songs: pd.DataFrame) -> None:
    written()
    text = Path("playlists/00 slow, quiet.m3u8").read_text()
    assert "#PLAYLIST:00 slow, quiet\n#EXTINF:30,Artist - Title\n../my music/#1.wav\n" in text
    assert "#EXTINF:30,b c (é) 100%\n" in text


@pytest.mark.parametrize(
    ("prefix", "expected"), [("/music", "/music/#1.wav"), (".", "./#1.wav"), ("/", "/#1.wav")]
)
def test_a_prefix_stands_before_the_path_below_the_folder(
    songs: pd.DataFrame, set_params: SetParams, prefix: str, expected: str
) -> None:
    set_params(AUDIO | {"playlists.prefix": prefix})
    assert written()["00 slow, quiet.m3u8"][0] == expected


@pytest.mark.parametrize("absolute", [True, False])
def test_a_folder_elsewhere_is_reached_from_the_playlists(
    songs: pd.DataFrame,
    set_params: SetParams,
    tmp_path_factory: pytest.TempPathFactory,
    absolute: bool,
) -> None:
    elsewhere = FOLDER.rename(tmp_path_factory.mktemp("else") / "where")
    named = str(elsewhere) if absolute else os.path.relpath(elsewhere)
    set_params(AUDIO | {"input.audio": [named]})
    paths = written()["00 slow, quiet.m3u8"]
    assert all((playlists.PLAYLISTS / path).samefile(elsewhere / path.split("where/")[1])
               for path in paths)  # fmt: skip
    assert all(path.startswith(named if absolute else f"../{named}") for path in paths)


def test_a_component_without_songs_that_qualify_has_no_playlist_and_is_named(
    songs: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    written()
    changed = read_table(playlists.ASSIGNMENTS)
    changed.loc[changed["gmm_cluster"] == 1, "averaged_ambiguous"] = 1
    write_table(playlists.ASSIGNMENTS, changed)
    assert list(written()) == ["00 slow, quiet.m3u8", "02 average.m3u8"]  # none of before
    assert "none of component 1, of which no song qualifies" in capsys.readouterr().err
    write_table(playlists.ASSIGNMENTS, changed.assign(averaged_ambiguous=1))
    assert written() == {}
    assert playlists.PLAYLISTS.is_dir()
    assert list(read_table(playlists.PLAYLIST_SONGS).columns) == [
        "component", "place", "song", "path",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("songs", 0, "expected a whole number at least 1"),
        ("min_posterior", 1.5, "expected a number at least 0 and at most 1"),
        ("max_per_artist", 0, "expected a whole number at least 1"),
        ("prefix", "", "prefix is '', expected a folder such as /music"),
        ("prefix", "/a\nb", "expected a folder such as /music"),
    ],
)
def test_a_wrong_parameter_is_named(
    songs: pd.DataFrame, set_params: SetParams, key: str, value: Any, said: str
) -> None:
    set_params(AUDIO | {f"playlists.{key}": value})
    with pytest.raises(StageError, match=said):
        playlists.main()
