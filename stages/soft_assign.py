"""Give every song its posteriors: the probability of each component, and the hard label.

The posteriors are the mixture's own belief. They are right only as far as the mixture is: a song
unlike all others still gets probabilities that sum to 1.
"""

import sys
from pathlib import Path

import pandas as pd

from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json, write_metrics
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
POSTERIORS = Path("data/processed/posteriors.csv")
METRICS = Path("metrics/soft_assign.json")

DECIMALS = 6  # of a posterior: its rows then sum to 1 within 1e-5 for any K up to 20


def assignment(songs: pd.DataFrame, posterior: FloatArray) -> pd.DataFrame:
    """Return a row per song: song, gmm_cluster (the arg max) and gmm_prob_0 … gmm_prob_(K-1)."""
    names = [f"gmm_prob_{component}" for component in range(posterior.shape[1])]
    hard = pd.DataFrame({"song": songs["song"], "gmm_cluster": posterior.argmax(axis=1)})
    return hard.join(pd.DataFrame(posterior.round(DECIMALS), columns=names))


def summarize(posterior: FloatArray) -> dict[str, float]:
    """Return the stage's metrics."""
    maximum = posterior.max(axis=1)
    return {
        "mean_max_posterior": maximum.mean(),
        "above_90_percent_share": (maximum > 0.9).mean(),
        "components_with_songs_count": len(set(posterior.argmax(axis=1))),
    }


def main() -> None:
    """Read songs and mixture, write posteriors and labels."""
    tables = read_params("tables", Tables)
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    songs = tables.read(FEATURES_SELECTED, {"song", *scaling.features})

    posterior, _ = posteriors(mixture, scaling.standardize(songs))
    assigned = assignment(songs, posterior)
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
