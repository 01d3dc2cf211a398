"""What each picture shows, in a sentence, and the statistics in it that no other stage has written.

A sentence whose numbers stand in the metrics of the stages before takes them from there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.mixture.marginals import cumulative_gap, mahalanobis, projected, within_another
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import also_close, best_fit, mixture_name
from song_mixtures.mixture.uncertainty import mean_posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.labels import genre_shares
from song_mixtures.songs.features import signed
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling

ONE_SPREAD = 1.01  # ratio of widest to tightest below which all components are spread alike
NO_CORRELATION = 0.005  # what two decimals show as zero
Metrics = Mapping[str, Mapping[str, Any]]  # metrics/<stage>.json by the name of the stage


@dataclass(frozen=True)
class Finding:
    """A sentence, and its statistics for the metrics of stage figures."""

    sentence: str
    statistics: Mapping[str, float] = field(default_factory=dict)


def of_sweep(fits: pd.DataFrame, chosen: Mapping[str, Any]) -> Finding:
    """Say what BIC prefers, what comes near it, and what was chosen."""
    best, near = best_fit(fits, "bic"), also_close(fits)
    sentence = f"BIC is lowest at {mixture_name(best, fits)}"
    if best["k"] == 1:
        sentence += ", one Gaussian"
    elif best["k"] == fits["k"].max():
        sentence += ", the largest tried"
    sentence += f" ({near})" if near else ""
    k, covariance_type = chosen["n_components"], chosen["covariance_type"]
    if (k, covariance_type) == (best["k"], best["covariance_type"]):
        return Finding(f"{sentence}, which was chosen")
    taken = mixture_name(pd.Series({"k": k, "covariance_type": covariance_type}), fits)
    tried = fits[(fits["k"] == k) & (fits["covariance_type"] == covariance_type)]
    if tried.empty:
        return Finding(f"{sentence}; {taken}, not in the sweep, was chosen")
    lead = tried["bic"].iloc[0] - best["bic"]
    return Finding(f"{sentence}; {taken} was chosen, {lead:,.0f} higher")


def of_stability(stability: pd.DataFrame) -> Finding:
    """Say which mixture comes back most, beside songs without groups, and which are supported."""
    lead = (stability["ari"] - stability["reference_ari"]).to_numpy()
    best = stability.iloc[int(lead.argmax())]
    supported = stability[stability["supported"] == 1]
    said = " and ".join(mixture_name(one, stability) for _, one in supported.iterrows())
    return Finding(
        f"Refits agree most, beside those of songs without groups, at "
        f"{mixture_name(best, stability)} (ARI {best['ari']:.2f}, without groups "
        f"{best['reference_ari']:.2f}); supported: {said or 'none'}"
    )


def of_means(mixture: Mixture, scaling: Scaling) -> Finding:
    """Say in which feature the components differ most and least.

    A standardized feature has variance 1 over all songs; the sum of w_k m_k^2 is the share of it
    that lies between the components' means, the rest is within components.
    """
    between = mixture.weights @ mixture.means**2
    most, least = (scaling.features[int(j)] for j in (between.argmax(), between.argmin()))
    low, high = float(between.min()), float(between.max())
    return Finding(
        f"Components differ most in {most} ({high:.0%} of its variance lies between their means), "
        f"least in {least} ({low:.0%})",
        {"max_variance_between_share": high, "min_variance_between_share": low},
    )


def of_weights(metrics: Metrics, k: int) -> Finding:
    """Say how unequal the weights are."""
    found = metrics["components"]
    return Finding(
        f"Weights run from {found['min_weight_share']:.1%} to {found['max_weight_share']:.1%}; the "
        f"{k} components count as {found['effective_components']:.1f} equal ones"
    )


def of_densities(songs: pd.DataFrame, mixture: Mixture, scaling: Scaling) -> Finding:
    """Say which feature the mixture follows best and worst."""
    points = scaling.standardize(songs)
    found = [
        (cumulative_gap(mixture, j, points[:, j]), name) for j, name in enumerate(scaling.features)
    ]
    (low, best), (high, worst) = min(found), max(found)
    return Finding(
        f"The mixture follows {best} best and {worst} worst: the cumulative shares of songs differ "
        f"from it by at most {low:.1%} and {high:.1%}",
        {"min_feature_gap_share": low, "max_feature_gap_share": high},
    )


def of_map(mixture: Mixture, plane: Plane) -> Finding:
    """Say how much the map shows, and how many components lie within others on it."""
    means, covariances = projected(mixture, plane.center, plane.directions)
    shown, within = float(plane.shares.sum()), within_another(means, covariances)
    count = f"the mean of {within} of {len(means)} components is"
    return Finding(
        f"Two principal axes show {shown:.0%} of the variance; on them "
        f"{count if within else 'no component has its mean'} in another's ellipse",
        {"map_variance_share": shown, "means_in_another_ellipse_count": within},
    )


def spreads(spread: pd.DataFrame, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the covariances, (K, d, d), and spreads, (K,), of a table of covariances.

    A spread is the geometric mean of the standard deviations along the component's own axes.
    """
    d = spread["feature"].nunique()
    matrices = spread["covariance_standardized"].to_numpy().reshape(k, d, d)
    return matrices, np.linalg.det(matrices) ** (1 / (2 * d))


def of_spreads(spread: pd.DataFrame, k: int) -> Finding:
    """Say which component is widest and which two features vary together most."""
    found = spreads(spread, k)[1]
    widest, tightest = int(found.argmax()), int(found.argmin())
    sentence = f"Component {widest} is spread widest, component {tightest} least"
    if found[widest] < ONE_SPREAD * found[tightest]:
        sentence = "All components are spread alike"
    pairs = spread[spread["feature"] != spread["other_feature"]]
    means = pairs.groupby(["feature", "other_feature"], sort=False)["correlation"].mean()
    one, other = means.index[int(means.abs().to_numpy().argmax())]
    mean = float(means[one, other])
    together = f"{one} and {other} vary together most (mean correlation {signed(mean)})"
    if abs(mean) < NO_CORRELATION:
        together = "no two features vary together"
    return Finding(f"{sentence}; within them {together}", {"max_mean_correlation": mean})


def of_entropy(metrics: Metrics, k: int) -> Finding:
    """Say how unsure the mixture is on average."""
    mean = metrics["uncertainty"]["mean_entropy_nats"]
    return Finding(
        f"The mean entropy is {mean:.2f} nats, {mean / np.log(k):.0%} of log {k}: as undecided as "
        f"among {np.exp(mean):.1f} equally likely components"
    )


def of_certainty(metrics: Metrics) -> Finding:
    """Say of how many songs the mixture is sure, and how many are ambiguous."""
    sure = metrics["soft_assign"]["above_90_percent_share"]
    ambiguous = metrics["uncertainty"]["ambiguous_songs_share"]
    if sure == 1:
        return Finding("One component takes over 90% for every song: the mixture is sure of all")
    averaged = metrics["uncertainty"]["averaged_above_90_percent_share"]
    return Finding(
        f"One component takes over 90% for {sure:.0%} of songs, averaged over refits for "
        f"{averaged:.0%}; {ambiguous:.0%} are ambiguous"
    )


def of_p_values(metrics: Metrics, songs: pd.DataFrame) -> Finding:
    """Say how many songs belong nowhere, beside how many would by chance."""
    found = metrics["suspects"]
    count = found["belongs_nowhere_count"]
    return Finding(
        f"{count:,} of {len(songs):,} {'song belongs' if count == 1 else 'songs belong'} nowhere; "
        f"of songs as the mixture expects them {found['belongs_nowhere_by_chance']:,.0f} would"
    )


def of_overlap(songs: pd.DataFrame, k: int) -> Finding:
    """Say which component's songs are least its own, and whose they are besides."""
    overlap = mean_posteriors(songs, k)
    own = np.where(overlap.any(axis=1), overlap.diagonal(), np.inf)
    row = int(own.argmin())
    others = np.where(np.arange(k) == row, 0, overlap[row])
    foreign, most = float(1 - own[row]), float(others.max())
    return Finding(
        f"Songs of component {row} are least its own: {foreign:.0%} of their posterior is with "
        f"others, most with {others.argmax()} ({most:.0%})",
        {"max_posterior_with_others_share": foreign, "posterior_with_one_other_share": most},
    )


def of_entropy_map(sample: pd.DataFrame, mixture: Mixture, plane: Plane) -> Finding:
    """Say how much less sure the mixture is of songs where ellipses overlap on the plane."""
    ellipses = projected(mixture, plane.center, plane.directions)
    several = (mahalanobis(plane.coordinates(sample), *ellipses) < 1).sum(axis=1) > 1
    entropy = sample["gmm_entropy"].to_numpy()
    if several.all() or not several.any():
        return Finding(f"The mean entropy is {entropy.mean():.2f} nats")
    within, elsewhere = float(entropy[several].mean()), float(entropy[~several].mean())
    return Finding(
        f"Songs within two ellipses or more have a mean entropy of {within:.2f} nats, the others "
        f"{elsewhere:.2f}",
        {"entropy_in_several_ellipses_nats": within, "entropy_elsewhere_nats": elsewhere},
    )


def of_elbow(elbow: pd.DataFrame, k: int) -> Finding:
    """Say where the silhouette is highest, and how high it is at the chosen K."""
    silhouettes = elbow.set_index("k")["silhouette"]
    best, highest = silhouettes.idxmax(), float(silhouettes.max())
    chosen = f"; {silhouettes[k]:.3f} at the chosen K = {k}" if k in silhouettes.drop(best) else ""
    return Finding(
        f"K-Means: the silhouette is highest at K = {best} ({highest:.3f}{chosen})",
        {"max_silhouette": highest},
    )


def of_confusion(metrics: Metrics) -> Finding:
    """Say how many songs both methods group alike."""
    share = metrics["compare_kmeans"]["equal_labels_matched_share"]
    return Finding(f"Matched one to one, mixture and K-Means group {share:.0%} of the songs alike")


def of_labels_map(counts: pd.DataFrame, k: int) -> Finding:
    """Say how many songs both group alike, and for which component most and fewest of them."""
    matrix = counts["songs"].to_numpy().reshape(k, k)
    sizes = matrix.sum(axis=1)
    alike = pd.Series(matrix.diagonal() / np.maximum(sizes, 1))[sizes > 0]
    low, high = float(alike.min()), float(alike.max())
    return Finding(
        f"Mixture and K-Means group {matrix.trace() / sizes.sum():.0%} of the songs alike: most "
        f"of component {alike.idxmax()} ({high:.0%}), fewest of component {alike.idxmin()} "
        f"({low:.0%})",
        {"max_component_matched_share": high, "min_component_matched_share": low},
    )


def of_genres(genres: pd.DataFrame, k: int) -> Finding:
    """Say how concentrated genres are."""
    maximum = genre_shares(genres, k)[0].max(axis=1)
    median, most = float(maximum.median()), float(maximum.max())
    return Finding(
        f"In the median genre the commonest component holds {median:.0%} of the songs; most in "
        f"{maximum.idxmax()} ({most:.0%})",
        {
            "median_genre_in_one_component_share": median,
            "max_genre_in_one_component_share": most,
        },
    )


FINDINGS: dict[str, Callable[..., Finding]] = {  # by the picture that each is the title of
    "pca_map": of_map,
    "bic_aic": of_sweep,
    "stability": of_stability,
    "component_means": of_means,
    "weights": of_weights,
    "feature_densities": of_densities,
    "covariances": of_spreads,
    "density_p_values": of_p_values,
    "entropy_histogram": of_entropy,
    "posterior_vs_entropy": of_certainty,
    "component_overlap": of_overlap,
    "pca_entropy": of_entropy_map,
    "kmeans_elbow": of_elbow,
    "kmeans_gmm_confusion": of_confusion,
    "pca_kmeans": of_labels_map,
    "genre_by_component": of_genres,
}
