"""What a choice of features does: EM against scikit-learn, and real tables.

    python -m benchmarks.choice_of_features em          d = 2 to 15, up to 100,000 songs
    python -m benchmarks.choice_of_features             the real tables

Real inputs are read from the folder that REAL_DATA names (default ../shared/data). Each case goes
through stage preprocess, by the params that are written beside it, in a folder of its own; then one
mixture is fitted as k_sweep fits it.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score
from sklearn.mixture import GaussianMixture

from benchmarks._tables import REAL_DATA, ROOT, markdown
from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.em import feature_rows, mixture_of, parameters_of, run_em
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, Mixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.params import load_yaml, read_params
from song_mixtures.pipeline.stage import StageError, one_thread, run_program
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling

# ---- EM from the same start

KINDS: tuple[CovarianceType, ...] = ("full", "tied", "diag", "spherical")
K = 3
ITERATIONS = 20


def groups(d: int, songs: int) -> np.ndarray:
    """Return correlated points of three groups that overlap, (N, d), standardized."""
    rng = np.random.default_rng([d, songs])
    points = rng.normal(size=(songs, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d)))
    points += rng.normal(size=(K, d))[np.arange(songs) % K]
    return np.asarray((points - points.mean(axis=0)) / points.std(axis=0))


def largest_difference(d: int, songs: int, kind: CovarianceType) -> float:
    """Return how far EM is from scikit-learn's after so many iterations from the same start.

    The largest difference of any log-likelihood per song, weight, mean or covariance.
    """
    points = groups(d, songs)
    start = points[:: songs // K][:K]
    params = replace(
        read_params("mixture", MixtureParams, ROOT / "params.yaml"), tol=1e-300, max_iter=ITERATIONS
    )
    given = Mixture(kind, np.full(K, 1 / K), start, np.repeat(np.eye(d)[None], K, axis=0))
    precisions = {"full": given.covariances, "tied": np.eye(d), "diag": np.ones((K, d))}
    model: Any = GaussianMixture(
        K, covariance_type=kind, tol=0, max_iter=ITERATIONS, reg_covar=params.reg_covar,
        weights_init=given.weights, means_init=start,
        precisions_init=precisions.get(kind, np.ones(K)),
    )  # fmt: skip
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as many iterations as are asked for
        model.fit(points)
    ours = run_em(feature_rows(points), parameters_of(given), kind, params)
    found, expected = mixture_of(ours.parameters, kind), as_mixture(model)
    pairs = [
        # Ours ends where a gain is lost in rounding, scikit-learn's goes on and gains nothing.
        (ours.log_likelihoods / songs, np.array(model.lower_bounds_[: len(ours.log_likelihoods)])),
        (found.weights, expected.weights),
        (found.means, expected.means),
        (found.covariances, expected.covariances),
    ]
    return max(float(np.abs(one - other).max()) for one, other in pairs)


def as_mixture(model: Any) -> Mixture:
    """Return the plain arrays of a GaussianMixture, covariances written out as (K, d, d)."""
    k, d = model.means_.shape
    covariances = model.covariances_
    if model.covariance_type == "tied":
        covariances = np.repeat(covariances[None], k, axis=0)
    elif model.covariance_type != "full":
        covariances = covariances.reshape(k, -1, 1) * np.eye(d)
    return Mixture(model.covariance_type, model.weights_, model.means_, covariances)


def em_table() -> str:
    """Return the largest difference of each number of features and of songs, over all types."""
    sizes = (1_000, 10_000, 100_000)
    rows = []
    for d in range(2, 16):
        worst = [max(largest_difference(d, songs, kind) for kind in KINDS) for songs in sizes]
        rows.append([str(d), *(f"{value:.0e}" for value in worst)])
        print(*rows[-1], file=sys.stderr)
    return markdown(["d", *(f"{songs:,} songs" for songs in sizes)], rows)


# ---- real tables

OTHERS = ["speechiness", "acousticness", "instrumentalness", "liveness"]
SPOTIFY: dict[str, Any] = {
    "input.table": "tables/spotify_tracks_34k.csv",
    "input.id": None,
    "input.label": "track_genre",
}
GTZAN: dict[str, Any] = {
    "input.gtzan_table": ["tables/gtzan_features_30_sec.csv"],
    "input.table": "data/raw/gtzan.csv",
}
COLUMNS = {
    "bandwidth": "spectral_bandwidth_mean",
    "chroma": "chroma_stft_mean",
    "centroid_variation": "spectral_centroid_var",
}


@dataclass(frozen=True)
class Case:
    """A table with its params, and the mixtures fitted to it."""

    params: dict[str, Any]
    more: dict[str, str] = field(default_factory=dict)  # columns besides the five
    kind: CovarianceType = "full"
    seeds: tuple[int, ...] = (42,)


SPREAD: dict[str, Any] = {"preprocess.spread": ["instrumentalness"]}
LOG2: dict[str, Any] = {"preprocess.transform.centroid_variation": "log2"}
FIVE_SEEDS = (0, 1, 2, 3, 4)
NINE = {name: name for name in OTHERS}
EIGHT = {name: name for name in OTHERS if name != "instrumentalness"}
CASES = {
    "Spotify, five": Case(SPOTIFY),
    "Spotify, eight": Case(SPOTIFY, EIGHT),
    "Spotify, nine as they are": Case(SPOTIFY, NINE),
    "Spotify, nine, spread": Case(SPOTIFY | SPREAD, NINE),
    "GTZAN table, five, diag": Case(GTZAN, {}, "diag", FIVE_SEEDS),
    "GTZAN table, eight, diag": Case(GTZAN, COLUMNS, "diag", FIVE_SEEDS),
    "GTZAN table, eight, diag, log2": Case(GTZAN | LOG2, COLUMNS, "diag", FIVE_SEEDS),
}
COMPONENTS = 10


def write_params(folder: Path, case: Case) -> None:
    """Write the default params with those of a case, tables by their place on this machine."""
    params = load_yaml((ROOT / "params.yaml").read_text())
    for path, value in case.params.items():
        *sections, key = path.split(".")
        place = params
        for section in sections:
            place = place[section]
        place[key] = value
    tables = REAL_DATA.resolve()
    if not params["input"]["gtzan_table"]:
        params["input"]["table"] = str(tables / params["input"]["table"])
    named = params["input"]["gtzan_table"]
    params["input"]["gtzan_table"] = [str(tables / path) for path in named]
    params["input"]["columns"] |= case.more
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def run_stage(name: str, folder: Path) -> tuple[int, str]:
    """Run a stage in a folder; return its exit code and its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{name}"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    return done.returncode, done.stderr.strip().splitlines()[-1]


def measure(case: Case) -> list[str]:
    """Return the cells of a case's row: songs, features, what came out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_params(folder, case)
        for stage in ["gtzan_table"] * ("input.gtzan_table" in case.params) + ["preprocess"]:
            code, said = run_stage(stage, folder)
            if code:
                return ["", str(5 + len(case.more)), f"stopped: {said}", "", ""]
        songs = read_table(folder / "data/processed/features_selected.csv")
        scaling = Scaling.from_json(read_json(folder / "models/scaling.json"))
        params = read_params("mixture", MixtureParams, folder / "params.yaml")
    points = scaling.standardize(songs)
    scores, faults = [], set()
    for seed in case.seeds:
        fitted = fit_mixture(points, COMPONENTS, case.kind, replace(params, seed=seed))
        fit = evaluate_fit(fitted, points, params.reg_covar, scaling.log_jacobian(songs))
        labels = posteriors(fitted.mixture, points)[0].argmax(axis=1)
        measures = (adjusted_mutual_info_score, adjusted_rand_score)
        scores.append([score(songs["genre"], labels) for score in measures])
        faults.add(fit.fault or "valid")
    ami, ari = np.mean(scores, axis=0)
    fits = "; ".join(sorted(faults))
    return [f"{len(songs):,}", str(points.shape[1]), fits, f"{ami:.3f}", f"{ari:.3f}"]


def cases_table() -> str:
    """Return the table of the real tables, of K = 10."""
    header = ["", "songs", "features", "the fit", "AMI with genres", "ARI with genres"]
    rows = []
    for name, case in CASES.items():
        rows.append([name, *measure(case)])
        print(*rows[-1], sep=" | ", file=sys.stderr)
    return markdown(header, rows)


def main() -> None:
    """Print the table that is asked for."""
    tables = {"em": em_table, "": cases_table}
    asked = " ".join(sys.argv[1:])
    if asked not in tables:
        raise StageError(f"{asked}: expected em, or nothing")
    print(tables[asked]())


if __name__ == "__main__":
    run_program(main)
