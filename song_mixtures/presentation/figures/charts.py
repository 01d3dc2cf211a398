"""The charts by name: of each a template in .dvc/plots, and data in plots/."""

from song_mixtures.presentation.figures import components, labels, songs, sweep
from song_mixtures.presentation.figures.catalog import OF_SONGS

CHARTS = {
    "features": songs.FEATURES,
    "song_map": songs.SONG_MAP,
    "k_curve": sweep.K_CURVE,
    "component_means": components.COMPONENT_MEANS,
    "weights": components.WEIGHTS,
    "entropy_histogram": songs.ENTROPY_HISTOGRAM,
    "posterior_vs_entropy": songs.POSTERIOR_VS_ENTROPY,
    "kmeans_elbow": sweep.KMEANS_ELBOW,
    "kmeans_gmm_confusion": labels.KMEANS_GMM_CONFUSION,
    "genre_by_component": labels.GENRE_BY_COMPONENT,
}
DATA = {name: "songs" if name in OF_SONGS else name for name in CHARTS}
