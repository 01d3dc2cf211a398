"""How often a tempo is right, and how often its reading in another octave is.

    python -m benchmarks.tempo        half a minute

Accuracy 1 and Accuracy 2 are those of Gouyon et al. (2006). The table of docs/features.md is about
the second reading: whether one of the two is right, and what its share is worth as a probability.
It needs the 50 annotated GTZAN clips (REAL_DATA, default ../shared/data) or the demo songs with
their truth (`dvc repro`); each that is there is a column.

Gouyon, Klapuri, Dixon, Alonso, Tzanetakis, Uhle & Cano 2006, An Experimental Comparison of Audio
Tempo Induction Algorithms, IEEE Transactions on Audio, Speech, and Language Processing 14(5).
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit

from benchmarks._tables import DOCS, REAL_DATA, ROOT, markdown, put_table
from song_mixtures.audio.decoding import read_clip
from song_mixtures.audio.extraction import READING_EXPONENT, song_features
from song_mixtures.pipeline.arrays import BoolArray, FloatArray

REAL_AUDIO = REAL_DATA / "gtzan_audio"
DEMO_AUDIO = ROOT / "data/raw/demo_audio"
DEMO_TRUTH = ROOT / "data/raw/demo_truth.csv"

TOLERANCE = 0.04  # of the true tempo
METRICAL_LEVELS = (1, 2, 3, 1 / 2, 1 / 3)  # times the true tempo


# ---- the songs whose tempo is known


@dataclass(frozen=True)
class Corpus:
    """Songs with columns path, genre, true_tempo [BPM], true_mode (empty: not known)."""

    name: str
    songs: pd.DataFrame


def real_corpus() -> Corpus:
    """Return the 50 clips with the tempo and mode that people heard."""
    songs = pd.read_csv(REAL_AUDIO / "annotations.csv")
    paths = [REAL_AUDIO / g / f for g, f in zip(songs["genre"], songs["filename"], strict=True)]
    truth = songs.rename(columns={"tempo_bpm": "true_tempo", "mode": "true_mode"})
    return Corpus(f"{len(songs)} GTZAN clips", truth.assign(path=paths))


def demo_corpus() -> Corpus:
    """Return the demo songs with the tempo and mode they were made from."""
    songs = pd.read_csv(DEMO_TRUTH).rename(columns={"tempo": "true_tempo", "mode": "true_mode"})
    paths = [DEMO_AUDIO / name for name in songs["filename"]]
    return Corpus(f"{len(songs)} demo songs", songs.assign(path=paths))


def corpora() -> list[Corpus]:
    """Return those of the two that are there; ends the program where neither is."""
    sources = {REAL_AUDIO: real_corpus, DEMO_TRUTH: demo_corpus}
    found = [corpus() for path, corpus in sources.items() if path.exists()]
    if not found:
        sys.exit(f"neither {' nor '.join(map(str, sources))} is there: nothing to measure on")
    return found


# ---- the tempo


def is_right(found: pd.Series, true: pd.Series) -> pd.Series:
    """Tell which tempos lie within 4 % of the true one; both in BPM."""
    return np.abs(found / true - 1) <= TOLERANCE


def is_right_in_an_octave(found: pd.Series, true: pd.Series) -> pd.Series:
    """Tell which lie within 4 % of the true one, twice, three times, half or a third of it."""
    return pd.concat([is_right(found, level * true) for level in METRICAL_LEVELS], axis=1).any(
        axis=1
    )


def accuracy_1(found: pd.Series, true: pd.Series) -> float:
    """Return the share of tempos within 4 % of the true one, 0 to 1; both in BPM."""
    return float(is_right(found, true).mean())


def accuracy_2(found: pd.Series, true: pd.Series) -> float:
    """Return the share of tempos within 4 % of the true one, twice, three times, half or a third.

    From 0 to 1, both in BPM: the octave errors of tempo count as right.
    """
    return float(is_right_in_an_octave(found, true).mean())


# ---- its reading in another octave


def readings(path: Path) -> dict[str, float]:
    """Return tempo, tempo_other and tempo_other_share of one song."""
    found = song_features(read_clip(path, seconds=30, min_seconds=3).samples)
    return {name: getattr(found, name) for name in ("tempo", "tempo_other", "tempo_other_share")}


def exponent(log_ratio: FloatArray, right: BoolArray) -> float:
    """Return the exponent under which it is likeliest that these readings are `right`, (n,).

    `log_ratio`, (n,), 0 or less, is of the two scores; the share is expit(exponent * log_ratio).
    """

    def surprise(a: float) -> float:
        share = expit(a * log_ratio)
        return -float(np.log(np.where(right, share, 1 - share)).sum())

    return float(minimize_scalar(surprise, bounds=(0.1, 20), method="bounded").x)


def without_each(log_ratio: FloatArray, right: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return share and base rate of each song, (n,), as all the others have them."""
    rest = ~np.eye(len(right), dtype=bool)
    exponents = np.array([exponent(log_ratio[others], right[others]) for others in rest])
    return expit(exponents * log_ratio), np.array([right[others].mean() for others in rest])


def figures(songs: pd.DataFrame) -> dict[str, str]:
    """Return what the second reading is worth, of songs with readings() and true_tempo."""
    true = songs["true_tempo"]
    counted = is_right_in_an_octave(songs["tempo"], true)
    right = is_right(songs["tempo_other"], true).to_numpy()
    either = (is_right(songs["tempo"], true) | right)[counted]
    share = songs["tempo_other_share"].to_numpy()
    log_ratio = logit(np.maximum(share, 1e-9)) / READING_EXPONENT

    def brier(stated: FloatArray | float) -> FloatArray:
        return np.asarray((stated - right) ** 2)

    apart, base_rate = map(brier, without_each(log_ratio, right))
    gain = base_rate - apart
    return {
        "songs that Accuracy 2 counts": str(counted.sum()),
        "… of which one of the two readings is right": f"{either.mean():.3f}",
        "the other reading is right, share of all songs": f"{right.mean():.3f}",
        "… by the mean of tempo_other_share": f"{share.mean():.3f}",
        "Brier score of tempo_other_share": f"{brier(share).mean():.4f}",
        "… of the base rate for all": f"{brier(right.mean()).mean():.4f}",
        "exponent, by maximum likelihood": f"{exponent(log_ratio, right):.2f}",
        "Brier score, exponent from the other songs": f"{apart.mean():.4f}",
        "… of the base rate of the other songs": f"{base_rate.mean():.4f}",
        "… their difference": f"{gain.mean():.4f} ± {gain.std(ddof=1) / len(gain) ** 0.5:.4f}",
    }


def measured(corpus: Corpus) -> pd.DataFrame:
    """Return the songs of a corpus with their readings."""
    jobs = [joblib.delayed(readings)(path) for path in corpus.songs["path"]]
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        return corpus.songs.join(pd.DataFrame(joblib.Parallel(n_jobs=-1)(jobs)))


def main() -> None:
    """Measure every corpus that is there; print the table and put it into docs/features.md."""
    found = {corpus.name: figures(measured(corpus)) for corpus in corpora()}
    names = next(iter(found.values()))
    rows = [[name, *(of_corpus[name] for of_corpus in found.values())] for name in names]
    put_table(DOCS / "features.md", "tempo", markdown(["", *found], rows))


if __name__ == "__main__":
    main()
