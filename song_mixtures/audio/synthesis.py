"""From a recipe and a random generator to a song: its score, its samples and the truth about it.

Everything is in 4/4 on a grid of sixteenths, and a pattern of 16 steps is one bar. A recipe holds
numbers only (patterns too are numbers: the chance that a step sounds), so any two recipes can be
blended in any proportion. Tempo, mode, level and pulse strength are decided here and written
down; nothing is measured afterwards. The sound is additive synthesis with a drum kit of three;
all numbers in it are our choice. NumPy alone does it: SciPy's filters take longer to import, once
per process, than a hundred songs to make.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache, lru_cache

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from song_mixtures.pipeline.arrays import FloatArray

Steps = NDArray[np.intp]
SAMPLE_RATE = 22050  # Hz
STEPS = 16  # sixteenths in a bar
CHANCES = {".": 0.0, "o": 0.5, "x": 1.0}  # that a step of a pattern sounds
DRUMS = ("kick", "snare", "hat")
SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}  # semitones
# Scale degrees of the chords, one a bar, from 0. All begin on the tonic; the later ones of a row
# pass through the relative key, as many songs do, which blurs the mode.
PROGRESSIONS = {
    "major": ((0, 3, 4, 0), (0, 3, 0, 4), (0, 5, 3, 4), (0, 4, 5, 3)),
    "minor": ((0, 3, 4, 0), (0, 3, 0, 4), (0, 5, 2, 6), (0, 6, 5, 4)),
}
# How loud each sixteenth of a beat is played: everybody leans on the beat, which makes it heard.
ACCENTS = np.array([1.0, 0.5, 0.7, 0.5])
CHORD_TONE = 0.7  # share of the melody's notes that are taken from the chord
LOWEST = {"bass": 36, "chords": 60, "melody": 72}  # MIDI pitch: each voice has one octave
PERIOD = 2**13  # samples of a tone's period before it is read at its pitch
HARMONICS = 16  # of a tone, as many of them as lie below BAND
BAND = 0.45 * SAMPLE_RATE  # Hz
FADE = 0.01  # seconds, so that no note ends with a click
TAPE = 4000  # Hz: above it highs fall by 6 dB an octave, as in most recordings
CEILING = 3.5  # of the limiter, in units of the mix's RMS (10.9 dB)
HEADROOM = 0.1  # dB kept between the highest sample and full scale


@dataclass(frozen=True)
class Recipe:
    """What the songs of a genre have in common; every number is a mean around which they vary."""

    tempo_low: float  # BPM; tempos are uniform from low to high
    tempo_high: float
    major: float  # chance of a major key, 0 to 1
    third: float  # gain of a chord's third, 0 to 1 of its root's: low blurs the mode
    rolloff: float  # harmonic h of a note has amplitude h ** -rolloff: low is bright
    attack: float  # seconds until a note is at its loudest
    decay: float  # seconds in which a note then falls to 1/e
    drive: float  # distortion of the notes, tanh(drive * wave); 0 is clean
    drums: float  # RMS of the percussion over the RMS of the notes
    melody: float  # chance of a melody note on an eighth, 0 to 1
    swing: float  # delay of the off-beat eighths, in eighths, 0 to 1/3
    looseness: float  # standard deviation of the players' timing, seconds
    level: float  # dBFS: RMS, where a full-scale square wave has 0
    kick: FloatArray  # patterns: chance that each sixteenth of the bar sounds, (16,)
    snare: FloatArray
    hat: FloatArray
    bass: FloatArray
    chords: FloatArray


# How songs of one recipe differ, in every genre alike: the standard deviation of a number's
# logarithm (a zero stays zero), and of a number itself.
FACTORS = {"decay": 0.3, "drums": 0.25, "drive": 0.3, "looseness": 0.3}
OFFSETS = {"third": 0.2, "rolloff": 0.15, "melody": 0.1, "level": 1.7}
LIMITS = {"third": (0.0, 1.0), "rolloff": (0.2, 4.0), "melody": (0.0, 1.0), "level": (-60.0, 0.0)}


def pattern(bar: str) -> FloatArray:
    """Return the chance that each step of a bar sounds, (16,): x always, o in half of the songs."""
    return np.array([CHANCES[step] for step in bar])


def blend(first: Recipe, second: Recipe, share: float) -> Recipe:
    """Return (1 - share) of the first recipe plus share of the second, number by number."""
    return Recipe(
        **{
            field.name: (1 - share) * getattr(first, field.name)
            + share * getattr(second, field.name)
            for field in fields(Recipe)
        }
    )


def vary(recipe: Recipe, rng: Generator) -> Recipe:
    """Return the recipe of one song: the genre's, with every number a little off."""
    factors = {
        name: getattr(recipe, name) * np.exp(spread * rng.standard_normal())
        for name, spread in FACTORS.items()
    }
    offsets = {
        name: np.clip(getattr(recipe, name) + spread * rng.standard_normal(), *LIMITS[name])
        for name, spread in OFFSETS.items()
    }
    return replace(recipe, **factors, **offsets)


@dataclass(frozen=True)
class Harmony:
    """Key and chords of a song."""

    mode: str  # major or minor
    tonic: int  # pitch class, 0 is C
    progression: tuple[int, ...]  # scale degrees of the chords, one a bar

    def chord(self, step: int) -> tuple[int, int, int]:
        """Return root, third and fifth at a step of the song, in semitones above the tonic."""
        scale = SCALES[self.mode]
        degree = self.progression[step // STEPS % len(self.progression)]
        root, third, fifth = (scale[(degree + above) % 7] for above in (0, 2, 4))
        return root, third, fifth

    def pitch(self, voice: str, semitones: int) -> int:
        """Return the MIDI pitch, in the voice's octave, of a note so far above the tonic."""
        return LOWEST[voice] + (self.tonic + semitones) % 12


@dataclass(frozen=True)
class Note:
    """One note of a score."""

    start: float  # seconds
    voice: str  # bass, chords or melody
    pitch: int  # MIDI
    gain: float


@dataclass(frozen=True)
class Hit:
    """One stroke of a drum."""

    start: float  # seconds
    gain: float


@dataclass(frozen=True)
class Score:
    """What is played: a song before it sounds."""

    tempo: float  # BPM
    harmony: Harmony
    notes: list[Note]
    hits: dict[str, list[Hit]]  # for each of DRUMS


def step_times(tempo: float, swing: float, seconds: float) -> FloatArray:
    """Return when each sixteenth begins, in seconds, off-beat eighths delayed by the swing."""
    step = 60 / tempo / 4
    steps = np.arange(int(np.ceil(seconds / step)))
    times: FloatArray = step * (steps + 2 * swing * (steps % 4 == 2))
    return times[times < seconds]


def played_steps(chances: FloatArray, length: int, rng: Generator) -> Steps:
    """Return the steps of a song that sound: one bar is drawn, then repeated to the end."""
    bar = rng.random(STEPS) < chances
    return np.flatnonzero(np.resize(bar, length))


def harmonic_notes(
    harmony: Harmony, steps: dict[str, Steps], third: float, rng: Generator
) -> list[tuple[int, str, int, float]]:
    """Return step, voice, pitch and gain of every note, all on the scale of the song.

    Parameters
    ----------
    harmony : key and chords of the song
    steps : by voice, the sixteenths of the song on which it plays, from 0
    third : gain of a chord's third, 0 to 1 of its root's
    rng : draws the melody
    """
    notes = [
        (step, "bass", harmony.pitch("bass", harmony.chord(step)[0]), 1.0) for step in steps["bass"]
    ]
    for step in steps["chords"]:
        for semitones, gain in zip(harmony.chord(step), (1.0, third, 1.0), strict=True):
            notes.append((step, "chords", harmony.pitch("chords", semitones), 0.4 * gain))
    for step in steps["melody"]:
        choice: Sequence[int] = harmony.chord(step)
        choice = choice if rng.random() < CHORD_TONE else SCALES[harmony.mode]
        semitones = choice[int(rng.integers(len(choice)))]
        notes.append((step, "melody", harmony.pitch("melody", semitones), 0.5))
    return notes


def compose(recipe: Recipe, seconds: float, rng: Generator) -> Score:
    """Draw a song's tempo, key and chords, and write down what each player plays."""
    tempo = float(rng.uniform(recipe.tempo_low, recipe.tempo_high))
    mode = "major" if rng.random() < recipe.major else "minor"
    progression = PROGRESSIONS[mode][rng.integers(len(PROGRESSIONS[mode]))]
    harmony = Harmony(mode, int(rng.integers(12)), progression)
    grid = step_times(tempo, recipe.swing, seconds)
    steps = {
        part: played_steps(getattr(recipe, part), len(grid), rng)
        for part in (*DRUMS, "bass", "chords")
    }
    eighths = np.arange(0, len(grid), 2)
    steps["melody"] = eighths[rng.random(len(eighths)) < recipe.melody]
    # Each player is early or late on each step; the notes of a chord are struck together.
    times = {
        part: np.clip(grid + recipe.looseness * rng.standard_normal(len(grid)), 0, None)
        for part in steps
    }
    accents = np.resize(ACCENTS, len(grid))
    notes = [
        Note(float(times[voice][step]), voice, pitch, gain * accents[step])
        for step, voice, pitch, gain in harmonic_notes(harmony, steps, recipe.third, rng)
    ]
    hits = {
        drum: [Hit(float(times[drum][step]), accents[step]) for step in steps[drum]]
        for drum in DRUMS
    }
    return Score(tempo, harmony, notes, hits)


@dataclass(frozen=True)
class Voice:
    """How the notes of one voice sound."""

    lasting: float  # seconds from start to silence
    rolloff: float
    attack: float
    decay: float


def voices(recipe: Recipe, tempo: float) -> dict[str, Voice]:
    """Return the three voices: chords and melody sound alike, the bass is duller and shorter."""
    step = 60 / tempo / 4
    shape = (recipe.rolloff, recipe.attack, recipe.decay)
    return {
        "bass": Voice(3 * step, recipe.rolloff + 0.6, 0.006, 0.3),
        "chords": Voice(min(12 * step, 4 * recipe.decay + 0.2), *shape),
        "melody": Voice(4 * step, *shape),
    }


@cache
def _sines() -> FloatArray:
    """Return sin(2 pi h t / PERIOD), (HARMONICS, PERIOD), h from 1 and t from 0."""
    phases = np.outer(np.arange(1, HARMONICS + 1), np.arange(PERIOD)) % PERIOD
    return np.asarray(np.sin(2 * np.pi / PERIOD * phases))


@lru_cache(maxsize=32)
def period(harmonics: int, rolloff: float) -> FloatArray:
    """Return one period of a tone, (PERIOD,): sum over h of h^-rolloff sin(2 pi h t)."""
    return np.asarray(np.arange(1, harmonics + 1) ** -rolloff @ _sines()[:harmonics])


@lru_cache(maxsize=3)
def envelope(voice: Voice) -> FloatArray:
    """Return how loud a note is, (samples,), 0 to 1: the same at every pitch."""
    times = np.arange(int(voice.lasting * SAMPLE_RATE)) / SAMPLE_RATE
    rise = np.minimum(times / voice.attack, 1)
    fall = np.exp(np.minimum(voice.attack - times, 0) / voice.decay)
    end = np.minimum((voice.lasting - times) / FADE, 1)
    return np.asarray(rise * fall * end)


def tone(pitch: int, voice: Voice) -> FloatArray:
    """Return one note, (samples,): sum over h of h^-rolloff sin(2 pi h f t), in its envelope."""
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    loudness = envelope(voice)
    steps = np.arange(len(loudness), dtype=float) * (PERIOD * frequency / SAMPLE_RATE)
    wave = period(min(HARMONICS, int(BAND / frequency)), voice.rolloff)
    return np.asarray(wave[steps.astype(np.int64) & (PERIOD - 1)] * loudness)


@cache
def _drums() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return what is the same in all songs: kick, tone of the snare, decay of snare and hat."""
    times = np.arange(int(0.2 * SAMPLE_RATE)) / SAMPLE_RATE
    kick_phase = 50 * times + 40 * (1 - np.exp(-30 * times)) / 30  # from 90 Hz down to 50 Hz
    kick = np.sin(2 * np.pi * kick_phase) * np.exp(-18 * times)
    snare = 0.25 * np.sin(2 * np.pi * 190 * times)
    return kick, snare, np.exp(-22 * times), np.exp(-70 * times)


def drum_kit(rng: Generator) -> dict[str, FloatArray]:
    """Return a song's drums, (samples,) each: a falling sine, noise over a tone, high noise."""
    kick, snare, snare_decay, hat_decay = _drums()
    noise = rng.standard_normal(len(kick))
    return {
        "kick": kick,
        "snare": (0.35 * noise + snare) * snare_decay,
        "hat": 0.15 * np.diff(noise, prepend=0) * hat_decay,
    }


def place(track: FloatArray, sound: FloatArray, start: float, gain: float) -> None:
    """Add a sound to a track; what would outlast the track is cut.

    Parameters
    ----------
    track : samples, (n,), changed in place
    sound : samples, (m,)
    start : where in the track the sound begins, in seconds, 0 or more
    gain : factor of the sound, 0 or more
    """
    first = round(start * SAMPLE_RATE)
    heard = sound[: max(len(track) - first, 0)]
    track[first : first + len(heard)] += gain * heard


def rms(track: FloatArray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(track @ track / len(track)))


def render_notes(score: Score, recipe: Recipe, length: int) -> FloatArray:
    """Return the track of the notes, (length,), distorted, at an RMS of 1."""
    voice_of = voices(recipe, score.tempo)
    played = {(note.pitch, note.voice) for note in score.notes}
    sounds = {(pitch, voice): tone(pitch, voice_of[voice]) for pitch, voice in played}
    track = np.zeros(length)
    for note in score.notes:
        place(track, sounds[note.pitch, note.voice], note.start, note.gain)
    if recipe.drive > 0:
        track *= recipe.drive / rms(track)
        np.tanh(track, out=track)
    track /= rms(track)
    return track


def render_drums(score: Score, length: int, rng: Generator) -> FloatArray:
    """Return the track of the percussion, (length,), at an RMS of 1, or silent without a hit."""
    track = np.zeros(length)
    for drum, sound in drum_kit(rng).items():
        for hit in score.hits[drum]:
            place(track, sound, hit.start, hit.gain)
    track /= rms(track) or 1
    return track


def low_passed(track: FloatArray, cutoff: float) -> FloatArray:
    """Return the track, (n,), through a Butterworth low-pass of first order, cutoff in Hz.

    y(t) = p y(t - 1) + (1 - p) / 2 (x(t) + x(t - 1)), the bilinear transform of 1 / (1 + s / w), is
    what the product of (1 + p^k z^-k) over k = 1, 2, 4, 8, 16 gives up to p^32 (1e-21 at 4 kHz).
    """
    slope = np.tan(np.pi * cutoff / SAMPLE_RATE)
    pole = (1 - slope) / (1 + slope)
    passed = (1 - pole) / 2 * track
    passed[1:] += passed[:-1].copy()
    for lag in (1, 2, 4, 8, 16):
        passed[lag:] += pole**lag * passed[:-lag]
    return passed


def master(mix: FloatArray, level: float) -> tuple[FloatArray, float]:
    """Return the mix as it is published, within -1..1, and its RMS level in dBFS.

    The level is the one asked for, or the highest that keeps every sample below full scale.
    """
    samples = low_passed(mix, TAPE)
    samples /= rms(samples) * CEILING
    np.tanh(samples, out=samples)
    samples /= rms(samples)
    level = float(min(level, -20 * np.log10(max(samples.max(), -samples.min())) - HEADROOM))
    samples *= 10 ** (level / 20)
    return samples, level


@dataclass(frozen=True)
class Song:
    """A song that sounds, and what is true of it."""

    samples: FloatArray  # (seconds * SAMPLE_RATE,), within -1..1
    score: Score
    level: float  # dBFS
    pulse_strength: float  # energy of the percussion over that of percussion and notes, 0 to 1


def make_song(recipe: Recipe, seconds: float, rng: Generator) -> Song:
    """Make one song after a recipe."""
    recipe = vary(recipe, rng)
    score = compose(recipe, seconds, rng)
    length = round(seconds * SAMPLE_RATE)
    mix = render_notes(score, recipe, length)
    drums = render_drums(score, length, rng)
    drums *= recipe.drums
    energy = rms(drums) ** 2
    mix += drums
    samples, level = master(mix, recipe.level)
    return Song(samples, score, level, pulse_strength=energy / (energy + 1))
