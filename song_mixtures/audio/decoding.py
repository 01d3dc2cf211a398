"""Decoding an audio file to mono samples at RATE."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from song_mixtures.audio.extraction import RATE, Samples
from song_mixtures.audio.memory import keep_freed_memory

# A damaged header can claim any rate, and with it any number of samples to make room for.
SLOWEST_RATE, FASTEST_RATE = 2_000, 400_000  # Hz
# Full scale is 1. A mix may go some decibels beyond it in a file of floats; 40 dB are another unit,
# such as 16-bit numbers that were never divided, and loudness would be off by them.
FAR_BEYOND_FULL_SCALE = 100


class UnusableError(Exception):
    """A file from which no clip can be had; the message says why and names no path."""


@dataclass(frozen=True)
class Clip:
    """What is analyzed of a file, and what had to be done to get it."""

    samples: Samples  # (n,), mono at RATE
    duration: float  # s, of the whole file
    cut: bool  # the file is longer than the clip
    mixed_down: bool  # from two channels or more
    resampled: bool  # from another rate


def read_clip(path: Path, *, seconds: float, min_seconds: float) -> Clip:
    """Decode the middle `seconds` of a file (all of a shorter one), mix down, resample.

    The middle, for a song's beginning and end are the least like the song. Channels are averaged.
    Raises UnusableError where the file does not decode or less than `min_seconds` of it do.
    """
    keep_freed_memory()
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            rate, frames = file.samplerate, file.frames
            if not SLOWEST_RATE <= rate <= FASTEST_RATE:
                raise UnusableError(f"does not decode: a sampling rate of {rate} Hz")
            wanted = round(seconds * rate)
            file.seek(max(0, (frames - wanted) // 2))
            channels = file.read(wanted, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        # What libsndfile says of an .mp3 without a frame of MPEG, and path leads to a file.
        absent = "possibly a pipe" in error.error_string
        reason = "no audio in it" if absent else error.error_string.rstrip(".")
        raise UnusableError(f"does not decode: {reason}") from None
    if len(channels) < min_seconds * rate:
        length = f"{len(channels) / rate:.2f} s"
        raise UnusableError(f"too short: {length}, at least {min_seconds:g} s are needed")
    mono = mixed_down(channels)
    if not max(mono.max(), -mono.min()) < FAR_BEYOND_FULL_SCALE:  # so NaN is refused, too
        raise UnusableError(
            "does not decode: samples that are no numbers, or 40 dB or more above full scale"
        )
    if rate != RATE:
        mono = resampled(mono, rate)
    return Clip(
        samples=mono,
        duration=frames / rate,
        cut=frames > wanted,
        mixed_down=channels.shape[1] > 1,
        resampled=rate != RATE,
    )


def mixed_down(channels: Samples) -> Samples:
    """Return the mean of channels (n, c), (n,).

    They are added one by one: along an axis of two, mean() takes as long as decoding an MP3.
    """
    first, *others = channels.T
    return np.asarray(sum(others, start=first) / np.float32(1 + len(others)) if others else first)


def resampled(mono: Samples, rate: int) -> Samples:
    """Return samples at RATE, as many as they last, rounded up.

    The same numbers as librosa.resample(res_type="soxr_hq"), whose import takes a second.
    """
    samples: Samples = soxr.resample(mono, rate, RATE, quality="soxr_hq")
    length = int(np.ceil(len(mono) * (RATE / rate)))
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
