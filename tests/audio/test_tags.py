"""Tags are read in every script, and what cannot be read is none."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from song_mixtures.audio.tags import LONGEST, Tags, clean, read_tags

NONE = Tags("", "", "", "")


def id3(frames: dict[str, bytes]) -> bytes:
    """Return an ID3v2.3 tag: each frame has its encoding in its first byte."""
    body = b"".join(
        name.encode() + len(text).to_bytes(4, "big") + b"\0\0" + text
        for name, text in frames.items()
    )
    size = bytes((len(body) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + body


def mp3(path: Path, frames: dict[str, bytes]) -> Path:
    soundfile.write(path, np.zeros(22050), 22050)
    path.write_bytes(id3(frames) + path.read_bytes())
    return path


def utf16(text: str) -> bytes:
    return b"\1" + text.encode("utf-16")


def test_id3_in_utf16_and_a_genre_by_its_number(tmp_path: Path) -> None:
    frames = {"TIT2": utf16("木綿のハンカチーフ"), "TPE1": utf16("太田裕美"), "TCON": b"\0(17)"}
    path = mp3(tmp_path / "a.mp3", frames)
    assert read_tags(path) == Tags("木綿のハンカチーフ", "太田裕美", "", "Rock")


def test_shift_jis_that_calls_itself_latin_1_is_left_out(tmp_path: Path) -> None:
    frames = {"TIT2": b"\0" + "木綿".encode("shift_jis"), "TPE1": b"\0Ohta"}
    assert read_tags(mp3(tmp_path / "a.mp3", frames)) == Tags("", "Ohta", "", "")


@pytest.mark.parametrize("subtype", ["OPUS", "VORBIS", "PCM_16"])
def test_comments_of_xiph(tmp_path: Path, subtype: str) -> None:
    container = "FLAC" if subtype == "PCM_16" else "OGG"
    path = tmp_path / "a.audio"
    with soundfile.SoundFile(path, "w", 48_000, 1, subtype, format=container) as file:
        file.title, file.artist, file.album, file.genre = "Größe", "№1", "アルバム", "K-Pop"
        file.write(np.zeros(48_000))
    assert read_tags(path) == Tags("Größe", "№1", "アルバム", "K-Pop")


@pytest.mark.parametrize(
    "content", [b"", b"no song", b"ID3\3\0\0\x7f\x7f\x7f\x7fTIT2\x7f", b"fLaC\0"]
)
def test_damaged_tags_are_none_and_no_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    assert read_tags(path) == NONE
    assert read_tags(tmp_path / "absent.flac") == NONE


def test_a_tag_is_one_line_and_not_endless() -> None:
    assert clean(" a\r\n\tb\u3000c ") == "a b c"
    assert clean("x" * 10_000) == "x" * LONGEST
    assert clean(None) == clean("a\0b") == clean("caf\ufffd") == ""
    assert clean("👩\u200d🎤") == "👩\u200d🎤"  # a joiner is no control character
