"""Pictures of single features: the songs, and the mixture's density over them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from song_mixtures.mixture.marginals import marginal_cdf
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import INK, Colors, said_of_badges
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS
from song_mixtures.presentation.pictures.style import bare, blank, heaviest, legend_of_components
from song_mixtures.songs.features import Feature, Features
from song_mixtures.songs.scaling import Scaling

MOST_BINS = 40
MANY_FEATURES = 9  # from which on four stand abreast
FINER = 5  # points of a curve per bin
BARS = "#dadfe6"  # of all songs


def feature_densities(
    songs: pd.DataFrame,
    mixture: Mixture,
    scaling: Scaling,
    described: Features,
    colors: Colors,
    faces: Colors,
    finding: str,
    note: str,
) -> Figure:
    """Songs per bin of each feature, and what the mixture expects there, component by component."""
    shown = colors[:MOST_COMPONENTS]
    words = f"{len(songs):,} songs. {note} {heaviest(len(colors))}{said_of_badges(faces)}"
    across = 3 if len(scaling.features) < MANY_FEATURES else 4
    rows = -(-(len(scaling.features) + 1) // across)  # one panel is the legend's
    figure = blank(11, 1.2 + 2.4 * rows, finding, words)
    panels = figure.subplots(rows, across).ravel()
    for axes, name in zip(panels, scaling.features, strict=False):
        values = songs[name].to_numpy()
        draw_density(bare(axes), values, described[name], (mixture, scaling), shown)
    for axes in panels[len(scaling.features) :]:
        axes.set_axis_off()
    legend_of_components(panels[len(scaling.features)], shown, faces[:MOST_COMPONENTS])
    for axes in panels[::across]:
        axes.set_ylabel("songs per bin")
    return figure


def draw_density(
    axes: Axes, values: FloatArray, feature: Feature, model: tuple[Mixture, Scaling], colors: Colors
) -> None:
    """Draw the histogram of a feature, (N,), and the songs that the model expects over it."""
    mixture, scaling = model
    bins = int(np.clip(np.sqrt(len(values)), 8, MOST_BINS))
    counts, edges = np.histogram(values, bins)
    fine = np.linspace(edges[0], edges[-1], bins * FINER + 1)
    j = scaling.features.index(feature.name)
    below = marginal_cdf(mixture, j, standardized(fine, j, scaling))
    expected = FINER * len(values) * np.diff(below, axis=0)
    middles = (fine[1:] + fine[:-1]) / 2
    axes.stairs(counts, edges, fill=True, color=BARS)
    for component, color in reversed(list(enumerate(colors))):
        axes.plot(middles, expected[:, component], color=color, linewidth=1.3)
    axes.plot(middles, expected.sum(axis=1), color=INK, linewidth=1.6)
    axes.set_xlabel(feature.heading)
    axes.set_xlim(edges[0], edges[-1])
    axes.yaxis.set_major_formatter("{x:,.0f}")


def standardized(values: FloatArray, j: int, scaling: Scaling) -> FloatArray:
    """Return values (V,) of feature j as the mixture sees them, infinite where a logit ends."""
    songs = pd.DataFrame(dict.fromkeys(scaling.features, values))
    with np.errstate(divide="ignore", invalid="ignore"):  # a log at 0; other features' columns
        return scaling.standardize(songs)[:, j]
