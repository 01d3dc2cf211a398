"""How often stage suspects names a song that nothing is wrong with, and how often one that is.

    python -m benchmarks.suspects        after a run of the pipeline, two minutes

Songs are drawn from the mixture of the lowest BIC of a table, so that there are none to name, and
ten are put where any song could be. Of labels, one in twenty is replaced by another at random. The
tables are the songs of the last run and, where REAL_DATA names the folder of the real ones, GTZAN's
58 columns, of which the known faults are looked for. Errors are standard errors over simulations.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks._tables import DOCS, markdown, put_table
from benchmarks.songs import standardized, tables
from benchmarks.tempo import is_right
from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run_program
from song_mixtures.pipeline.tables import read_table
from song_mixtures.refits.cold import mean_and_error
from song_mixtures.suspects.duplicates import near_duplicates
from song_mixtures.suspects.labels import read_genres
from song_mixtures.suspects.strangers import fitted_folds, folds_of, out_of_fold
from stages.suspects import Suspects
from stages.uncertainty import POSTERIORS, Uncertainty, octave_rows

LAST_RUN = Path("data/processed/features_selected.csv")
TRUTH = Path("data/raw/demo_truth.csv")
SIMULATIONS = 20
PLANTED = 10
SWAPPED = 0.05  # of the labels
KS = range(2, 8)
# Copies with other noise or cut, after Sturm (2013), The GTZAN dataset.
NEAR = {("pop", 15, 22), ("pop", 47, 80), ("pop", 87, 90), ("pop", 45, 46), ("jazz", 33, 51)}
COPY = "rock.00016.wav"  # of metal.00058


def songs_of_tables() -> dict[str, pd.DataFrame]:
    """Return song, genre and features of the last run's songs and, where it is there, GTZAN's."""
    found = {"the songs of the last run": read_table(LAST_RUN)}
    if "GTZAN" in tables():
        found["GTZAN"] = tables()["GTZAN"].rename(columns={"filename": "song"})
    return found


def best_mixture(points: FloatArray, recipe: MixtureParams) -> Mixture:
    """Return the mixture of points, (N, d), whose BIC is lowest."""
    fits = [fit_mixture(points, k, "full", recipe) for k in KS]
    bic = [evaluate_fit(fit, points, recipe.reg_covar).bic for fit in fits]
    return fits[int(np.argmin(bic))].mixture


def p_values(
    points: FloatArray, mixture: Mixture, params: Suspects, recipe: MixtureParams
) -> FloatArray:
    """Return the p-values of points, (N, d), under mixtures fitted without them."""
    left_out = folds_of(len(points), params.folds, params.sample_above, params.seed)
    kind = len(mixture.weights), mixture.covariance_type
    folds = list(fitted_folds(points, left_out, kind, recipe, Compute()))
    return out_of_fold(points, left_out, folds)


def simulated(
    truth: Mixture, songs: int, seed: int, params: Suspects, recipe: MixtureParams
) -> tuple[float, float, float]:
    """Return the share named by chance, the share of planted songs named, and chance's pairs."""
    rng = np.random.default_rng(seed)
    points, _ = drawn_points(truth, songs, rng)
    pairs = len(near_duplicates(points, truth, params.chance_pairs).first)
    points[:PLANTED] = rng.uniform(points.min(axis=0), points.max(axis=0), (PLANTED, len(points.T)))
    named = p_values(points, truth, params, recipe) < params.nowhere_below
    return float(named[PLANTED:].mean()), float(named[:PLANTED].mean()), float(pairs)


def swapped_labels(songs: pd.DataFrame, params: Suspects) -> tuple[float, float]:
    """Return the share of swapped labels that are named, and of the others."""
    points, genres = standardized(songs), songs["genre"].to_numpy(str)
    rng = np.random.default_rng(params.seed)
    swapped = rng.random(len(genres)) < SWAPPED
    names = np.unique(genres)
    other = (np.searchsorted(names, genres) + rng.integers(1, len(names), len(genres))) % len(names)
    read = read_genres(points, np.where(swapped, names[other], genres), params.folds, params.seed)
    named = read.probabilities.max(axis=1) - read.of_own() > params.label_lead
    return float(named[swapped].mean()), float(named[~swapped].mean())


def percent(values: list[float]) -> str:
    """Return a mean of shares with its standard error."""
    mean, error = mean_and_error(np.array(values))
    return f"{mean:.1%} ± {error:.1%}"


def rows() -> Iterator[dict[str, str]]:
    """Yield a row per table: what is named by chance, and what of what is wrong."""
    params, mixture = read_params("suspects", Suspects), read_params("mixture", MixtureParams)
    recipe = mixture.with_fewer_runs(50, 5, params.seed)
    for name, songs in songs_of_tables().items():
        points = standardized(songs)
        truth = best_mixture(points, recipe)
        found = [simulated(truth, len(points), seed, params, recipe) for seed in range(SIMULATIONS)]
        by_chance, planted, pairs = (list(values) for values in zip(*found, strict=True))
        mean, error = mean_and_error(np.array(pairs))
        right, wrong = swapped_labels(songs, params)
        read = read_genres(points, songs["genre"].to_numpy(str), params.folds, params.seed)
        scores = read.scores()
        yield {
            "songs": name,
            f"pairs by chance, {params.chance_pairs:g} stated": f"{mean:.2f} ± {error:.2f}",
            f"belong nowhere by chance, {params.nowhere_below:.0%} stated": percent(by_chance),
            "planted songs named": percent(planted),
            "swapped labels named": f"{right:.0%}",
            "other labels named": f"{wrong:.1%}",
            "genres read: accuracy": f"{scores['accuracy_share']:.2f}",
            "ARI": f"{scores['ari']:.2f}",
            "NMI": f"{scores['nmi']:.2f}",
        }


def known_faults() -> Iterator[str]:
    """Yield what is found of the faults that are known of the tables."""
    params, mixture = read_params("suspects", Suspects), read_params("mixture", MixtureParams)
    recipe = mixture.with_fewer_runs(50, 5, params.seed)
    found = songs_of_tables()
    last = found["the songs of the last run"]
    if TRUTH.is_file():
        truth = pd.read_csv(TRUTH).set_index("filename")["hybrid_share"]
        hybrid = last["song"].map(truth) > 0
        read = read_genres(
            standardized(last), last["genre"].to_numpy(str), params.folds, params.seed
        )
        yield (
            "Hybrids among the synthetic songs, by 1 − the probability of their own folder's "
            f"genre: AUC {roc_auc_score(hybrid, 1 - read.of_own()):.2f}."
        )
        yield octaves_hanging()
    if "GTZAN" in found:
        songs = found["GTZAN"]
        points = standardized(songs)
        pairs = near_duplicates(points, best_mixture(points, recipe), params.chance_pairs)
        equal = int((pairs.expected == 0).sum())
        ends = zip(songs["song"][pairs.first], songs["song"][pairs.second], strict=True)
        names = [
            (a.split(".")[0], int(a.split(".")[1]), int(b.split(".")[1]))
            for a, b in list(ends)[equal : equal + 10]
        ]
        yield (
            f"GTZAN's table: {equal} pairs are equal, {len(pairs.first) - equal} more are named; "
            f"of the five near-copies that are known {len(NEAR & set(names))} are among the next "
            "ten."
        )
        places = [gtzan_place(songs, points, params, seed) for seed in (params.seed, 1, 2)]
        yield (
            f"{COPY}, a copy of metal.00058, is in place {places[0]} of the labels that look wrong "
            f"(with seeds 1 and 2: {places[1]} and {places[2]})."
        )


def octaves_hanging() -> str:
    """Say how many synthetic songs hang on the octave, and of how many of these it is wrong."""
    truth = pd.read_csv(TRUTH).set_index("filename")["tempo"]
    songs = read_table(POSTERIORS)
    true, tempo = songs["song"].map(truth), read_table(LAST_RUN)["tempo"]
    other_is_right = is_right(songs["tempo_other"], true) & ~is_right(tempo, true)
    share = read_params("uncertainty", Uncertainty).octave_share
    named = set(octave_rows(songs, share)["row"])
    found = other_is_right & songs.index.isin(named)
    return (
        f"The group of {len(named)} synthetic songs hangs on the octave; the tempo of "
        f"{other_is_right.sum()} is in the wrong one, and {found.sum()} of these are named."
    )


def gtzan_place(songs: pd.DataFrame, points: FloatArray, params: Suspects, seed: int) -> int:
    """Return the place of the copy among the labels that look wrong, from 1."""
    read = read_genres(points, songs["genre"].to_numpy(str), params.folds, seed)
    behind = read.of_own() - read.probabilities.max(axis=1)
    return int((behind < behind[songs["song"] == COPY]).sum()) + 1


def main() -> None:
    """Print the rates, and put them into docs/method.md."""
    found = list(rows())
    table = markdown(list(found[0]), [list(row.values()) for row in found])
    put_table(DOCS / "method.md", "suspects", f"{table}\n\n" + " ".join(known_faults()))


if __name__ == "__main__":
    run_program(main)
