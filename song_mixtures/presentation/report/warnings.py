"""What a reader of a run must beware of, in sentences, from the metrics and tables of its stages.

Metrics are the dicts of metrics/<stage>.json by the name of the stage.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from song_mixtures.mixture.selection import CRITERIA, LARGEST, edge, mixture_name

Metrics = Mapping[str, Mapping[str, Any]]
MOST_LISTED = 10  # fits in one sentence; the table of the sweep has them all


def counted(count: int, one: str, many: str) -> str:
    """Return a number with the noun, or noun and verb, that goes with it."""
    return f"{count:,} {one if count == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """Return names in a row, those beyond MOST_LISTED as a number."""
    rest = len(names) - MOST_LISTED
    return "; ".join([*names[:MOST_LISTED], *([f"{rest:,} more"] if rest > 0 else [])])


def of_songs(
    metrics: Metrics, dropped_features: Sequence[str], *, synthetic: bool
) -> Iterator[str]:
    """Yield what to beware of in the songs and their features."""
    songs = metrics["preprocess"]
    few, equal = songs["few_distinct_features_count"], songs["duplicate_songs_count"]
    if synthetic:
        yield "The songs are synthetic, of stage demo: what is found in them says nothing of music."
    if dropped_features:
        yield f"Dropped, for other features determine it: {', '.join(dropped_features)}."
    if few:
        yield (
            f"{counted(few, 'feature takes', 'features take')} so few values that a component "
            "may collapse onto one of them; stage preprocess says which."
        )
    if equal:
        yield (
            f"{counted(equal, 'song equals', 'songs equal')} an earlier one in every feature: "
            "equal songs make a component look surer than it is."
        )


def of_sweep(metrics: Metrics, fits: pd.DataFrame, k: int, covariance_type: str) -> Iterator[str]:
    """Yield what to beware of in the sweep, from which the mixture of `k` was chosen."""
    sweep = metrics["k_sweep"]
    invalid = [mixture_name(fit, fits) for _, fit in fits[fits["valid"] == 0].iterrows()]
    falling = [name.upper() for name in CRITERIA if edge(fits, name) == LARGEST]
    if falling:
        yield (
            f"{' and '.join(falling)} still falling at the largest K tried: no number of "
            "components is best up to there."
        )
    if invalid:
        yield (
            f"Fits of the sweep that are not valid: {sweep['invalid_count']:,} of "
            f"{sweep['fits_count']:,} ({listed(invalid)}), of which not converged: "
            f"{sweep['not_converged_count']:,}."
        )
    if len(invalid) == len(fits):
        yield "No fit of the sweep is valid, so the lowest criteria are those of invalid fits."
    if not ((fits["k"] == k) & (fits["covariance_type"] == covariance_type)).any():
        yield f"The sweep did not try the mixture that was trained, K = {k}, {covariance_type}."


def of_mixture(metrics: Metrics) -> Iterator[str]:
    """Yield what to beware of in the trained mixture and its labels."""
    fit = metrics["train_gmm"]
    occupied = metrics["soft_assign"]["components_with_songs_count"]
    degenerate = fit["degenerate_components_count"]
    if not fit["converged"]:
        yield (
            f"The trained mixture did not converge in {fit['iterations_count']:,} iterations: "
            "raise mixture.max_iter."
        )
    if degenerate:
        yield (
            f"{counted(degenerate, 'component', 'components')} of the trained mixture collapsed "
            "onto a few songs or a single value."
        )
    if occupied < fit["n_components"]:
        yield f"Only {occupied} of {fit['n_components']} components are likeliest for any song."


def of_samples(metrics: Metrics, mixture_above: int, kmeans_above: int) -> Iterator[str]:
    """Yield what was done with a sample of the songs only, after the two params sample_above."""
    songs = metrics["preprocess"]["songs_kept_count"]
    scored = metrics["compare_kmeans"]["silhouette_songs_count"]
    for fits, most in (("mixture", mixture_above), ("K-Means", kmeans_above)):
        if songs > most:
            yield f"Every {fits} was initialized on a sample of {most:,} of {songs:,} songs."
    if scored < songs:
        yield f"The silhouettes are of a sample of {scored:,} of {songs:,} songs."
