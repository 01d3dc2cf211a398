"""What a clip of 30 s costs, beside the feature set that GTZAN is usually described by.

    OMP_NUM_THREADS=1 python -m benchmarks.extraction_cost

Both read the same files in the same run on one thread; the least processor time counts, for other
work on the machine only ever adds. The other set is that of the 58-column table, by librosa with
its harmonic-percussive separation. Real clips where they are there (REAL_DATA), else made ones.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile
from threadpoolctl import threadpool_limits

from benchmarks._tables import DOCS, REAL_DATA, markdown, put_table
from song_mixtures.audio.decoding import read_clip
from song_mixtures.audio.extraction import (
    BLOCK,
    RATE,
    Samples,
    frames_of,
    integrated_loudness,
    power_spectra,
    song_features,
)

REAL_AUDIO = REAL_DATA / "gtzan_audio"
CLIPS = 4
OUR_REPEATS, THEIR_REPEATS = 10, 3


def made_clips(folder: Path) -> list[Path]:
    """Write noise bursts on the beat over a tone, 30 s each."""
    seconds = np.arange(30 * RATE) / RATE
    paths = [folder / f"{number}.flac" for number in range(CLIPS)]
    for number, path in enumerate(paths):
        noise = np.random.default_rng(number).standard_normal(len(seconds))
        burst = 0.3 * noise * np.exp(-20 * (seconds % (0.4 + 0.1 * number)))
        soundfile.write(path, 0.2 * np.sin(2 * np.pi * 220 * seconds) + burst, RATE)
    return paths


def five_features(path: Path) -> object:
    """Decode and extract, as the stage does."""
    return song_features(read_clip(path, seconds=30, min_seconds=3).samples)


def transform(samples: Samples) -> None:
    """Take the spectra, block by block as the stage does."""
    frames = frames_of(samples)
    for start in range(0, len(frames), BLOCK):
        power_spectra(frames[start : start + BLOCK])


def fifty_eight_columns(path: Path) -> object:
    """Decode with librosa and compute the means and variances of the 58-column table."""
    y, sr = librosa.load(path, sr=RATE)
    harmony, percussive = librosa.effects.hpss(y)
    curves = [
        librosa.feature.chroma_stft(y=y, sr=sr),
        librosa.feature.rms(y=y),
        librosa.feature.spectral_centroid(y=y, sr=sr),
        librosa.feature.spectral_bandwidth(y=y, sr=sr),
        librosa.feature.spectral_rolloff(y=y, sr=sr),
        librosa.feature.zero_crossing_rate(y),
        harmony,
        percussive,
        *librosa.feature.mfcc(y=y, sr=sr, n_mfcc=20),
    ]
    tempo, _ = librosa.beat.beat_track(y=y, sr=sr)
    return [tempo, *((curve.mean(), curve.var()) for curve in curves)]


def least_ms(work: Callable[[Path], object], paths: list[Path], repeats: int) -> float:
    """Return the mean over files of the least time of `repeats` runs [ms], after a warm-up."""
    work(paths[0])
    least = [min(timed_ms(work, path) for _ in range(repeats)) for path in paths]
    return float(np.mean(least))


def timed_ms(work: Callable[[Path], object], path: Path) -> float:
    """Return the processor time of one run [ms]."""
    start = time.process_time()
    work(path)
    return 1000 * (time.process_time() - start)


def costs_of_a_clip() -> tuple[float, dict[str, float]]:
    """Return the milliseconds that a clip takes: the 58 columns, and ours with its parts."""
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        real = sorted(REAL_AUDIO.glob("*/*.flac"))
        paths = real[:: max(1, len(real) // CLIPS)][:CLIPS] or made_clips(Path(folder))
        clips = {path: read_clip(path, seconds=30, min_seconds=3).samples for path in paths}
        parts: dict[str, Callable[[Path], object]] = {
            "the five features": five_features,
            "… of which decoding": lambda path: read_clip(path, seconds=30, min_seconds=3),
            "… of which loudness": lambda path: integrated_loudness(clips[path]),
            "… of which the transform": lambda path: transform(clips[path]),
        }
        costs = {name: least_ms(work, paths, OUR_REPEATS) for name, work in parts.items()}
        return least_ms(fifty_eight_columns, paths, THEIR_REPEATS), costs


def main() -> None:
    """Time both sets; print the table and put it into docs/features.md."""
    theirs, costs = costs_of_a_clip()
    rows = [[f"{name}, ms a clip", f"{cost:.1f}"] for name, cost in costs.items()]
    rows += [
        ["the 58 columns by librosa, ms a clip", f"{theirs:.0f}"],
        ["ratio (target: 15 or more)", f"{theirs / costs['the five features']:.1f}"],
    ]
    put_table(DOCS / "features.md", "extraction_cost", markdown(["", "one thread"], rows))


if __name__ == "__main__":
    main()
