"""From a song's name back to its file, whatever the file is called."""

import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from song_mixtures.audio.folder import song_name
from song_mixtures.hearing.files import address, file_of, folder_of, format_of

ODD = [
    "plain.wav",
    "a/b c.flac",
    'q"?#%41&<b>;[x](y)`~|$.mp3',
    "new\nline.ogg",
    "русская 音 é.opus",
    "http:/example.org.wav",
    "back\\slash.wav",
]
NOT_UTF_8 = os.fsdecode(b"caf\xe9/\xff\xfe.wav")


@pytest.mark.parametrize("name", [*ODD, NOT_UTF_8])
@pytest.mark.parametrize("folder", ["data/raw/music", "../my music", "/srv/mu#sic"])
def test_an_address_leads_from_the_page_to_the_file(name: str, folder: str) -> None:
    song = song_name(Path(folder) / name, Path(folder))
    found = address(song, Path(folder), Path("reports"))
    assert set(found) <= set(map(chr, range(33, 127))) - set("\"'<>`()[]?#\\ ")
    led = Path("reports") / os.fsdecode(unquote_to_bytes(found))
    assert os.path.relpath(led) == os.path.relpath(f"{folder}/{name}")


@given(st.binary(min_size=1, max_size=30))
def test_the_name_of_any_file_leads_back_to_it(name: bytes) -> None:
    assume(not {b"/", b"\0", b"\\"} & {name[i : i + 1] for i in range(len(name))})
    assume(name not in (b".", b".."))
    path = Path("music") / os.fsdecode(name)
    assert Path("music") / file_of(song_name(path, Path("music"))) == path


@pytest.mark.parametrize(
    ("audio", "song_id", "expected"),
    [
        (["music"], "filename", Path("music")),
        (["music"], None, None),
        (["music"], "title", None),
        ([], "filename", None),
    ],
)
def test_songs_are_files_where_they_go_by_the_names_of_files(
    audio: list[str], song_id: str | None, expected: Path | None
) -> None:
    assert folder_of(audio, song_id) == expected
    assert (address("a.wav", expected, Path("reports")) == "") == (expected is None)


def test_the_format_is_the_suffix_in_any_case() -> None:
    assert (format_of("a/b.c.FLAC"), format_of("none")) == (".flac", "")
