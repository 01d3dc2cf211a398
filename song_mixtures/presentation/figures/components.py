"""The data of the charts of the components: means and weights."""

import pandas as pd

from song_mixtures.mixture.model import Mixture
from song_mixtures.presentation.figures.palettes import Records
from song_mixtures.songs.features import feature, written
from song_mixtures.songs.scaling import Scaling


def component_means(mixture: Mixture, scaling: Scaling, means: pd.DataFrame) -> Records:
    """Return a record per component and feature: its mean, standardized and in original units."""
    return [
        {
            "component": component,
            "feature": name,
            "deviation": round(float(mixture.means[component, j]), 4),
            "mean": f"{written(name, row[name])} {feature(name).unit}".strip(),
            "profile": row["profile"],
        }
        for component, row in enumerate(means.to_dict("records"))
        for j, name in enumerate(scaling.features)
    ]


def weights(table: pd.DataFrame, means: pd.DataFrame) -> Records:
    """Return a record per component: its weight and profile."""
    described = table[["component", "weight"]].assign(profile=means["profile"])
    return described.round(6).to_dict("records")
