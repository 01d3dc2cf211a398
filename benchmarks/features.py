"""What the features are worth, measured against people, against librosa and the standard.

    python -m benchmarks.features

Writes the table of docs/features.md. It needs the 50 annotated GTZAN clips (REAL_DATA, default
../shared/data) or the demo songs with their truth (`dvc repro`); each that is there is a column.
Takes about two minutes per thousand short songs. Of the further features it says how much better
three classifiers read genres with them, what they cost, and how far a low-pass moves them.
"""

import time
from collections.abc import Callable
from pathlib import Path

import joblib
import librosa
import numpy as np
import pandas as pd
import pyloudnorm
from scipy.signal import butter, sosfiltfilt
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import BaseCrossValidator, KFold, LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.tempo import Corpus, accuracy_1, accuracy_2, corpora
from song_mixtures.audio.decoding import read_clip
from song_mixtures.audio.extraction import (
    BASS_BINS,
    FEATURES,
    FURTHER_FEATURES,
    RATE,
    Samples,
    band_rises,
    bass_share,
    beat_strength,
    chroma,
    chroma_entropy,
    frames_of,
    integrated_loudness,
    mel_bands,
    power_spectra,
    song_features,
)

# Whom the two features ought to rank first: what people say of genres, decided beforehand.
ENERGETIC = ["metal", "rock", "pop", "disco", "hiphop"]
DANCEABLE = ["disco", "hiphop", "reggae", "pop"]

EIGHT = (*FEATURES, *FURTHER_FEATURES)
LOW_PASS = butter(10, 8000, fs=RATE, output="sos")
MOST_LEFT_OUT = 100  # songs, each left out once; more are left out in ten folds
READERS = {
    "nearest neighbours": KNeighborsClassifier(3),
    "LDA": LinearDiscriminantAnalysis(),
    "forest": RandomForestClassifier(200, random_state=0),
}


def measure(path: Path) -> dict[str, float]:
    """Return our features of one song, librosa's tempo, and pyloudnorm at the standard's rate."""
    samples = read_clip(path, seconds=30, min_seconds=3).samples
    features = song_features(samples)
    beat_track = float(np.squeeze(librosa.beat.beat_track(y=samples, sr=RATE)[0]))
    at_48k = librosa.resample(samples, orig_sr=RATE, target_sr=48_000)
    loudness = pyloudnorm.Meter(48_000, filter_class="DeMan").integrated_loudness(at_48k)
    own = {name: getattr(features, name) for name in EIGHT}
    muffled = song_features(sosfiltfilt(LOW_PASS, samples).astype(np.float32))
    own |= {f"muffled_{name}": getattr(muffled, name) for name in FURTHER_FEATURES}
    return own | {"beat_track": beat_track, "loudness_48k": float(loudness)}


def measured(corpus: Corpus) -> pd.DataFrame:
    """Return the songs of a corpus with what measure() gives."""
    jobs = [joblib.delayed(measure)(path) for path in corpus.songs["path"]]
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        rows = joblib.Parallel(n_jobs=-1, return_as="generator")(jobs)
        bar = tqdm(rows, desc=corpus.name, total=len(jobs), delay=2, disable=None)
        return corpus.songs.join(pd.DataFrame(list(bar)))


def tempo_accuracy(
    accuracy: Callable[[pd.Series, pd.Series], float], column: str
) -> Callable[[pd.DataFrame], str]:
    """Return the measure of an accuracy of the tempos in a column, with its standard error."""

    def measured_accuracy(songs: pd.DataFrame) -> str:
        share = accuracy(songs[column], songs["true_tempo"])
        return f"{share:.3f} ± {np.sqrt(share * (1 - share) / len(songs)):.3f}"

    return measured_accuracy


def mode_auc(songs: pd.DataFrame) -> str:
    """Return the chance that a song in major has the higher valence than one in minor."""
    known = songs[songs["true_mode"].notna()]
    auc = roc_auc_score(known["true_mode"] == "major", known["valence"])
    return f"{auc:.3f} ({len(known)} songs)"


def genre_auc(feature: str, genres: list[str]) -> Callable[[pd.DataFrame], str]:
    """Return the measure of how well a feature ranks some genres above the others."""
    return lambda songs: f"{roc_auc_score(songs['genre'].isin(genres), songs[feature]):.3f}"


def loudness_error(songs: pd.DataFrame) -> str:
    """Return the largest difference from pyloudnorm at 48 kHz [dB]."""
    return f"{(songs['loudness'] - songs['loudness_48k']).abs().max():.3f} dB"


def distinct_share(songs: pd.DataFrame, column: str) -> str:
    """Return how many different values a column has, over the songs; six digits count."""
    return f"{songs[column].map('{:.6g}'.format).nunique() / len(songs):.3f}"


def correlation_condition(features: tuple[str, ...]) -> Callable[[pd.DataFrame], str]:
    """Return the measure of the condition number of the features' correlation matrix."""
    return lambda songs: f"{np.linalg.cond(songs[list(features)].corr()):.1f}"


def genre_accuracy(features: tuple[str, ...]) -> Callable[[pd.DataFrame], str]:
    """Return the measure of how often each of READERS is right about a song that it has not seen.

    Each song is left out once, or a tenth of them; the mean over the three stands first.
    """

    def measured_accuracy(songs: pd.DataFrame) -> str:
        folds: BaseCrossValidator = KFold(10, shuffle=True, random_state=0)
        if len(songs) <= MOST_LEFT_OUT:
            folds = LeaveOneOut()
        shares = []
        for reader in READERS.values():
            model = make_pipeline(StandardScaler(), reader)
            said = cross_val_predict(model, songs[list(features)], songs["genre"], cv=folds)
            shares.append((said == songs["genre"]).mean())
        return f"{np.mean(shares):.2f} ({' / '.join(f'{share:.2f}' for share in shares)})"

    return measured_accuracy


def low_pass_shift(songs: pd.DataFrame) -> str:
    """Return how far a low-pass at 8 kHz moves each further feature at most [sd of the songs]."""
    shifts = [
        (songs[f"muffled_{name}"] - songs[name]).abs().max() / songs[name].std()
        for name in FURTHER_FEATURES
    ]
    return " / ".join(f"{shift:.2f}" for shift in shifts)


def further_cost(songs: pd.DataFrame) -> str:
    """Return what the further features add to the processor time of a clip's features."""
    paths = songs["path"].iloc[:: max(1, len(songs) // 4)].head(4)
    with threadpool_limits(1):
        clips = [read_clip(path, seconds=30, min_seconds=3).samples for path in paths]
        shares = [cost_share(samples) for samples in clips]
    return f"{np.mean(shares):.1%}"


def cost_share(samples: Samples) -> float:
    """Return the time of the further features over that of all, of what both begin with."""
    power = power_spectra(frames_of(samples))
    rises, pitch_classes = band_rises(mel_bands(power)), chroma(np.sqrt(power[::4]))

    def further() -> None:
        beat_strength(rises)
        chroma_entropy(pitch_classes)
        bass_share(power[:, :BASS_BINS].sum(axis=1), power.sum(axis=1))

    return least_time(further) / least_time(lambda: song_features(samples))


def least_time(work: Callable[[], object]) -> float:
    """Return the least processor time of ten runs [s]; other work on the machine only adds."""
    times = []
    for _ in range(10):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def determined(feature: str) -> Callable[[pd.DataFrame], str]:
    """Return the measure R² of a feature in a linear regression on the other four."""
    place = FEATURES.index(feature)
    return lambda songs: f"{1 - 1 / np.linalg.inv(songs[list(FEATURES)].corr())[place, place]:.2f}"


MEASURES: dict[str, Callable[[pd.DataFrame], str]] = {
    "tempo, Accuracy 1": tempo_accuracy(accuracy_1, "tempo"),
    "… of librosa beat_track, Accuracy 1": tempo_accuracy(accuracy_1, "beat_track"),
    "tempo, Accuracy 2": tempo_accuracy(accuracy_2, "tempo"),
    "… of librosa beat_track, Accuracy 2": tempo_accuracy(accuracy_2, "beat_track"),
    "distinct tempos / songs": lambda s: distinct_share(s, "tempo"),
    "… of librosa beat_track, distinct": lambda s: distinct_share(s, "beat_track"),
    "loudness, largest difference from pyloudnorm at 48 kHz": loudness_error,
    "valence tells major from minor, AUC": mode_auc,
    f"energy tells {', '.join(ENERGETIC)} from the rest, AUC": genre_auc("energy", ENERGETIC),
    f"danceability tells {', '.join(DANCEABLE)} from the rest, AUC": genre_auc(
        "danceability", DANCEABLE
    ),
    "condition number of the correlation matrix": correlation_condition(FEATURES),
} | {f"R² of {name} on the other four": determined(name) for name in FEATURES}
MEASURES |= {
    f"genres read from the five: mean ({' / '.join(READERS)})": genre_accuracy(FEATURES),
    f"… and from {', '.join(FURTHER_FEATURES)} besides": genre_accuracy(EIGHT),
    "condition number of these eight": correlation_condition(EIGHT),
    "shift of the three by a low-pass at 8 kHz, at most, in standard deviations": low_pass_shift,
    "what the three add to the processor time": further_cost,
}


def sine_reading() -> str:
    """Return what a full-scale sine of 997 Hz reads; the standard says -3.01 LUFS."""
    time = np.arange(10 * RATE) / RATE
    return f"{integrated_loudness(np.sin(2 * np.pi * 997 * time).astype(np.float32)):.3f} LUFS"


def main() -> None:
    """Measure every corpus that is there; print the table and put it into docs/features.md."""
    songs = {corpus.name: measured(corpus) for corpus in corpora()}
    rows = [[name, *map(measure_of, songs.values())] for name, measure_of in MEASURES.items()]
    rows.append(
        ["full-scale sine of 997 Hz; the standard says −3.01", *[sine_reading()] * len(songs)]
    )
    put_table(DOCS / "features.md", "features", markdown(["", *songs], rows))


if __name__ == "__main__":
    main()
