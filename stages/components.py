"""Say what each component sounds like: its means, its spread, its typical songs, a few words.

Means and covariances are given in original units. Where a feature was transformed, its mean is the
transform's inverse of the mean (for log2 the geometric mean), and covariances are of the songs,
weighted by their posteriors. The words compare a component with all songs of this table, not with
music at large.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from song_mixtures.mixture.model import Mixture, effective_components, log_densities
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json, write_metrics
from song_mixtures.pipeline.params import PARAMS, Range, read_param, read_params
from song_mixtures.pipeline.stage import StageError, run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.songs.features import Feature, Features, from_json
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SONG_DETAILS = Path("data/processed/song_details.csv")  # from preprocess
FEATURES = Path("models/features.json")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
POSTERIORS = Path("data/processed/posteriors.csv")  # from soft_assign
OUT_OF_FOLD = Path("data/processed/out_of_fold.csv")  # from suspects
STABILITY = Path("data/processed/component_stability.csv")  # from refits
MEANS = Path("data/processed/gmm_means.csv")
WEIGHTS = Path("data/processed/gmm_weights.csv")
COVARIANCES = Path("data/processed/gmm_covariances.csv")
EXEMPLARS = Path("data/processed/exemplar_songs.csv")
METRICS = Path("metrics/components.json")

MOST_WORDS = 5  # of a profile, which nobody reads further and no picture has room for
WORDS = ("profile", "profile_shares")  # the columns that name a component
LONGEST_NAME = 40  # letters, for the same reason


@dataclass(frozen=True)
class Components:
    """How components are described."""

    n_exemplars: Annotated[int, Range(1)]
    profile_deviation: Annotated[float, Range(0)]  # standard deviations
    names: dict[int, str]  # the user's, by component


def check_names(names: Mapping[int, str], k: int) -> None:
    """Raise a StageError for a name of a component that is not there, or that nobody can read."""
    for component, name in names.items():
        where = f"{PARAMS}: components.names has {name!r} for component {component}"
        if component >= k:
            raise StageError(
                f"{where}, and there are {k}, from 0 to {k - 1}; give it to one of these or take "
                "it out"
            )
        if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
            raise StageError(f"{where}, expected a name of 1 to {LONGEST_NAME} letters on one line")


def headings(names: Mapping[int, str], reference: Mapping[str, Any], k: int) -> list[str]:
    """Return what stands before the words of each component: its name, that it is new, or "".

    A name is that of a number. Where an earlier run is named, a component that did not keep its
    number there is another group than the one that was named, so it does not get the name.

    Parameters
    ----------
    names : the user's, by component
    reference : what models/gmm.json says of an earlier run, empty where none is named
    k : the number of components
    """
    said = {
        one["component"]: "new" if one["status"] == "new" else f"was {one['reference_component']}"
        for one in reference.get("components", [])
        if one["status"] != "kept"
    }
    return [said.get(component) or names.get(component, "") for component in range(k)]


def left_out(names: Mapping[int, str], heads: Sequence[str]) -> str:
    """Return in words which names no component has got, "" where all are used."""
    lost = [f"{name!r} ({k}: {heads[k]})" for k, name in names.items() if heads[k] != name]
    if not lost:
        return ""
    return (
        f"left out, for these components are not those that were named: {', '.join(lost)}; see "
        "train_gmm.reference"
    )


def headed(words: pd.Series, heads: Sequence[str]) -> list[str]:
    """Return the words of each component behind its heading, (K,)."""
    pairs = zip(heads, words, strict=True)
    return [f"{head}: {word}" if head else str(word) for head, word in pairs]


def profile(mean: FloatArray, features: Sequence[Feature], deviation: float) -> dict[str, int]:
    """Return a standardized mean, (d,), in words, the feature furthest from average first.

    With each word comes the place of its feature.
    """
    furthest = [j for j in np.argsort(-np.abs(mean), kind="stable") if abs(mean[j]) >= deviation]
    known = {j: features[j] for j in furthest[:MOST_WORDS]}
    return {one.high if mean[j] > 0 else one.low: j for j, one in known.items()}


def fitting_shares(mixture: Mixture) -> FloatArray:
    """Return the share of each component's songs on its mean's side of all songs', (K, d).

    Phi(|m_kj| / s_kj), of the marginals of (20): the songs that a word for the feature fits.
    """
    deviations = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    apart = np.abs(mixture.means) / deviations
    return np.array([[NormalDist().cdf(value) for value in row] for row in apart])


def means_table(
    mixture: Mixture, scaling: Scaling, described: Features, deviation: float
) -> pd.DataFrame:
    """Return a row per component: its mean in original units and its profile in words.

    Parameters
    ----------
    mixture : the trained mixture
    scaling : with the features' names in order
    described : the words of each
    deviation : standard deviations from which on a feature is in the profile
    """
    means = pd.DataFrame(scaling.original_units(mixture.means), columns=list(scaling.features))
    means.insert(0, "component", range(len(means)))
    features = [described[name] for name in scaling.features]
    words = [profile(mean, features, deviation) for mean in mixture.means]
    shares = fitting_shares(mixture)
    means["profile"] = [", ".join(said) or "average" for said in words]
    means["profile_shares"] = [
        ", ".join(f"{word} ({share[j]:.0%})" for word, j in said.items()) or "average"
        for said, share in zip(words, shares, strict=True)
    ]
    return means


def weights_table(mixture: Mixture, songs: pd.DataFrame, stability: pd.DataFrame) -> pd.DataFrame:
    """Return a row per component: its weight, its songs, and whether it comes back.

    The effective number of songs is N_k, the sum of the posteriors, Bishop (2006) eq. 9.27.

    Parameters
    ----------
    mixture : the trained mixture
    songs : gmm_cluster and posteriors, (N,)
    stability : the components' table of stage refits, in order of the components
    """
    k = len(mixture.weights)
    return pd.DataFrame(
        {
            "component": range(k),
            "weight": mixture.weights,
            "weight_percent": 100 * mixture.weights,
            "effective_songs": [songs[f"gmm_prob_{component}"].sum() for component in range(k)],
            "hard_songs": np.bincount(songs["gmm_cluster"], minlength=k),
            "jaccard": stability["jaccard"],
        }
    )


def original_covariances(mixture: Mixture, scaling: Scaling, songs: pd.DataFrame) -> FloatArray:
    """Return the components' covariances in original units, (K, d, d).

    Without transforms S_k times the standard deviations. With one, a Gaussian of the transformed
    features is none of the original ones, and S_k has no unit to go back to; there it is the
    covariance of the songs, weighted by their posteriors,
    sum_n r_nk (x_n - m_k)(x_n - m_k)^T / N_k about m_k = sum_n r_nk x_n / N_k,  (16)
    which (4) makes of the features it is fitted to, but for reg_covar.
    """
    if set(scaling.transforms) == {"identity"}:
        return mixture.covariances * np.outer(scaling.scale, scaling.scale)
    values = songs[list(scaling.features)].to_numpy(dtype=np.float64)
    return np.array(
        [
            weighted_covariance(values, songs[f"gmm_prob_{component}"].to_numpy())
            for component in range(len(mixture.weights))
        ]
    )


def weighted_covariance(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the covariance of values, (N, d), with these weights, (N,); 0 where all are 0."""
    total = weights.sum() or 1.0
    centered = values - weights @ values / total
    covariance: FloatArray = (weights[:, None] * centered).T @ centered / total
    return covariance


def covariances_table(mixture: Mixture, scaling: Scaling, songs: pd.DataFrame) -> pd.DataFrame:
    """Return a row per component and pair of features: covariance and correlation.

    `covariance` is in original units; `covariance_standardized`, in standard deviations of all
    songs, and `correlation` are of the features as the mixture sees them, transformed.
    """
    pairs = pd.MultiIndex.from_product(
        [range(len(mixture.weights)), scaling.features, scaling.features],
        names=["component", "feature", "other_feature"],
    )
    spread = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    correlations = mixture.covariances / (spread[:, :, None] * spread[:, None, :])
    columns = {
        "covariance": original_covariances(mixture, scaling, songs).ravel(),
        "covariance_standardized": mixture.covariances.ravel(),
        "correlation": correlations.ravel(),
    }
    return pd.DataFrame(columns, index=pairs).reset_index()


def top(score: FloatArray, count: int) -> NDArray[np.intp]:
    """Return the indices of the highest scores, best first; equals stay in order."""
    least = np.partition(score, -count)[-count] if count < len(score) else -np.inf
    reaching = np.flatnonzero(score >= least)
    return reaching[np.argsort(-score[reaching], kind="stable")][:count]


def exemplars(
    songs: pd.DataFrame,
    details: pd.DataFrame,
    log_density: FloatArray,
    count: int,
    nowhere_below: float,
) -> pd.DataFrame:
    """Return the songs most typical of each component, best first, of its own songs alone.

    Our choice: the highest density under the component, (N, K), weighted by the posterior, so
    that a song in the middle of a component but as likely another's does not come first.

    Parameters
    ----------
    songs : genre where known, gmm_cluster, posteriors and density_p_value, (N,)
    details : song, name and kept columns of every song, (N,)
    log_density : of every song under every component, (N, K)
    count : of songs per component
    nowhere_below : p-value of a song's density below which it is typical of no component
    """
    belongs = songs["density_p_value"] >= nowhere_below
    shown = details.join(songs[["genre"]]) if "genre" in songs else details
    rows = []
    for component, densities in enumerate(log_density.T):
        posterior = songs[f"gmm_prob_{component}"].to_numpy()
        own = np.flatnonzero((songs["gmm_cluster"] == component) & belongs)
        best = own[top(densities[own] + np.log(posterior[own]), count)]
        rows.append(
            shown.loc[best].assign(
                component=component,
                rank=range(1, len(best) + 1),
                posterior=posterior[best],
                log_density=densities[best],
            )
        )
    return pd.concat(rows)[["component", "rank", *shown, "posterior", "log_density"]]


def summarize(weights: pd.DataFrame) -> dict[str, float]:
    """Return the stage's metrics."""
    w = weights["weight"].to_numpy()
    return {
        "max_weight_share": w.max(),
        "min_weight_share": w.min(),
        "min_effective_songs": weights["effective_songs"].min(),
        "effective_components": effective_components(w),
    }


def main() -> None:
    """Read mixture and posteriors, write what each component is."""
    tables = read_params("tables", Tables)
    parameters = read_params("components", Components)
    nowhere = read_param("suspects", "nowhere_below", Annotated[float, Range(0, 1)])
    content = read_json(GMM)
    mixture, scaling = Mixture.from_json(content), Scaling.from_json(read_json(SCALING))
    k = len(mixture.weights)
    check_names(parameters.names, k)
    heads = headings(parameters.names, content.get("reference", {}), k)
    described = from_json(read_json(FEATURES))
    details = tables.read(SONG_DETAILS, text=True)
    posteriors = {f"gmm_prob_{component}" for component in range(k)}
    assigned = tables.read(POSTERIORS, {"gmm_cluster", *posteriors})
    p_values = tables.read(OUT_OF_FOLD, ["density_p_value"])
    songs = tables.read(FEATURES_SELECTED).join([assigned, p_values])

    means = means_table(mixture, scaling, described, parameters.profile_deviation)
    means = means.assign(**{name: headed(means[name], heads) for name in WORDS})
    weights = weights_table(mixture, songs, tables.read(STABILITY))
    log_density = log_densities(mixture, scaling.standardize(songs))

    tables.write(MEANS, means)
    tables.write(WEIGHTS, weights)
    tables.write(COVARIANCES, covariances_table(mixture, scaling, songs))
    typical = exemplars(songs, details, log_density, parameters.n_exemplars, nowhere)
    tables.write(EXEMPLARS, typical)
    write_metrics(METRICS, summarize(weights))
    largest = weights["weight"].to_numpy().argmax()
    say(f"{len(means)} components; the largest: {means['profile'][largest]}")
    if lost := left_out(parameters.names, heads):
        say(lost)


if __name__ == "__main__":
    run(main)
