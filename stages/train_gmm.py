"""Write the mixture that was chosen: the sweep's own, or fitted here where it did not try it.

Its components are in order of weight, largest first, so component 0, its color and its row mean
the same in every later table and picture. Where an earlier run is named, components that have the
songs of one of its components take that one's number instead; what fits and how well is the same.
A fit that is not valid is refused. The pickles, the scaler's among them, are for other programs,
and none needs this project.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.estimators.scikit_learn import (
    gaussian_mixture,
    in_original_units,
    named_scaler,
)
from song_mixtures.fitting.criteria import Fit, evaluate_fit
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.labels.numbering import Numbering, keep_numbers, kept_songs_share
from song_mixtures.mixture.model import FittedMixture, Mixture, posteriors
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import read_json, write_json, write_metrics, write_pickle
from song_mixtures.pipeline.params import PARAMS, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
CHOSEN_K = Path("models/chosen_k.json")  # from choose_k
CHOSEN_MIXTURE = Path("models/chosen_mixture.json")  # from choose_k
REFERENCES = Path("references")  # a folder for each earlier run that may be named
SCALER = Path("models/scaler.pkl")
GMM_MODEL = Path("models/gmm_model.pkl")
SONG_MIXTURE = Path("models/song_mixture.pkl")
GMM = Path("models/gmm.json")
METRICS = Path("metrics/train_gmm.json")


@dataclass(frozen=True)
class Training:
    """Section `train_gmm`."""

    reference: str | None  # folder in references/ with gmm.json and scaling.json of an earlier run


@dataclass(frozen=True)
class Reference:
    """An earlier run: its mixture, and the scaling under which that sees songs."""

    folder: Path
    mixture: Mixture
    scaling: Scaling


def trained(
    swept: dict[str, Any] | None, chosen: dict[str, Any], points: FloatArray, params: MixtureParams
) -> FittedMixture:
    """Return the mixture of the sweep, or where it has none, one fitted by the same recipe.

    Parameters
    ----------
    swept : what FittedMixture.to_json() gave in the sweep; None: the sweep did not try it
    chosen : n_components and covariance_type
    points : standardized features, (N, d)
    params : how it is fitted
    """
    if swept is not None:
        return FittedMixture.from_json(swept)
    from song_mixtures.fitting.fit import fit_mixture  # 0.3 s, and few need it

    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    return fit_mixture(points, k, covariance_type, params, progress=True)


def check_valid(fit: Fit) -> None:
    """Raise a StageError for a fit that is not valid; the sweep's own choose_k has refused."""
    if not fit.valid:
        raise StageError(
            f"the fit of K = {fit.k}, {fit.covariance_type}, which the sweep did not try, is not "
            f"valid: {fit.fault}; set choose_k.n_components lower, or "
            "`dvc exp run -S choose_k.by=bic`"
        )


def read_reference(name: str | None) -> Reference | None:
    """Return the earlier run whose numbers are kept, None where none is named.

    Raises StageError where the folder does not hold a model and the scaling it was fitted under.
    """
    if name is None:
        return None
    folder = REFERENCES / name
    for path in (folder / GMM.name, folder / SCALING.name):
        if not path.is_file():
            raise StageError(
                f"{PARAMS}: train_gmm.reference is {name}, and {path} is not there; copy "
                f"{GMM} and {SCALING} of the run whose numbers are to be kept into {folder}, or "
                "set it to null"
            )
    content, scaled = read_json(folder / GMM.name), read_json(folder / SCALING.name)
    try:
        reference = Reference(folder, Mixture.from_json(content), Scaling.from_json(scaled))
        same = list(content["features"]) == list(reference.scaling.features)
    except (KeyError, TypeError, ValueError):
        raise StageError(
            f"{folder}: {GMM.name} or {SCALING.name} is not as stages train_gmm and preprocess "
            "write them; copy both from the folder models of an earlier run"
        ) from None
    if not same:
        raise StageError(
            f"{folder}: {GMM.name} and {SCALING.name} have other features, so they are of two "
            "runs; copy both from one"
        )
    return reference


def check_same_features(reference: Reference, scaling: Scaling) -> None:
    """Raise a StageError where the earlier run has other features than this one."""
    earlier, present = set(reference.scaling.features), set(scaling.features)
    if earlier != present:
        differing = [
            f"{whose} has {', '.join(sorted(names))}"
            for whose, names in (
                (f"only {reference.folder}", earlier - present),
                ("only this run", present - earlier),
            )
            if names
        ]
        raise StageError(
            f"{PARAMS}: train_gmm.reference is {reference.folder.name}, whose features are not "
            f"this run's: {' and '.join(differing)}; songs cannot be given to both mixtures, so "
            "name a run of the same features, or set it to null"
        )


def labels_under(scaling: Scaling, mixture: Mixture, songs: pd.DataFrame) -> IntArray:
    """Return the component of each song in original units, (N,); -1: a transform cannot take it.

    Such as the logit of a share of exactly 1 under a scaling of songs none of which had it.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        points = scaling.standardize(songs)
    able = np.isfinite(points).all(axis=1)
    labels = np.full(len(songs), -1)
    labels[able] = posteriors(mixture, points[able])[0].argmax(axis=1)
    return labels


def numbered(
    fitted: FittedMixture, scaling: Scaling, songs: pd.DataFrame, reference: Reference | None
) -> tuple[FittedMixture, dict[str, Any]]:
    """Return the mixture with an earlier run's numbers, and what that came to, as JSON.

    Without an earlier run the mixture as it is, and nothing.

    Parameters
    ----------
    fitted : the mixture, by weight
    scaling : of this run
    songs : of this run, in original units
    reference : the earlier run
    """
    if reference is None:
        return fitted, {}
    check_same_features(reference, scaling)
    earlier = labels_under(reference.scaling, reference.mixture, songs)
    labels = labels_under(scaling, fitted.mixture, songs)[earlier >= 0]
    earlier = earlier[earlier >= 0]
    mixture = fitted.mixture
    numbering = keep_numbers(earlier, labels, len(reference.mixture.weights), mixture.weights)
    found = {
        "folder": reference.folder.as_posix(),
        "kept_songs_share": kept_songs_share(earlier, labels, numbering),
        "components": correspondence(numbering),
    }
    return replace(fitted, mixture=mixture.in_order(numbering.order)), {"reference": found}


def correspondence(numbering: Numbering) -> list[dict[str, Any]]:
    """Return for each component its earlier number, None where it is new, and the Jaccard index."""
    numbers = zip(numbering.earlier, numbering.jaccard, numbering.statuses(), strict=True)
    return [
        {
            "component": component,
            "reference_component": None if earlier < 0 else int(earlier),
            "jaccard": float(jaccard),
            "status": status,
        }
        for component, (earlier, jaccard, status) in enumerate(numbers)
    ]


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
    }


def outcome(fit: Fit) -> str:
    """Return the line that says what came out."""
    return (
        f"K = {fit.k}, {fit.covariance_type}: log-likelihood {fit.log_likelihood:.1f}, BIC "
        f"{fit.bic:.1f}, {fit.iterations} EM iterations, converged, valid"
    )


def kept_numbers(reference: dict[str, Any]) -> str:
    """Return the line that says which components have kept the number of an earlier run."""
    components = reference["components"]
    kept = sum(one["status"] == "kept" for one in components)
    new = [str(one["component"]) for one in components if one["status"] == "new"]
    others = [
        f"{one['component']} was {one['reference_component']}"
        for one in components
        if one["status"] == "renumbered"
    ]
    said = (
        f"{kept} of {len(components)} components keep their number in {reference['folder']}, and "
        f"{reference['kept_songs_share']:.1%} of the songs with them"
    )
    return "; ".join([said, *([f"new: {', '.join(new)}"] if new else []), *others])


def main() -> None:
    """Take the chosen mixture or fit it; write it as pickles of scikit-learn and as plain JSON."""
    tables = read_params("tables", Tables)
    params = read_params("mixture", MixtureParams)
    reference = read_reference(read_params("train_gmm", Training).reference)
    chosen = read_json(CHOSEN_K)
    scaling = Scaling.from_json(read_json(SCALING))
    songs = tables.read(FEATURES_SELECTED, scaling.features)
    points = scaling.standardize(songs)

    fitted = trained(read_json(CHOSEN_MIXTURE), chosen, points, params)
    fit = evaluate_fit(fitted, points, params.reg_covar, scaling.log_jacobian(songs))
    check_valid(fit)
    fitted, numbers = numbered(fitted, scaling, songs, reference)
    model = gaussian_mixture(fitted, params)

    write_pickle(SCALER, named_scaler(scaling, len(songs)))
    write_pickle(GMM_MODEL, model)
    write_pickle(SONG_MIXTURE, in_original_units(model, scaling, songs))
    write_json(GMM, {"features": list(scaling.features)} | fitted.mixture.to_json() | numbers)
    write_metrics(METRICS, summarize(fit, len(points)))
    say(outcome(fit))
    for found in numbers.values():
        say(kept_numbers(found))


if __name__ == "__main__":
    run(main)
