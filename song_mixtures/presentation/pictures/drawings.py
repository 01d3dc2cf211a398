"""Who draws each picture that is no chart's; arguments by the names of stage figures."""

from collections.abc import Callable

from matplotlib.figure import Figure

from song_mixtures.presentation.pictures.components import component_overlap, covariances
from song_mixtures.presentation.pictures.densities import feature_densities
from song_mixtures.presentation.pictures.maps import pca_entropy, pca_kmeans, pca_map

DRAWINGS: dict[str, Callable[..., Figure]] = {
    drawing.__name__: drawing
    for drawing in (
        pca_map, feature_densities, covariances, component_overlap, pca_entropy, pca_kmeans
    )
}  # fmt: skip
