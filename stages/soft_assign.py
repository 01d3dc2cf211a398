"""Give every song its posteriors: the probability of each component, and the hard label.

The posteriors are the mixture's own belief, `gmm_…`, and right only as far as the mixture is. How
far that is, the other columns say: the posteriors averaged over refits, how much of their entropy
the refits differ in, in how many refits the song keeps its component, and how dense songs are where
it lies, for a song unlike all others still gets probabilities that sum to 1.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from song_mixtures.mixture.marginals import deciding_features
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.files import read_json, write_metrics
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.refits.songs import averaged, kept_share
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
REFITS = Path("models/refits.json")  # from refits
POSTERIORS = Path("data/processed/posteriors.csv")
METRICS = Path("metrics/soft_assign.json")

DECIMALS = 6  # of a posterior: its rows then sum to 1 within 1e-5 for any K up to 20


def assignment(songs: pd.DataFrame, posterior: FloatArray) -> pd.DataFrame:
    """Return a row per song: song, gmm_cluster (the arg max) and gmm_prob_0 … gmm_prob_(K-1)."""
    hard = pd.DataFrame({"song": songs["song"], "gmm_cluster": posterior.argmax(axis=1)})
    return hard.join(probabilities("gmm_prob", posterior))


def probabilities(name: str, posterior: FloatArray) -> pd.DataFrame:
    """Return posteriors, (N, K), as columns <name>_0 … <name>_(K-1)."""
    names = [f"{name}_{component}" for component in range(posterior.shape[1])]
    return pd.DataFrame(posterior.round(DECIMALS), columns=names)


def over_refits(
    labels: IntArray, cold: list[Mixture], warm: list[Mixture], points: FloatArray
) -> pd.DataFrame:
    """Return what refits say of each song.

    Parameters
    ----------
    labels : the songs' components, (N,)
    cold : refits that were initialized anew, component k the one matched to k
    warm : refits that started at the fit
    points : standardized features, (N, d)
    """
    found = averaged(warm, points)
    return probabilities("averaged_prob", found.posterior).assign(
        averaged_entropy=found.entropy,
        mutual_information=found.mutual_information,
        kept_share=kept_share(labels, cold, points),
    )


def typicality(mixture: Mixture, points: FloatArray, labels: IntArray) -> FloatArray:
    """Return the share of its component that lies further out than each point, (N,), 0 to 1.

    P(chi^2_d > D_n^2) with D_n the Mahalanobis distance of point n, (N, d), to the mean of the
    component labels[n], (N,): McLachlan (1992), chapter 6.                         (15)
    """
    share = np.empty(len(points))
    for component, (mean, covariance) in enumerate(
        zip(mixture.means, mixture.covariances, strict=True)
    ):
        own = labels == component
        whitened = np.linalg.solve(np.linalg.cholesky(covariance), (points[own] - mean).T)
        share[own] = chdtrc(points.shape[1], (whitened**2).sum(axis=0))
    return share


def summarize(posterior: FloatArray) -> dict[str, float]:
    """Return the stage's metrics."""
    maximum = posterior.max(axis=1)
    return {
        "mean_max_posterior": maximum.mean(),
        "above_90_percent_share": (maximum > 0.9).mean(),
        "components_with_songs_count": len(set(posterior.argmax(axis=1))),
    }


def main() -> None:
    """Read songs, mixture and refits, write posteriors and labels."""
    tables = read_params("tables", Tables)
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    refits = read_json(REFITS)
    cold, warm = ([Mixture.from_json(one) for one in refits[name]] for name in ("cold", "warm"))
    songs = tables.read(FEATURES_SELECTED, {"song", *scaling.features})
    points = scaling.standardize(songs)

    posterior, log_density = posteriors(mixture, points)
    labels = posterior.argmax(axis=1)
    assigned = assignment(songs, posterior).join(over_refits(labels, cold, warm, points))
    deciding = np.array([*scaling.features, ""])[deciding_features(mixture, points, labels)]
    assigned = assigned.assign(
        log_density=log_density,
        typicality=typicality(mixture, points, labels),
        deciding_feature=deciding,
    )
    metrics = summarize(posterior)

    tables.write(POSTERIORS, assigned)
    write_metrics(METRICS, metrics)
    print(assigned.head().to_string(index=False), file=sys.stderr)
    say(
        f"{len(songs)} songs; the maximum posterior is above 0.9 for "
        f"{metrics['above_90_percent_share']:.1%} of them"
    )


if __name__ == "__main__":
    run(main)
