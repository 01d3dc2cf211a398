"""Ask of the trained mixture how far it can be trusted, by fitting it again to songs drawn anew.

Cold refits, initialized anew, say which components come back, and how far weights and means
move. Warm refits start at the mixture; over them soft_assign averages the posteriors of every
song. Neither sees that a mixture may be stable and still be the wrong description.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import STABLE, TRUSTED, borderline
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.files import read_json, write_json, write_metrics
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import run, say
from song_mixtures.pipeline.tables import Tables
from song_mixtures.refits.cold import Stability, refit_all
from song_mixtures.refits.warm import RefitParams, warm_refits
from song_mixtures.sampling.rows import sampled_rows
from song_mixtures.songs.scaling import Scaling

FEATURES_SELECTED = Path("data/processed/features_selected.csv")  # from preprocess
SCALING = Path("models/scaling.json")  # from preprocess
GMM = Path("models/gmm.json")  # from train_gmm
REFITS = Path("models/refits.json")
COMPONENTS = Path("data/processed/component_stability.csv")
INTERVALS = Path("data/processed/component_intervals.csv")
METRICS = Path("metrics/refits.json")

INTERVAL = (0.05, 0.95)  # quantiles over refits: between them lie 90 % of these


def components_table(mixture: Mixture, found: Stability) -> pd.DataFrame:
    """Return a row per component: its Jaccard index, and its weight with a 90 % interval."""
    jaccards, errors = found.jaccards()
    low, high = np.quantile([refit.mixture.weights for refit in found.refits], INTERVAL, axis=0)
    return pd.DataFrame(
        {
            "component": range(len(jaccards)),
            "jaccard": jaccards,
            "jaccard_se": errors,
            "weight": mixture.weights,
            "weight_low": low,
            "weight_high": high,
        }
    )


def intervals_table(mixture: Mixture, found: Stability, scaling: Scaling) -> pd.DataFrame:
    """Return a row per component and feature: its mean with a 90 % interval, original units."""

    def units(means: FloatArray) -> FloatArray:
        return scaling.original_units(means).reshape(*means.shape[:-2], -1)

    refitted = units(np.array([refit.mixture.means for refit in found.refits]))
    low, high = np.quantile(refitted, INTERVAL, axis=0)
    pairs = pd.MultiIndex.from_product(
        [range(len(mixture.weights)), scaling.features], names=["component", "feature"]
    )
    columns = {"mean": units(mixture.means), "mean_low": low, "mean_high": high}
    return pd.DataFrame(columns, index=pairs).reset_index()


def summarize(found: Stability, songs: int) -> dict[str, float]:
    """Return the stage's metrics, of cold refits of so many songs."""
    (ari, ari_error), (reference, reference_error) = found.ari(), found.reference_ari()
    jaccards, errors = found.jaccards()
    return {
        "songs_count": songs,
        "ari": ari,
        "ari_se": ari_error,
        "reference_ari": reference,
        "reference_ari_se": reference_error,
        "min_jaccard": jaccards.min(),
        "mean_jaccard": jaccards.mean(),
        "trusted_components_count": int((jaccards >= TRUSTED).sum()),
        "stable_components_count": int((jaccards >= STABLE).sum()),
        "borderline_components_count": int(borderline(jaccards, errors).sum()),
    }


def outcome(metrics: dict[str, float], k: int) -> str:
    """Return the line that says what came out."""
    return (
        f"{metrics['trusted_components_count']} of {k} components to be trusted, "
        f"{metrics['stable_components_count']} of them stable; "
        f"{metrics['borderline_components_count']} of {k} borderline; ARI of refit and fit "
        f"{metrics['ari']:.2f}, on tables without groups {metrics['reference_ari']:.2f}"
    )


def main() -> None:
    """Fit the trained mixture again, cold and warm; write what both came to."""
    tables = read_params("tables", Tables)
    params = read_params("refits", RefitParams)
    recipe = read_params("mixture", MixtureParams)
    compute = read_params("compute", Compute)
    mixture, scaling = Mixture.from_json(read_json(GMM)), Scaling.from_json(read_json(SCALING))
    points = scaling.standardize(tables.read(FEATURES_SELECTED, scaling.features))

    sample = points[sampled_rows(len(points), params.sample_above, params.seed)]
    [found] = refit_all(sample, [mixture], params, recipe, compute)
    warm = warm_refits(points, mixture, params, recipe, compute)
    metrics = summarize(found, len(sample))

    tables.write(COMPONENTS, components_table(mixture, found))
    tables.write(INTERVALS, intervals_table(mixture, found, scaling))
    write_json(
        REFITS,
        {
            "features": list(scaling.features),
            "cold": [refit.mixture.to_json() for refit in found.refits],
            "warm": [refit.to_json() for refit in warm],
        },
    )
    write_metrics(METRICS, metrics)
    say(outcome(metrics, len(mixture.weights)))


if __name__ == "__main__":
    run(main)
