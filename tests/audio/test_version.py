"""The version of the features is counted up with every change that moves one of them."""

import numpy as np
import pytest

from song_mixtures.audio.decoding import resampled
from song_mixtures.audio.extraction import FEATURES, FURTHER_FEATURES, Samples, song_features
from song_mixtures.audio.version import FEATURES_VERSION, made_by, seconds_of

MEASURED = (*FEATURES, *FURTHER_FEATURES)


def clip(beat: float, pitch: float, noise: float) -> Samples:
    """Return 6 s at 32 kHz, resampled: a chord with bursts of noise on the beat."""
    seconds = np.arange(6 * 32_000) / 32_000
    chord = sum(np.sin(2 * np.pi * pitch * ratio * seconds) for ratio in (1, 5 / 4, 3 / 2))
    burst = np.random.default_rng(0).standard_normal(len(seconds)) * np.exp(-20 * (seconds % beat))
    return resampled((0.1 * chord + noise * burst).astype(np.float32), 32_000)


# By version 1. What differs here is another making: count FEATURES_VERSION up, and put in what the
# new code measures. Then no song is placed among songs that were measured by the old code.
FOUND = {
    (0.5, 220.0, 0.3): [
        120.012, 0.198094, -17.4486, 0.863747, 0.750925, 1.41778, 0.65839, -26.2321,
    ],
    (0.4, 330.0, 0.05): [
        149.882, 0.153146, -18.8744, 0.870404, 0.703044, 1.14865, 0.515625, -40.9062,
    ],
    (0.7, 110.0, 0.6): [
        85.5324, 0.0826009, -15.6166, 0.873546, 0.758469, 1.5854, 0.706774, -3.78943,
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", FOUND, ids=str)
def test_this_version_measures_what_it_measured(kind: tuple[float, float, float]) -> None:
    found = song_features(clip(*kind))
    measured = [getattr(found, name) for name in MEASURED]
    assert measured == pytest.approx(FOUND[kind], rel=1e-4), FEATURES_VERSION


def test_what_extract_writes_of_itself_can_be_read_again() -> None:
    assert made_by(30) == f"extract {FEATURES_VERSION}, 30 s"
    for seconds in (3, 7.5, 30, 600):
        assert seconds_of(made_by(seconds)) == seconds
    assert seconds_of("") is None
