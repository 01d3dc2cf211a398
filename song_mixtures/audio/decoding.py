"""Audio files: finding them below a folder, and decoding one to mono samples at RATE."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile

from song_mixtures.audio.extraction import RATE, Samples
from song_mixtures.pipeline.stage import StageError

SUFFIXES = (".wav", ".au", ".flac", ".ogg", ".mp3")  # in any case
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


def find_audio(folder: Path) -> list[Path]:
    """Return every audio file below `folder`, at any depth, sorted by path.

    Names that begin with a dot are hidden and left out (`._song.wav` is no audio). Links to
    folders are followed, after all plain folders; no folder is read twice, so that links may run
    in circles. Raises StageError where there is no such folder or no audio in it.
    """
    if not folder.is_dir():
        raise StageError(f"{folder} is not a folder; input.audio in params.yaml names it")
    found, seen, pending = [], set(), deque([folder])
    while pending:
        here = pending.popleft()
        if here.resolve() in seen:
            continue
        seen.add(here.resolve())
        for entry in sorted(here.iterdir()):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                (pending.append if entry.is_symlink() else pending.appendleft)(entry)
            elif entry.suffix.lower() in SUFFIXES:
                found.append(entry)
    if not found:
        raise StageError(f"{folder} holds no audio: no file below it ends in {', '.join(SUFFIXES)}")
    return sorted(found)


def song_name(path: Path, folder: Path) -> str:
    """Return the path below `folder` with forward slashes; a byte that is no UTF-8 is escaped."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def read_clip(path: Path, *, seconds: float, min_seconds: float) -> Clip:
    """Decode the middle `seconds` of a file (all of a shorter one), mix down, resample.

    The middle, for a song's beginning and end are the least like the song. Channels are averaged.
    Raises UnusableError where the file does not decode or less than `min_seconds` of it do.
    """
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
    mono = channels.mean(axis=1)
    if not np.abs(mono).max() < FAR_BEYOND_FULL_SCALE:  # so NaN is refused, too
        raise UnusableError(
            "does not decode: samples that are no numbers, or 40 dB or more above full scale"
        )
    if rate != RATE:
        mono = librosa.resample(mono, orig_sr=rate, target_sr=RATE, res_type="soxr_hq")
    return Clip(
        samples=mono,
        duration=frames / rate,
        cut=frames > wanted,
        mixed_down=channels.shape[1] > 1,
        resampled=rate != RATE,
    )
