"""Give every song its posteriors: the probability of each component, and the hard label.

The posteriors are the mixture's own belief, `gmm_…`, and right only as far as the mixture is. How
far that is, the other columns say: the posteriors averaged over refits, how much of their entropy
the refits differ in, in how many refits the song keeps its component, and how dense songs are where
it lies, for a song unlike all others still gets probabilities that sum to 1.

No refit can see a tempo in the wrong octave. Where the table has a second reading of the tempo,
`readings_prob_…` averages over both readings what is averaged over refits, so that it knows of
either doubt; `tempo_other_cluster` is the hard label at the other reading, by the one fit as
`gmm_cluster` is: where the two differ, the song's group hangs on the octave.

Songs that were not fitted because a feature or two are missing get posteriors by the others, in a
table of their own, where `preprocess.missing: place` asks for it.
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
from song_mixtures.placing.posteriors import placed
from song_mixtures.refits.songs import Averaged, averaged, kept_share
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
REFITS = Path("models/refits.json")  # from refits
TEMPO_READINGS = Path("data/processed/tempo_readings.csv")  # from preprocess
INCOMPLETE = Path("data/processed/incomplete_songs.csv")  # from preprocess
POSTERIORS = Path("data/processed/posteriors.csv")
PLACED = Path("data/processed/placed_songs.csv")
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
    labels: IntArray, cold: list[Mixture], found: Averaged, points: FloatArray
) -> pd.DataFrame:
    """Return what refits say of each song.

    Parameters
    ----------
    labels : the songs' components, (N,)
    cold : refits that were initialized anew, component k the one matched to k
    found : what refits that started at the fit say on average
    points : standardized features, (N, d)
    """
    return probabilities("averaged_prob", found.posterior).assign(
        averaged_entropy=found.entropy,
        mutual_information=found.mutual_information,
        kept_share=kept_share(labels, cold, points),
    )


def over_readings(
    at_tempo: FloatArray, at_other: FloatArray, other_share: FloatArray
) -> FloatArray:
    """Return posteriors averaged over two readings of the tempo, (N, K).

    (1 - s_n) r_n + s_n r'_n with r_n and r'_n, (N, K), the posteriors at either reading and s_n,
    (N,), the probability of the other one, 0 to 1.                               (14a)
    """
    share = other_share[:, None]
    return np.asarray((1 - share) * at_tempo + share * at_other)


def at_other_tempo(songs: pd.DataFrame, readings: pd.DataFrame) -> pd.DataFrame:
    """Return songs with the other reading in the place of the tempo, no song without readings."""
    return songs.head(len(readings)).assign(tempo=readings["tempo_other"])


def second_reading(
    readings: pd.DataFrame, label: IntArray, at_tempo: FloatArray, at_other: FloatArray
) -> pd.DataFrame:
    """Return what the second reading of the tempo makes of each song; nothing without readings.

    Parameters
    ----------
    readings : tempo_other and tempo_other_share of every song, (N,), or no row
    label : component of each song at the other reading, (N,), as gmm_cluster is at the tempo
    at_tempo : averaged posteriors, (N, K)
    at_other : the same at the other reading, (N, K)
    """
    if readings.empty:
        return pd.DataFrame()
    share = readings["tempo_other_share"].to_numpy()
    found = readings[["tempo_other", "tempo_other_share"]].assign(tempo_other_cluster=label)
    return found.join(probabilities("readings_prob", over_readings(at_tempo, at_other, share)))


def place_incomplete(
    songs: pd.DataFrame,
    scaling: Scaling,
    mixture: Mixture,
    cold: list[Mixture],
    warm: list[Mixture],
) -> pd.DataFrame:
    """Return what fit and refits say of songs with features missing, by those that are known.

    Parameters
    ----------
    songs : as incomplete_songs() returned them, as text or numbers
    scaling : of the features
    mixture : the trained one
    cold : refits that were initialized anew
    warm : refits that started at the mixture
    """
    values = songs[list(scaling.features)].apply(pd.to_numeric, errors="coerce")
    found = placed(mixture, cold, warm, scaling.standardize(values))
    names = songs.drop(columns=list(scaling.features))
    return (
        names.join(assignment(songs, found.posterior).drop(columns="song"))
        .join(probabilities("averaged_prob", found.averaged))
        .assign(
            averaged_entropy=found.entropy,
            mutual_information=found.mutual_information,
            kept_share=found.kept_share,
        )
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
    readings = tables.read(TEMPO_READINGS)
    others = scaling.standardize(at_other_tempo(songs, readings))

    posterior, log_density = posteriors(mixture, points)
    labels, metrics = posterior.argmax(axis=1), summarize(posterior)
    assigned = assignment(songs, posterior)
    del posterior  # as large as half of the table that is written
    at_tempo, at_other = averaged(warm, points), averaged(warm, others)
    other_labels = posteriors(mixture, others)[0].argmax(axis=1)
    deciding = np.array([*scaling.features, ""])[deciding_features(mixture, points, labels)]
    assigned = (
        assigned.join(over_refits(labels, cold, at_tempo, points))
        .assign(
            log_density=log_density,
            typicality=typicality(mixture, points, labels),
            deciding_feature=deciding,
        )
        .join(second_reading(readings, other_labels, at_tempo.posterior, at_other.posterior))
    )
    incomplete = place_incomplete(tables.read(INCOMPLETE), scaling, mixture, cold, warm)
    metrics |= {"placed_songs_count": len(incomplete)}

    tables.write(POSTERIORS, assigned)
    tables.write(PLACED, incomplete)
    write_metrics(METRICS, metrics)
    print(assigned.head().to_string(index=False), file=sys.stderr)
    say(
        f"{len(songs)} songs; the maximum posterior is above 0.9 for "
        f"{metrics['above_90_percent_share']:.1%} of them"
        + f"; {len(incomplete)} with features missing are placed by the others"
        * bool(len(incomplete))
    )


if __name__ == "__main__":
    run(main)
