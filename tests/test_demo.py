"""The demo songs against what is true of them by construction."""

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.signal import butter, lfilter

from song_mixtures.audio.recipes import RECIPES
from song_mixtures.audio.synthesis import (
    ACCENTS,
    PROGRESSIONS,
    SAMPLE_RATE,
    SCALES,
    STEPS,
    TAPE,
    Harmony,
    Recipe,
    Score,
    Song,
    Voice,
    blend,
    compose,
    drum_kit,
    low_passed,
    make_song,
    master,
    pattern,
    render_drums,
    rms,
    step_times,
    tone,
    vary,
)
from song_mixtures.compute.parallel import Compute
from stages import demo as stage
from stages.demo import Demo, is_hybrid, rounded, song_numbers, summarize, write_songs

GENRES = [
    "blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock",
]  # fmt: skip
PATTERNS = ("kick", "snare", "hat", "bass", "chords")
SMALL = Demo(n_songs=20, seconds=4.0, hybrid_songs_share=0.5, seed=3)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def song_of(genre: str, seed: int = 0, seconds: float = 4.0) -> Song:
    return make_song(RECIPES[genre], seconds, generator(seed))


def score_of(genre: str, seed: int = 0) -> Score:
    return compose(RECIPES[genre], 8.0, generator(seed))


def digests(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*.flac")
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("made")
    return folder, write_songs(SMALL, folder, Compute(n_jobs=1))


# ---- recipes


def test_every_genre_of_gtzan_has_a_recipe() -> None:
    assert list(RECIPES) == GENRES


@pytest.mark.parametrize("genre", GENRES)
def test_a_recipe_stays_within_the_ranges_its_fields_state(genre: str) -> None:
    recipe = RECIPES[genre]
    assert 40 < recipe.tempo_low < recipe.tempo_high < 200
    for chance in (recipe.major, recipe.third, recipe.melody):
        assert 0 <= chance <= 1
    assert 0 <= recipe.swing <= 1 / 3
    assert recipe.level < 0
    for name in PATTERNS:
        assert getattr(recipe, name).shape == (STEPS,)
    # Something sounds in every bar of every song and hybrid: no track of notes is ever silent.
    assert recipe.bass[0] == 1


def test_a_pattern_is_the_chance_of_each_step() -> None:
    assert pattern("x.o.").tolist() == [1.0, 0.0, 0.5, 0.0]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_lies_between_its_recipes_in_every_number(share: float) -> None:
    jazz, metal = RECIPES["jazz"], RECIPES["metal"]
    mixed = blend(jazz, metal, share)
    for field in fields(Recipe):
        expected = (1 - share) * getattr(jazz, field.name) + share * getattr(metal, field.name)
        np.testing.assert_allclose(getattr(mixed, field.name), expected, rtol=1e-12)


def test_songs_of_one_recipe_differ_around_it() -> None:
    recipe = RECIPES["rock"]
    songs = [vary(recipe, generator(seed)) for seed in range(400)]
    levels = [song.level for song in songs]
    assert np.mean(levels) == pytest.approx(recipe.level, abs=float(4 * np.std(levels) / 20))
    assert len({song.drums for song in songs}) == 400
    assert vary(RECIPES["classical"], generator()).drums == 0


# ---- scores


def test_steps_are_sixteenths_of_the_tempo() -> None:
    np.testing.assert_allclose(step_times(120, 0, 1), np.arange(8) * 0.125)


def test_swing_delays_the_off_beat_eighths_only() -> None:
    late = step_times(120, 0.2, 2) - step_times(120, 0, 2)
    np.testing.assert_allclose(late, np.tile([0, 0, 0.2 * 0.25, 0], 4), atol=1e-12)


@pytest.mark.parametrize("genre", GENRES)
def test_the_tempo_is_the_recipes(genre: str) -> None:
    tempos = [score_of(genre, seed).tempo for seed in range(20)]
    assert min(tempos) >= RECIPES[genre].tempo_low
    assert max(tempos) <= RECIPES[genre].tempo_high
    assert len(set(tempos)) == 20


def test_drums_are_hit_on_the_grid_of_the_stated_tempo() -> None:
    recipe = replace(RECIPES["disco"], looseness=0.0, kick=pattern("x...x...x...x..."))
    score = compose(recipe, 8.0, generator())
    beats = np.arange(0, 8, 60 / score.tempo)
    np.testing.assert_allclose([hit.start for hit in score.hits["kick"]], beats, atol=1e-9)


def test_players_are_as_loose_as_the_recipe_says() -> None:
    recipe = replace(RECIPES["disco"], looseness=0.01, hat=pattern("x" * STEPS))
    score = compose(recipe, 60.0, generator())
    late = [hit.start for hit in score.hits["hat"]] - step_times(score.tempo, 0, 60.0)
    assert np.std(late) == pytest.approx(0.01, rel=0.15)
    assert np.mean(late) == pytest.approx(0, abs=0.002)


def test_a_pattern_repeats_every_bar_with_the_accents_on_the_beat() -> None:
    score = compose(replace(RECIPES["pop"], hat=pattern("x" * STEPS)), 8.0, generator())
    gains = [hit.gain for hit in score.hits["hat"]]
    assert gains == np.resize(ACCENTS, len(gains)).tolist()


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_note_belongs_to_the_scale_of_the_stated_mode(genre: str, seed: int) -> None:
    score = score_of(genre, seed)
    scale = {(score.harmony.tonic + step) % 12 for step in SCALES[score.harmony.mode]}
    assert score.notes
    assert {note.pitch % 12 for note in score.notes} <= scale


def test_major_and_minor_come_as_often_as_the_recipe_says() -> None:
    modes = [score_of("metal", seed).harmony.mode for seed in range(200)]
    share = modes.count("major") / 200
    assert share == pytest.approx(RECIPES["metal"].major, abs=4 * np.sqrt(0.25 / 200))


def test_a_chord_is_root_third_and_fifth_of_its_degree() -> None:
    assert Harmony("major", 0, (0, 4)).chord(0) == (0, 4, 7)
    assert Harmony("minor", 0, (0, 4)).chord(0) == (0, 3, 7)
    assert Harmony("major", 0, (0, 4)).chord(STEPS) == (7, 11, 2)  # the second bar: G in C major


def test_every_progression_begins_on_the_tonic() -> None:
    assert {chords[0] for row in PROGRESSIONS.values() for chords in row} == {0}


# ---- samples


def test_a_tone_has_its_pitch_and_its_harmonics() -> None:
    note = tone(69, Voice(lasting=1.0, rolloff=1.0, attack=1e-4, decay=1e4))
    spectrum = np.abs(np.fft.rfft(note * np.hanning(len(note))))  # a bin is 1 Hz
    fundamental, third = spectrum[430:451].max(), spectrum[1310:1331].max()
    assert spectrum.argmax() == 440
    assert fundamental / third == pytest.approx(3, rel=0.02)


def test_percussion_sounds_where_the_score_says() -> None:
    recipe = replace(
        RECIPES["disco"], looseness=0.0, hat=pattern("." * STEPS), snare=pattern("." * STEPS)
    )
    score = compose(recipe, 4.0, generator())
    track = np.abs(render_drums(score, 4 * SAMPLE_RATE, generator()))
    starts = [round(hit.start * SAMPLE_RATE) for hit in score.hits["kick"]]
    assert len(starts) == len(np.arange(0, 4, 60 / score.tempo))
    for start in starts[1:]:
        # A kick falls by 60 dB within 0.4 s, so the samples just before the next are the quietest.
        assert track[start - 50 : start].max() < 0.05 * track[start : start + 400].max()


def test_the_drum_kit_goes_from_low_to_high() -> None:
    def center(sound: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        return float((power * np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)).sum() / power.sum())

    kit = drum_kit(generator())
    assert center(kit["kick"]) < 100 < 1000 < center(kit["snare"]) < center(kit["hat"])


@pytest.mark.parametrize("genre", GENRES)
def test_a_song_has_its_level_and_does_not_clip(genre: str) -> None:
    song = song_of(genre)
    assert 20 * np.log10(rms(song.samples)) == pytest.approx(song.level, abs=1e-6)
    assert np.abs(song.samples).max() < 1


def test_the_tape_is_a_butterworth_filter_of_first_order() -> None:
    noise = generator().standard_normal(SAMPLE_RATE)
    expected = lfilter(*butter(1, TAPE, fs=SAMPLE_RATE), noise)
    np.testing.assert_allclose(low_passed(noise, TAPE), expected, rtol=0, atol=1e-13)


def test_a_level_that_would_clip_is_lowered_to_what_fits() -> None:
    mix = generator().standard_normal(SAMPLE_RATE)
    samples, level = master(mix, 0.0)
    assert level < 0
    assert np.abs(samples).max() == pytest.approx(10 ** (-0.1 / 20))
    assert 20 * np.log10(rms(samples)) == pytest.approx(level)


def test_pulse_strength_is_the_percussions_share_of_energy() -> None:
    # vary() is the first to draw: the same generator gives the drums of the song's own recipe.
    drums = vary(RECIPES["rock"], generator(5)).drums
    assert song_of("rock", 5).pulse_strength == pytest.approx(drums**2 / (1 + drums**2))
    assert song_of("classical").pulse_strength == 0


def test_distortion_makes_a_song_brighter() -> None:
    def center(drive: float) -> float:
        recipe = replace(RECIPES["rock"], drive=drive, drums=0.0)
        power = np.abs(np.fft.rfft(make_song(recipe, 4.0, generator()).samples)) ** 2
        return float((power * np.arange(len(power))).sum() / power.sum())

    assert center(0.5) < center(2.0) < center(8.0)


# ---- files


@pytest.mark.parametrize("level", [-12.0, -20.0, -35.0])
def test_rounding_stays_38_to_44_db_below_the_song(level: float) -> None:
    samples = generator().uniform(-1, 1, 50_000)
    samples *= 10 ** (level / 20) / rms(samples)
    noise = rounded(samples, level) / 2**15 - samples
    assert 38 <= level - 20 * np.log10(rms(noise)) <= 44.1


def test_files_hold_what_the_table_says(made: tuple[Path, pd.DataFrame]) -> None:
    folder, truths = made
    for truth in truths.itertuples():
        samples, rate = soundfile.read(folder / str(truth.filename))
        assert (rate, samples.shape) == (SAMPLE_RATE, (round(SMALL.seconds * SAMPLE_RATE),))
        assert 20 * np.log10(rms(samples)) == pytest.approx(truth.level, abs=0.1)
        assert np.abs(samples).max() < 1


def test_filenames_are_gtzans(made: tuple[Path, pd.DataFrame]) -> None:
    folder, truths = made
    assert truths["filename"].tolist() == [
        f"{genre}/{genre}.{number:05d}.flac" for genre in GENRES for number in (0, 1)
    ]
    assert sorted(digests(folder)) == truths["filename"].tolist()


def test_one_worker_or_two_and_again_give_the_same_bytes(
    made: tuple[Path, pd.DataFrame], tmp_path: Path
) -> None:
    folder, truths = made
    again = write_songs(SMALL, tmp_path, Compute(n_jobs=2))
    pd.testing.assert_frame_equal(again, truths)
    assert digests(tmp_path) == digests(folder)


def test_a_song_does_not_depend_on_how_many_there_are(
    made: tuple[Path, pd.DataFrame], tmp_path: Path
) -> None:
    folder, truths = made
    fewer = write_songs(replace(SMALL, n_songs=10), tmp_path, Compute(n_jobs=1))
    kept = truths[truths["filename"].isin(fewer["filename"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(fewer, kept)
    assert digests(tmp_path).items() <= digests(folder).items()


def test_another_seed_gives_other_songs(made: tuple[Path, pd.DataFrame], tmp_path: Path) -> None:
    folder, truths = made
    others = write_songs(replace(SMALL, n_songs=10, seed=4), tmp_path, Compute(n_jobs=1))
    assert not set(others["tempo"]) & set(truths["tempo"])
    assert not set(digests(tmp_path).values()) & set(digests(folder).values())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.29, 1 / 3, 1.0])
@pytest.mark.parametrize("n_songs", [10, 30, 1000])
def test_hybrids_are_exactly_the_share_asked_for(n_songs: int, share: float) -> None:
    hybrids = [genre for genre, number in song_numbers(n_songs) if is_hybrid(genre, number, share)]
    assert len(hybrids) == int(n_songs * share + 0.5)
    counts = [hybrids.count(genre) for genre in GENRES]
    assert max(counts) - min(counts) <= 1


def test_hybrids_have_two_genres_and_pure_songs_one(made: tuple[Path, pd.DataFrame]) -> None:
    _, truths = made
    hybrids, pure = truths[truths["hybrid_share"] > 0], truths[truths["hybrid_share"] == 0]
    assert len(hybrids) == SMALL.n_songs * SMALL.hybrid_songs_share
    assert set(hybrids["second_genre"]) <= set(GENRES)
    assert (hybrids["second_genre"] != hybrids["genre"]).all()
    assert hybrids["hybrid_share"].between(stage.LEAST_SHARE, stage.LARGEST_SHARE).all()
    assert (pure["second_genre"] == "").all()


@pytest.mark.parametrize("n_songs", [10, 25, 1000])
def test_genres_share_the_songs_evenly(n_songs: int) -> None:
    counts = pd.Series([genre for genre, _ in song_numbers(n_songs)]).value_counts()
    assert counts.sum() == n_songs
    assert counts.max() - counts.min() <= 1
    assert len(counts) == 10


def test_metrics_are_counted_by_hand() -> None:
    truths = pd.DataFrame(
        {
            "tempo": [100.0, 140.0],
            "mode": ["major", "minor"],
            "level": [-20.0, -10.0],
            "pulse_strength": [0.5, 0.1],
            "hybrid_share": [0.0, 0.4],
        }
    )
    assert summarize(truths, 3_000_000) == {
        "songs_count": 2,
        "hybrids_count": 1,
        "major_share": 0.5,
        "mean_tempo_bpm": 120.0,
        "mean_level_dbfs": -15.0,
        "mean_pulse_strength_share": pytest.approx(0.3),
        "audio_mb": 3.0,
    }


def test_the_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "songs"
    folder.mkdir()
    (folder / "old").touch()

    def interrupted() -> None:
        with stage.atomic_write_folder(folder) as temporary:
            (temporary / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [file.name for file in tmp_path.rglob("*")] == ["songs", "old"]
    with stage.atomic_write_folder(folder) as temporary:
        (temporary / "new").touch()
    assert [file.name for file in tmp_path.rglob("*")] == ["songs", "new"]


def test_the_stage_writes_songs_truth_and_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(
        "demo:\n  n_songs: 10\n  seconds: 4\n  hybrid_songs_share: 0.1\n  seed: 42\n"
        "compute:\n  n_jobs: -1\n  backend: loky\n  scheduler: null\n"
    )
    stage.main()
    truths = pd.read_csv("data/raw/demo_truth.csv", keep_default_na=False)
    assert truths.columns.tolist() == [field.name for field in fields(stage.Truth)]
    assert sorted(digests(Path("data/raw/demo_audio"))) == truths["filename"].tolist()
    assert Path("metrics/demo.json").is_file()
