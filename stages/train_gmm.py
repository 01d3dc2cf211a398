"""Train the mixture that was chosen and put its components in order, largest weight first.

Component 0, its colour and its row mean the same in every later table and picture. A fit that
did not converge or that has a collapsed component is written all the same, and says so.
"""

import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from stages._files import read_json, read_table, write_json, write_metrics, write_pickle
from stages._mixture import Fit, MixtureParams, fit_mixture, mixture_of, rate_fit
from stages._params import read_params
from stages._scaling import Scaling
from stages._stage import StageError, run, say

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
GMM_MODEL = Path("models/gmm_model.pkl")  # to people
GMM = Path("models/gmm.json")  # to soft_assign, components, figures
METRICS = Path("metrics/train_gmm.json")


def refuse_few_songs(songs: int, k: int) -> None:
    """Raise a StageError where a component could not hold two songs."""
    if songs < 2 * k:
        raise StageError(
            f"K = {k} was chosen for {songs} songs, expected at least {2 * k} songs, two a "
            "component; lower choose_k.n_components"
        )


def ordered_by_weight(model: Any) -> Any:
    """Return a copy of a fitted GaussianMixture with its components in order of weight."""
    order = np.argsort(-model.weights_, kind="stable")
    ordered = copy.copy(model)
    ordered.weights_ = model.weights_[order]
    ordered.means_ = model.means_[order]
    if model.covariance_type != "tied":  # one covariance for all has no order
        ordered.covariances_ = model.covariances_[order]
        ordered.precisions_ = model.precisions_[order]
        ordered.precisions_cholesky_ = model.precisions_cholesky_[order]
    return ordered


def summarize(fit: Fit, songs: int) -> dict[str, float]:
    """Return the stage's metrics."""
    return {
        "n_components": fit.k,
        "log_likelihood_nats": fit.log_likelihood,
        "log_likelihood_per_song_nats": fit.log_likelihood / songs,
        "bic": fit.bic,
        "aic": fit.aic,
        "icl": fit.icl,
        "iterations_count": fit.iterations,
        "converged": fit.converged,
        "collapsed_components_count": fit.collapsed,
    }


def outcome(fit: Fit) -> str:
    """Return the line that says what came out."""
    return (
        f"K = {fit.k}, {fit.covariance_type}: log-likelihood {fit.log_likelihood:.1f}, BIC "
        f"{fit.bic:.1f}, {fit.iterations} EM steps, {fit.faults() or 'converged, sound'}"
    )


def main() -> None:
    """Fit the chosen mixture; write it as a scikit-learn pickle and as plain JSON."""
    mixture = read_params("mixture", MixtureParams)
    chosen = read_json(CHOSEN_K)
    scaling = Scaling.from_json(read_json(SCALING))
    points = scaling.standardize(read_table(FEATURES_SELECTED))
    refuse_few_songs(len(points), chosen["n_components"])

    model = ordered_by_weight(fit_mixture(points, **chosen, **asdict(mixture)))
    fit = rate_fit(model, points)

    write_pickle(GMM_MODEL, model)
    write_json(GMM, scaling.to_json() | mixture_of(model).to_json())
    write_metrics(METRICS, summarize(fit, len(points)))
    say(outcome(fit))


if __name__ == "__main__":
    run(main)
