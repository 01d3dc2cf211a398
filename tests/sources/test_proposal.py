"""Which columns of a table look like names of songs, and the line to paste."""

from pathlib import Path

import pandas as pd
import pytest

from song_mixtures.pipeline.params import load_yaml
from song_mixtures.sources.proposal import looks_like_names, proposal

N = 300
SONGS = range(N)
EXPORT = pd.DataFrame(
    {
        "Track URI": [f"spotify:track:{i:x}" for i in SONGS],
        "Artist URI(s)": [f"spotify:artist:{i // 3:x}" for i in SONGS],
        "Track Name": [f"Song {i}" for i in SONGS],
        "Album Name": [f"Album {i // 3}" for i in SONGS],
        "Artist Name(s)": [f"Artist {i // 3}" for i in SONGS],
        "Genres": [f"genre {i % 7}" for i in SONGS],
        "Tempo": [f"{100 + i / 7}" for i in SONGS],
    }
)
LINE = (
    'keep: {artist: "Artist Name(s)", title: "Track Name", album: "Album Name", uri: "Track URI"}'
)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_export_gets_a_line_that_params_yaml_can_have(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"songs.{suffix}"
    table = EXPORT.astype({"Artist Name(s)": "category"})
    table.to_csv(path, index=False) if suffix == "csv" else table.to_parquet(path)
    assert proposal(path, ["Tempo"]) == LINE
    assert load_yaml(LINE)["keep"]["title"] == "Track Name"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (["Tempo", "Genres"], ""),
        (["Artist Name(s)"], ""),  # of which a song has no name
        (["曲"], 'name: "曲"'),
        (["track_id", "track_name"], "keep: {title: track_name, track_id: track_id}"),
        (["null", "Song"], "keep: {title: Song}"),
        (["file_name", "Title"], "keep: {title: Title}"),
    ],
)
def test_what_is_proposed_of_other_tables(tmp_path: Path, columns: list[str], line: str) -> None:
    made = {name: EXPORT.get(name, pd.Series([f"x{i}" for i in SONGS])) for name in columns}
    pd.DataFrame(made).to_csv(tmp_path / "songs.csv", index=False)
    assert proposal(tmp_path / "songs.csv", []) == line


def test_a_column_in_use_is_not_proposed(tmp_path: Path) -> None:
    EXPORT.to_csv(tmp_path / "songs.csv", index=False)
    assert "Track URI" not in proposal(tmp_path / "songs.csv", ["Track URI", "Artist URI(s)"])


def test_a_table_with_a_broken_column_that_nobody_asked_for_has_no_proposal(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes(b"tempo,title\n" + b"120,\xff\xfe\n" * 9)
    assert proposal(path, ["tempo"]) == ""


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([f"Song {i}" for i in SONGS], True),
        ([f"曲{i}" for i in SONGS], True),
        ([f"Song {i % 60}" for i in SONGS], True),
        ([f"Song {i % 59}" for i in SONGS], False),
        ([str(i) for i in SONGS], False),
        ([f"{i}e3" for i in SONGS], False),
        ([f"2020-01-{i}" for i in SONGS], False),
        ([f"{'la ' * 50}{i}" for i in SONGS], False),
        ([""] * N, False),
        (["Song", *[""] * (N - 1)], True),
    ],
)
def test_names_are_short_text_that_differs_between_songs(cells: list[str], expected: bool) -> None:
    assert looks_like_names(pd.Series(cells)) is expected
