"""Name the songs to look at: near-duplicates, songs that belong nowhere, labels that look wrong.

All of it is said by models that have not seen the song: a mixture for its density, a forest for its
genre. What is named is a reason to listen, and no song is left out for it; each kind has a rate at
which it names songs that nothing is wrong with, see docs/method.md. Songs go by their rows here, so
that another name fits nothing again; stage uncertainty writes them with their names.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import best_fit
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import Range, read_param, read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.sampling.rows import sampled_rows
from song_mixtures.songs.scaling import Scaling
from song_mixtures.suspects.duplicates import Pairs, near_duplicates
from song_mixtures.suspects.kinds import DUPLICATE, LABEL, NOWHERE, rows
from song_mixtures.suspects.labels import Read, read_genres
from song_mixtures.suspects.strangers import fitted_folds, folds_of, out_of_fold

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
K_SWEEP = Path("data/processed/k_sweep.csv")  # from k_sweep
SWEEP = Path("models/sweep.json")  # from k_sweep, in the order of that table
SUSPECTS = Path("data/processed/suspects.csv")
OUT_OF_FOLD = Path("data/processed/out_of_fold.csv")
DENSITIES = Path("models/out_of_fold_densities.json")
METRICS = Path("metrics/suspects.json")

# Of the simulated songs' log-densities a new song is judged by: 1 % and less to their last digit.
LEVELS = np.geomspace(1e-5, 1, 501)


@dataclass(frozen=True)
class Suspects:
    """What makes a song one to look at."""

    folds: Annotated[int, Range(2, 20)]
    sample_above: Annotated[int, Range(1000)]  # songs; of more, folds are made of a sample
    chance_pairs: Annotated[float, Range(above=0)]  # near-duplicates that chance makes
    nowhere_below: Annotated[float, Range(0, 1)]  # p-value
    label_lead: Annotated[float, Range(0, 1)]  # probability of another genre less that of its own
    forest_songs: Annotated[int, Range(100)]  # of a larger table a sample is read
    seed: Annotated[int, Range(0, 2**32 - 1)]


def duplicate_rows(pairs: Pairs) -> pd.DataFrame:
    """Return a row per pair; the score is how many pairs so close chance makes in the table."""
    reasons = [
        f"chance makes {expected:.2g} pairs so close" if expected else "equal in every feature"
        for expected in pairs.expected
    ]
    return rows(DUPLICATE, pairs.second, pairs.expected, reasons, pairs.first)


def nowhere_rows(p_values: FloatArray, below: float) -> pd.DataFrame:
    """Return a row per song that belongs nowhere; the score is the p-value."""
    found = np.flatnonzero(p_values < below)
    reasons = [
        f"of songs drawn from a mixture fitted without it only {p:.2%} lie as far out"
        for p in p_values[found]
    ]
    return rows(NOWHERE, found, p_values[found], reasons)


def label_rows(read: Read, row_numbers: IntArray, lead: float) -> pd.DataFrame:
    """Return a row per song that reads as another genre; the score is 1 less the other's lead.

    Parameters
    ----------
    read : what forests that have not seen them say of songs
    row_numbers : of these songs, (N,)
    lead : of the likeliest genre over the song's own, 0 to 1
    """
    own, best = read.of_own(), read.probabilities.max(axis=1)
    found = np.flatnonzero(best - own > lead)
    predicted = read.genres[read.predicted()]
    reasons = [
        f"reads as {predicted[i]} ({best[i]:.0%}), as {read.genres[read.own[i]]} {own[i]:.0%}"
        for i in found
    ]
    return rows(LABEL, row_numbers[found], 1 - (best - own)[found], reasons)


def known_genres(songs: pd.DataFrame, most: int, seed: int) -> pd.Series:
    """Return the genres of songs that have one, by their rows, at most so many, sampled."""
    if "genre" not in songs:
        return pd.Series([], dtype="str")
    known = songs.loc[songs["genre"] != "", "genre"]
    return known.iloc[sampled_rows(len(known), most, seed)]


def genre_scores(read: Read) -> dict[str, float]:
    """Return how well the features tell the genres, for the metrics."""
    found = read.scores()
    return {
        "genre_accuracy_share": found["accuracy_share"],
        "genre_ari": found["ari"],
        "genre_nmi": found["nmi"],
    }


def summarize(suspects: pd.DataFrame, p_values: FloatArray, params: Suspects) -> dict[str, float]:
    """Return the stage's metrics, of the genres apart."""
    counts = suspects["kind"].value_counts().reindex((DUPLICATE, NOWHERE, LABEL), fill_value=0)
    pairs = suspects[suspects["kind"] == DUPLICATE]
    return {
        "equal_pairs_count": int((pairs["score"] == 0).sum()),
        "near_duplicate_pairs_count": int(counts[DUPLICATE]),
        "near_duplicate_pairs_by_chance": params.chance_pairs,
        "belongs_nowhere_count": int(counts[NOWHERE]),
        "belongs_nowhere_by_chance": params.nowhere_below * len(p_values),
        "label_looks_wrong_count": int(counts[LABEL]),
    }


def outcome(metrics: dict[str, float]) -> str:
    """Return the line that says what came out."""
    said = (
        f"{metrics['near_duplicate_pairs_count']} pairs of near-duplicates "
        f"({metrics['equal_pairs_count']} equal), {metrics['belongs_nowhere_count']} songs belong "
        f"nowhere ({metrics['belongs_nowhere_by_chance']:.0f} by chance)"
    )
    if "genre_accuracy_share" not in metrics:
        return f"{said}; no genres to read"
    return (
        f"{said}, {metrics['label_looks_wrong_count']} labels look wrong; the features read "
        f"{metrics['genre_accuracy_share']:.0%} of genres (ARI {metrics['genre_ari']:.3f})"
    )


def main() -> None:
    """Read songs and sweep, write which songs to look at and why."""
    tables = read_params("tables", Tables)
    params = read_params("suspects", Suspects)
    compute = read_params("compute", Compute)
    recipe = read_params("mixture", MixtureParams)
    short_runs, carried_on = (
        read_param("refits", key, Annotated[int, Range(1)]) for key in ("short_runs", "carried_on")
    )
    recipe = recipe.with_fewer_runs(short_runs, carried_on, params.seed)
    scaling = Scaling.from_json(read_json(SCALING))
    songs = tables.read(FEATURES_SELECTED)
    points = scaling.standardize(songs)
    best = best_fit(tables.read(K_SWEEP), "bic")
    mixture = Mixture.from_json(read_json(SWEEP)["mixtures"][best.name])

    left_out = folds_of(len(songs), params.folds, params.sample_above, params.seed)
    kind = int(best["k"]), best["covariance_type"]
    genres = known_genres(songs, params.forest_songs, params.seed)
    known, read = genres.index.to_numpy(), None
    with ThreadPoolExecutor(1) as aside:  # fits leave Python's lock to the forests
        fits = aside.submit(lambda: list(fitted_folds(points, left_out, kind, recipe, compute)))
        if genres.nunique() > 1:
            read = read_genres(points[known], genres.to_numpy(str), params.folds, params.seed)
        folds = fits.result()
    p_values = out_of_fold(points, left_out, folds)
    found = [
        duplicate_rows(near_duplicates(points, mixture, params.chance_pairs)),
        nowhere_rows(p_values, params.nowhere_below),
    ]
    seen = pd.DataFrame({"song": songs["song"], "density_p_value": p_values})

    scores: dict[str, float] = {}
    if read is not None:
        found.append(label_rows(read, known, params.label_lead))
        scores = genre_scores(read)
        seen.loc[known, "genre_read"] = read.genres[read.predicted()]
        seen.loc[known, "own_genre_probability"] = read.of_own()
    suspects = pd.concat(found)
    metrics = summarize(suspects, p_values, params) | scores

    tables.write(SUSPECTS, suspects)
    tables.write(OUT_OF_FOLD, seen)
    write_json(DENSITIES, {
        "features": list(scaling.features),
        "levels": LEVELS.tolist(),
        "folds": [
            one.mixture.to_json()
            | {"log_densities": np.quantile(one.simulated, LEVELS).tolist()}
            for one in folds
        ],
    })  # fmt: skip
    write_metrics(METRICS, metrics)
    say(outcome(metrics))


if __name__ == "__main__":
    run(main)
