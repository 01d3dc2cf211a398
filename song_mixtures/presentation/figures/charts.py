"""The charts by name: of each a template in .dvc/plots, and data in plots/."""

from song_mixtures.presentation.figures.components import COMPONENT_MEANS, WEIGHTS
from song_mixtures.presentation.figures.labels import GENRE_BY_COMPONENT, KMEANS_GMM_CONFUSION
from song_mixtures.presentation.figures.songs import (
    DENSITY_P_VALUES,
    ENTROPY_HISTOGRAM,
    FEATURES,
    POSTERIOR_VS_ENTROPY,
    SONG_MAP,
    songs_on_map,
)
from song_mixtures.presentation.figures.sweep import K_CURVE, KMEANS_ELBOW, STABILITY_CURVE

CHARTS = {
    "features": FEATURES,
    "song_map": SONG_MAP,
    "k_curve": K_CURVE,
    "stability_curve": STABILITY_CURVE,
    "component_means": COMPONENT_MEANS,
    "weights": WEIGHTS,
    "density_p_values": DENSITY_P_VALUES,
    "entropy_histogram": ENTROPY_HISTOGRAM,
    "posterior_vs_entropy": POSTERIOR_VS_ENTROPY,
    "kmeans_elbow": KMEANS_ELBOW,
    "kmeans_gmm_confusion": KMEANS_GMM_CONFUSION,
    "genre_by_component": GENRE_BY_COMPONENT,
}
DATA = {name: "songs" if c.data is songs_on_map else name for name, c in CHARTS.items()}
