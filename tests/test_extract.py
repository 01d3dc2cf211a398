"""Any folder of audio gives a table of songs, and what cannot be used is listed with its reason."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from joblib.externals.loky.process_executor import TerminatedWorkerError

from song_mixtures.audio.decoding import UnusableError, mixed_down, read_clip
from song_mixtures.audio.extraction import RATE, Samples
from song_mixtures.audio.folder import find_audio, song_name
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import StageError
from stages import extract
from tests.conftest import ROOT

PARAMS = """
input:
  audio:
    - songs
  exclude: []
  table: elsewhere.csv
compute:
  n_jobs: -1
  backend: loky
  scheduler: null
extract:
  seconds: 30
  min_seconds: 3
  max_seconds: 3600
  genre: auto
  max_rejected_share: 0.9
"""


def music(seconds: float = 4.0, rate: int = RATE, seed: int = 0, bpm: float = 120) -> Samples:
    """Return a tone with noise bursts on the beat; every seed is another song."""
    rng = np.random.default_rng(seed)
    time_axis = np.arange(round(seconds * rate)) / rate
    tone = 0.1 * np.sin(2 * np.pi * (220 + 20 * seed) * time_axis)
    pulse = np.exp(-(time_axis % (60 / bpm)) * 30)
    samples: Samples = (tone + 0.3 * pulse * rng.standard_normal(len(tone))).astype(np.float32)
    return samples


def put(path: Path, samples: Any = None, rate: int = RATE, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, music() if samples is None else samples, rate, **how)
    return path


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty project with a folder `songs`, and run in it."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    Path("songs").mkdir()
    return Path("songs")


def extracted() -> tuple[pd.DataFrame, dict[str, str], dict[str, float]]:
    """Run the stage; return its songs, reasons by file, and metrics."""
    extract.main()
    names = ["filename", "name", "genre", *extract.TAGS]
    table = pd.read_csv(extract.SONGS, dtype=dict.fromkeys(names, str))
    rejected = pd.read_csv(extract.REJECTED, dtype=str)
    reasons = dict(zip(rejected["filename"], rejected["reason"], strict=True))
    return table, reasons, json.loads(extract.METRICS.read_text())


# ---- what is found


def test_gtzans_layout_in_wav_and_au(songs: Path) -> None:
    put(songs / "rock/rock.00001.wav", music(seed=1))
    put(songs / "blues/blues.00000.au", music(seed=2), subtype="PCM_16")
    table, reasons, metrics = extracted()
    assert list(table) == [
        "filename", "name", "genre", *extract.TAGS, *extract.MEASURED, "duration",
        "features_made_by",
    ]  # fmt: skip
    assert list(table["filename"]) == ["blues/blues.00000.au", "rock/rock.00001.wav"]
    assert list(table["genre"]) == ["blues", "rock"]
    assert list(table["duration"]) == [4.0, 4.0]
    assert set(table["features_made_by"]) == {"extract 1, 30 s"}
    assert not reasons
    assert metrics == {
        "songs_count": 2,
        "rejected_count": 0,
        "rejected_share": 0.0,
        "excluded_count": 0,
        "too_long_count": 0,
        "titled_count": 0,
        "genres_count": 2,
        "cut_count": 0,
        "mixed_down_count": 0,
        "resampled_count": 0,
    }


@pytest.mark.parametrize(
    ("suffix", "how"),
    [
        *[(suffix, {}) for suffix in ("wav", "au", "flac", "ogg", "mp3", "WAV", "Flac", "caf")],
        *[(suffix, {"format": "AIFF"}) for suffix in ("aiff", "aif", "AIFC")],
        *[(suffix, {"format": suffix.upper()}) for suffix in ("w64", "rf64")],
        ("snd", {"format": "AU"}),
        ("oga", {"format": "OGG"}),
        ("opus", {"format": "OGG", "subtype": "OPUS", "rate": 48_000}),
    ],
)
def test_every_format_in_any_case(songs: Path, suffix: str, how: dict[str, Any]) -> None:
    put(songs / f"a.{suffix}", music(8, how.get("rate", RATE)), **how)
    table, _, _ = extracted()
    assert table["tempo"].item() == pytest.approx(120, rel=0.01)
    assert table["duration"].item() == pytest.approx(8, abs=0.1)


def test_a_flat_folder_knows_no_genres(songs: Path) -> None:
    put(songs / "a.wav")
    table, _, metrics = extracted()
    assert table["genre"].isna().all()
    assert metrics["genres_count"] == 0


def test_genre_is_the_parent_folder_at_any_depth(songs: Path) -> None:
    put(songs / "a.wav", music(seed=1))
    put(songs / "genres_original/jazz/b.wav", music(seed=2))
    table, _, _ = extracted()
    assert table["genre"].fillna("").tolist() == ["", "jazz"]
    assert table["filename"].tolist() == ["a.wav", "genres_original/jazz/b.wav"]


def test_same_name_in_two_folders_unicode_blanks_and_commas(songs: Path) -> None:
    names = ["a b/01 – Größe, №1.wav", "x/same.wav", "y/same.wav", "Ümlaut/日本語.flac"]
    for seed, name in enumerate(names):
        put(songs / name, music(seed=seed))
    table, _, _ = extracted()
    assert sorted(table["filename"]) == sorted(names)
    assert set(table["genre"]) == {"a b", "x", "y", "Ümlaut"}


def test_a_name_that_is_no_utf8_is_escaped(songs: Path) -> None:
    put(songs / "good.wav").rename(os.fsdecode(b"songs/b\xffd.wav"))
    table, _, _ = extracted()
    assert table["filename"].tolist() == ["b\\xffd.wav"]


def test_links_to_folders_are_followed_and_circles_end(songs: Path, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere/jazz/b.wav", music(seed=2))
    put(songs / "rock/a.wav", music(seed=1))
    (songs / "jazz").symlink_to(tmp_path / "elsewhere/jazz")
    (songs / "rock/back").symlink_to(songs.resolve())
    (songs / "all_again").symlink_to(songs.resolve() / "rock")
    found = [song_name(path, songs) for path in find_audio(songs)]
    assert found == ["jazz/b.wav", "rock/a.wav"]


def test_every_file_that_looks_like_audio_is_in_one_table(songs: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("[]", "[books/]").replace("3600", "6"))
    for seed, name in enumerate(["a.wav", "b.OPUS", "books/c.flac", "long.mp3", "both.wav"]):
        how = {"format": "OGG", "subtype": "OPUS"} if name == "b.OPUS" else {}
        put(songs / name, music(8 if "long" in name else 4, 48_000, seed), 48_000, **how)
    put(songs / "long_and_silent.wav", np.zeros(8 * RATE))
    for name in ("._a.wav", "both.m4a", "it's.M4A", "d.wma", "e.mid", "f.ape", "g.flac", "h.txt"):
        (songs / name).write_bytes(b"none that decodes")
    table, reasons, metrics = extracted()
    excluded = pd.read_csv(extract.EXCLUDED).set_index("filename")["reason"].to_dict()
    assert list(table["filename"]) == ["a.wav", "b.OPUS", "both.wav"]
    assert set(reasons) == {"it's.M4A", "d.wma", "e.mid", "f.ape", "g.flac"}
    assert "`ffmpeg -i 'songs/it'\"'\"'s.M4A' -vn 'songs/it'\"'\"'s.flac'`" in reasons["it's.M4A"]
    assert excluded == {
        "._a.wav": "hidden: its name begins with a dot",
        "books/c.flac": "matches input.exclude: books/",
        "both.m4a": "converted: both.wav stands beside it",
        "long.mp3": "longer than extract.max_seconds: 8 s, at most 6 s are taken",
        "long_and_silent.wav": "longer than extract.max_seconds: 8 s, at most 6 s are taken",
    }
    counts = [metrics[f"{name}_count"] for name in ("songs", "rejected", "excluded", "too_long")]
    assert counts == [3, 5, 5, 2]
    assert metrics["rejected_share"] == 5 / 8


def test_the_run_says_what_is_left_out_and_which_pattern_matches_nothing(
    songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("params.yaml").write_text(PARAMS.replace("[]", "[books/, boks/]").replace("0.9", "1"))
    put(songs / "a.wav")
    for name in ("a.m4b", "b.wma", "c.wma", "books/d.wav"):
        (songs / name).parent.mkdir(exist_ok=True)
        (songs / name).write_bytes(b"no audio")
    extract.main()
    lines = [line.partition(": ")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines[0].startswith("rejected, .wma is not decoded: 2 files, the first b.wma (")
    assert lines[1:3] == [
        "excluded, converted: 1 file, a.m4b (a.wav stands beside it)",
        "excluded, matches input.exclude: 1 file, books/d.wav (books/)",
    ]
    assert lines[3] == "warning: input.exclude: boks/ matches no file below songs"


def test_a_folder_of_which_everything_is_excluded_is_an_error(songs: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("[]", "['*', '!*.mid']"))
    put(songs / "a.wav")
    with pytest.raises(StageError, match="every file is excluded, and no song is left"):
        extract.main()


def test_a_pattern_that_is_none_is_refused(songs: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("[]", "['!']"))
    put(songs / "a.wav")
    with pytest.raises(StageError, match=r"input\.exclude in params\.yaml: .* of \.gitignore"):
        extract.main()


def tagged(path: Path, title: str, artist: str, genre: str, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for tag, text in (("title", title), ("artist", artist), ("genre", genre)):
            if text:
                setattr(file, tag, text)
        file.album = "album"
        file.write(music(seed=seed))


def test_tags_travel_and_name_the_song(songs: Path) -> None:
    tagged(songs / "歌/disc1/a.flac", "木綿のハンカチーフ", "太田裕美", "歌謡曲", 1)
    tagged(songs / "歌/disc1/b.ogg", "Für Elise, No. 25", "", "Classical", 2)
    put(songs / "歌/disc1/c.wav", music(seed=3))
    table, _, metrics = extracted()
    names = ["太田裕美 – 木綿のハンカチーフ", "Für Elise, No. 25", "歌/disc1/c.wav"]
    assert table["name"].tolist() == names
    assert table["genre"].fillna("").tolist() == ["歌謡曲", "Classical", ""]
    assert table["album"].fillna("").tolist() == ["album", "album", ""]
    assert (metrics["titled_count"], metrics["genres_count"]) == (2, 2)


@pytest.mark.parametrize(
    ("asked", "genres"),
    [
        ("auto", ["", "pop", "pop"]),  # one of three has a tag
        ("folder", ["", "pop", "pop"]),
        ("tag", ["", "", "Rock"]),
        ("none", ["", "", ""]),
    ],
)
def test_the_genre_is_from_where_the_parameter_says(
    songs: Path, asked: str, genres: list[str]
) -> None:
    Path("params.yaml").write_text(PARAMS.replace("auto", asked))
    put(songs / "pop/a.wav", music(seed=1))
    put(songs / "pop/b.wav", music(seed=2))
    tagged(songs / "pop/CD 1/c.flac", "", "", "Rock")
    table, _, _ = extracted()
    assert sorted(table["genre"].fillna("")) == sorted(genres)


@pytest.mark.parametrize("name", ["disc1", "CD 2", "Disk_02", "Vol. 3", "Side A", "2", "part-10"])
def test_a_part_of_a_record_is_no_genre(name: str) -> None:
    assert extract.genre_of(Path("songs/album") / name / "a.wav", Path("songs")) == ""


@pytest.mark.parametrize("name", ["disco", "80s", "cdr", "d", "sidewinder", "volume", "hiphop"])
def test_a_name_like_a_part_of_a_record_may_be_a_genre(name: str) -> None:
    assert extract.genre_of(Path("songs") / name / "a.wav", Path("songs")) == name


def test_no_folder_and_no_audio_are_errors(songs: Path) -> None:
    with pytest.raises(StageError, match=r"songs holds no audio: no file below it ends in \.wav"):
        extract.main()
    songs.rmdir()
    with pytest.raises(StageError, match=r"songs is not a folder; input\.audio in params\.yaml"):
        extract.main()


# ---- what is taken of a file


def test_the_middle_of_a_long_file_is_analyzed(tmp_path: Path) -> None:
    samples = np.concatenate([np.full(5 * 8000, 0.1), music(4, 8000), np.full(5 * 8000, 0.1)])
    path = put(tmp_path / "long.wav", samples, 8000, subtype="FLOAT")
    clip = read_clip(path, seconds=4, min_seconds=3)
    whole = read_clip(
        put(tmp_path / "middle.wav", music(4, 8000), 8000, subtype="FLOAT"),
        seconds=4,
        min_seconds=3,
    )
    np.testing.assert_array_equal(clip.samples, whole.samples)
    assert (clip.cut, whole.cut) == (True, False)
    assert clip.duration == 14


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000, 96_000])
def test_other_rates_are_resampled(tmp_path: Path, rate: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * rate) / rate)
    clip = read_clip(put(tmp_path / "a.wav", tone, rate), seconds=30, min_seconds=3)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
    assert clip.resampled
    assert len(clip.samples) == pytest.approx(4 * RATE, abs=1)
    inner = slice(RATE, 3 * RATE)  # away from the filter's ends
    np.testing.assert_allclose(clip.samples[inner], expected[inner], atol=2e-3)


def test_48_khz_stereo_is_the_mean_of_its_channels(tmp_path: Path) -> None:
    left, right = music(4, 48_000, seed=1), music(4, 48_000, seed=2)
    stereo = put(tmp_path / "s.wav", np.stack([left, right], axis=1), 48_000, subtype="FLOAT")
    mono = put(tmp_path / "m.wav", (left + right) / 2, 48_000, subtype="FLOAT")
    clips = [read_clip(path, seconds=30, min_seconds=3) for path in (stereo, mono)]
    np.testing.assert_allclose(clips[0].samples, clips[1].samples, atol=1e-6)
    assert [clip.mixed_down for clip in clips] == [True, False]


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_a_mix_is_the_mean_of_all_channels(count: int) -> None:
    channels = np.stack([music(4, RATE, seed=seed) for seed in range(count)], axis=1)
    channels = channels.astype(np.float32)
    np.testing.assert_array_equal(mixed_down(channels), channels.mean(axis=1))


def test_full_scale_clipping_is_no_obstacle(songs: Path) -> None:
    put(songs / "a.wav", np.clip(20 * music(6), -1, 1))
    table, _, _ = extracted()
    assert table["loudness"].item() > -6
    assert table["tempo"].item() == pytest.approx(120, rel=0.01)


# ---- what cannot be used


def test_every_unusable_file_is_listed_with_its_reason(songs: Path) -> None:
    put(songs / "good.wav")
    (songs / "empty.wav").write_bytes(b"")
    (songs / "text.wav").write_text("This is not a song.\n" * 500)
    (songs / "text.mp3").write_text("This is not a song.\n" * 500)
    whole = put(songs / "whole.wav", music(seed=1)).read_bytes()
    (songs / "whole.wav").rename(songs / "z.wav")
    (songs / "header.wav").write_bytes(whole[:20])
    whole = put(songs / "whole.flac", music(seed=2)).read_bytes()
    (songs / "whole.flac").unlink()
    (songs / "torn.flac").write_bytes(whole[:60])
    put(songs / "short.wav", music(0.1))
    put(songs / "silent.wav", np.zeros(5 * RATE))
    put(songs / "steady.wav", 0.5 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE))
    put(songs / "nan.wav", np.full(5 * RATE, np.nan), subtype="FLOAT")
    (songs / "nowhere.wav").symlink_to("gone.wav")
    os.mkfifo(songs / "pipe.wav")

    table, reasons, metrics = extracted()
    assert table["filename"].tolist() == ["good.wav", "z.wav"]
    not_a_file = "cannot be read: not a file, or a link that leads nowhere"
    undecodable = [n for n, reason in reasons.items() if reason.startswith("does not decode: ")]
    assert undecodable == [
        "empty.wav", "header.wav", "nan.wav", "text.mp3", "text.wav", "torn.flac",
    ]  # fmt: skip
    assert {name: reason for name, reason in reasons.items() if name not in undecodable} == {
        "nowhere.wav": not_a_file,
        "pipe.wav": not_a_file,
        "short.wav": "too short: 0.10 s, at least 3 s are needed",
        "silent.wav": "silent: no 400 ms of it reach -70 LUFS",
        "steady.wav": "steady: no onset in it, so it has no tempo",
    }
    assert (metrics["songs_count"], metrics["rejected_count"]) == (2, 11)
    assert metrics["rejected_share"] == pytest.approx(11 / 13)


def test_an_mp3_without_mpeg_data_is_not_called_absent(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("This is not a song.\n" * 500)
    with pytest.raises(UnusableError, match=r"^does not decode: no audio in it$"):
        read_clip(tmp_path / "a.mp3", seconds=30, min_seconds=3)


@pytest.mark.parametrize(("decibels", "taken"), [(20, True), (41, False), (100, False)])
def test_floats_far_above_full_scale_are_refused(
    tmp_path: Path, decibels: float, taken: bool
) -> None:
    song = np.clip(20 * music(4), -1, 1) * 10 ** (decibels / 20)
    path = put(tmp_path / "a.wav", song, subtype="FLOAT")
    with nullcontext() if taken else pytest.raises(UnusableError, match="40 dB or more above full"):
        read_clip(path, seconds=30, min_seconds=3)


def test_an_unreadable_file_is_listed(songs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(songs / "good.wav")
    put(songs / "locked.wav")
    plain_open = Path.open

    def guarded(path: Path, *args: Any, **how: Any) -> Any:  # root may read everything
        if path.name == "locked.wav":
            raise PermissionError(13, "Permission denied", str(path))
        return plain_open(path, *args, **how)

    monkeypatch.setattr(Path, "open", guarded)
    _, reasons, _ = extracted()
    assert reasons == {"locked.wav": "cannot be read: Permission denied"}


def test_a_rate_beyond_reason_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", rate=2_000_000)
    with pytest.raises(UnusableError, match="a sampling rate of 2000000 Hz"):
        read_clip(path, seconds=30, min_seconds=3)


def test_too_many_rejected_are_an_error_that_lists_them(songs: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("0.9", "0.25"))
    for seed in range(3):
        put(songs / f"{seed}.wav", music(seed=seed))
    (songs / "bad.wav").write_text("no")
    assert extracted()[2]["rejected_share"] == 0.25
    (songs / "worse.wav").write_text("neither")
    with pytest.raises(StageError, match=r"2 of 5 files cannot be used \(0\.4\); .* allows 0\.25"):
        extract.main()
    assert pd.read_csv(extract.REJECTED)["filename"].tolist() == ["bad.wav", "worse.wav"]


def test_no_usable_song_at_all_is_an_error(songs: Path) -> None:
    Path("params.yaml").write_text(PARAMS.replace("0.9", "1"))
    put(songs / "a.wav", np.zeros(5 * RATE))
    with pytest.raises(StageError, match=r"1 of 1 files cannot be used .* the first is a\.wav"):
        extract.main()


@pytest.mark.usefixtures("songs")
def test_min_seconds_must_not_exceed_seconds() -> None:
    Path("params.yaml").write_text(PARAMS.replace("min_seconds: 3", "min_seconds: 40"))
    with pytest.raises(StageError, match="extract: min_seconds 40 exceeds seconds 30"):
        read_params("extract", extract.Extract)


# ---- the cache


def test_finished_clips_are_not_computed_again(
    songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in range(6):
        put(songs / f"{seed}.wav", music(seed=seed))
    computed: list[Path] = []
    compute = extract.fresh_outcome

    def counted(path: Path, parameters: extract.Extract) -> extract.Outcome:
        if len(computed) == 4:
            raise KeyboardInterrupt
        computed.append(path)
        return compute(path, parameters)

    monkeypatch.setattr(extract, "fresh_outcome", counted)
    with pytest.raises(KeyboardInterrupt):
        extract.main()
    assert not extract.SONGS.exists()
    computed.clear()
    (songs / "5.wav").rename(songs / "renamed.wav")
    table, _, _ = extracted()
    assert [path.name for path in computed] == ["4.wav", "renamed.wav"]
    assert "; 4 of 6 files known from data/cache/extract\n" in capsys.readouterr().err
    computed.clear()
    again, _, _ = extracted()
    assert not computed
    assert "; 6 of 6 files known from data/cache/extract\n" in capsys.readouterr().err
    pd.testing.assert_frame_equal(again, table)


def test_content_parameters_and_extractor_decide_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, same, other = (put(tmp_path / f"{n}.wav", music(seed=n)) for n in (1, 1, 2))
    parameters = extract.Extract(30, 3, 3600, "auto", 0.1)
    version = extract.extractor_version()
    key = extract.clip_key(path, parameters, version)
    assert extract.clip_key(same, parameters, version) == key
    assert extract.clip_key(path, extract.Extract(30, 3, None, "tag", 0.5), version) == key
    changed_source = tmp_path / "audio_files.py"
    changed_source.write_text(extract.SOURCES[0].read_text() + "# changed\n")
    monkeypatch.setattr(extract, "SOURCES", (changed_source, *extract.SOURCES[1:]))
    others = [
        extract.clip_key(other, parameters, version),
        extract.clip_key(path, extract.Extract(29, 3, 3600, "auto", 0.1), version),
        extract.clip_key(path, extract.Extract(30, 4, 3600, "auto", 0.1), version),
        extract.clip_key(path, parameters, extract.extractor_version()),
    ]
    assert len({key, *others}) == 5


@pytest.mark.parametrize("damage", ["", "{", "\x00" * 80])
def test_a_damaged_cache_entry_is_computed_again(songs: Path, damage: str) -> None:
    put(songs / "a.wav")
    table, _, _ = extracted()
    (entry,) = extract.CACHE.rglob("*.json")
    entry.write_text(damage)
    pd.testing.assert_frame_equal(extracted()[0], table)


# ---- the run


def run_stage(**environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.extract"],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_output_is_identical_for_any_number_of_workers(songs: Path) -> None:
    for seed in range(2 * extract.SONGS_PER_WORKER + 1):
        put(songs / f"{seed % 3}/{seed}.wav", music(3, seed=seed))
    (songs / "1/bad.wav").write_text("no")
    written = []
    for workers in ("1", "3"):
        for entry in extract.CACHE.rglob("*.json"):
            entry.unlink()
        stage = run_stage(LOKY_MAX_CPU_COUNT=workers)
        _, said = stage.communicate(timeout=120)
        assert stage.returncode == 0, said
        files = (extract.SONGS, extract.REJECTED, extract.METRICS)
        written.append([path.read_bytes() for path in files])
    assert written[0] == written[1]


def test_an_interrupted_run_ends_clean_and_goes_on_where_it_was(songs: Path) -> None:
    song = music(30)
    for number in range(60):
        put(songs / f"{number}.wav", song * (1 - number / 100))
    stage = run_stage(LOKY_MAX_CPU_COUNT="1")
    deadline = time.monotonic() + 60
    while len(list(extract.CACHE.rglob("*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    stage.send_signal(signal.SIGINT)
    _, said = stage.communicate(timeout=60)
    assert stage.returncode == 130, said
    assert "Traceback" not in said
    assert "extract: interrupted" in said
    done = {path: path.stat().st_mtime_ns for path in extract.CACHE.rglob("*.json")}
    assert 3 <= len(done) < 60
    assert not extract.SONGS.exists()
    stage = run_stage()
    _, said = stage.communicate(timeout=120)
    assert stage.returncode == 0, said
    assert all(path.stat().st_mtime_ns == written for path, written in done.items())
    assert len(pd.read_csv(extract.SONGS)) == 60


def test_a_killed_worker_is_told_in_a_sentence(
    songs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> Any:
        raise TerminatedWorkerError("killed")

    put(songs / "a.wav")
    monkeypatch.setattr(extract, "with_bar", killed)
    with pytest.raises(StageError, match="a worker process was killed"):
        extract.main()
