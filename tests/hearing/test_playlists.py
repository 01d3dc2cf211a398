"""Which songs a playlist takes, and that a player reads what is written."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.hearing.playlists import Entry, as_m3u8, can_hold, left_out, list_name

SONGS = [f"song {i}" for i in range(8)]


@given(
    artists=st.lists(st.sampled_from(["", "A", "a", "B"]), min_size=8, max_size=8),
    pairs=st.lists(st.tuples(st.sampled_from(SONGS), st.sampled_from(SONGS)), max_size=6),
    most=st.integers(1, 9),
    max_per_artist=st.none() | st.integers(1, 3),
)
def test_each_song_is_taken_or_left_out_for_a_reason_that_holds(
    artists: list[str], pairs: list[tuple[str, str]], most: int, max_per_artist: int | None
) -> None:
    doubles: dict[str, set[str]] = {}
    for one, other in pairs:
        if one != other:
            doubles.setdefault(one, set()).add(other)
            doubles.setdefault(other, set()).add(one)
    reasons = left_out(SONGS, artists, doubles, most, max_per_artist)
    taken: list[int] = []
    for i, reason in enumerate(reasons):
        holds = {
            "near-duplicate": any(SONGS[j] in doubles.get(SONGS[i], ()) for j in taken),
            "artist": max_per_artist is not None
            and artists[i] != ""
            and sum(artists[j].lower() == artists[i].lower() for j in taken) >= max_per_artist,
            "limit": len(taken) == most,
        }
        assert reason == next((name for name, held in holds.items() if held), "")
        taken += [i] if reason == "" else []
    of_artist = Counter(artists[i].lower() for i in taken if artists[i])
    assert len(taken) <= most
    assert max(of_artist.values(), default=0) <= (max_per_artist or 8)
    assert not any(SONGS[j] in doubles.get(SONGS[i], ()) for i in taken for j in taken)


def test_of_three_near_duplicates_the_middle_one_alone_keeps_the_others_out() -> None:
    doubles = {"a": {"b"}, "b": {"a", "c"}, "c": {"b"}}
    assert left_out("abc", ["", "", ""], doubles, 9, None) == ["", "near-duplicate", ""]
    assert left_out("bac", ["", "", ""], doubles, 9, None) == ["", *["near-duplicate"] * 2]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("../a b#1.wav", True),
        ("/music/音.flac", True),
        ("#comment.wav", False),
        ("a\nb.wav", False),
        ("a\u2028b.wav", False),
        (" a.wav", False),
        ("a\udce9.wav", False),
        ("", False),
    ],
)
def test_a_playlist_holds_paths_of_one_line_that_are_no_comment(path: str, expected: bool) -> None:
    assert can_hold(path) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("slow, quiet", "03 slow, quiet"),
        ('a/b\\c:d*e?f"g<h>i|j\nk', "03 a b c d e f g h i j k"),
        ("ends in dots...", "03 ends in dots"),
        ("", "03"),
        ("音" * 100, "03 " + "音" * 60),
    ],
)
def test_the_name_of_a_playlist_is_one_on_every_system(words: str, expected: str) -> None:
    assert list_name(3, words) == expected
    assert len(f"{expected}.m3u8".encode()) <= 255


def test_a_playlist_says_length_artist_and_title_on_one_line() -> None:
    entries = [
        Entry("../a.wav", 29.6, "The\nArtist", "A\ttitle"),
        Entry("../b.wav", -1.0, "", "b"),
    ]
    assert as_m3u8("03 slow", entries).splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:03 slow",
        "#EXTINF:30,The Artist - A title",
        "../a.wav",
        "#EXTINF:-1,b",
        "../b.wav",
    ]
