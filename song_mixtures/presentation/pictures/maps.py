"""Maps of the songs on their two principal axes: by component, by entropy, beside K-Means."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from song_mixtures.mixture.marginals import projected
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.presentation.figures.palettes import FAINT, INK, Colors
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS
from song_mixtures.presentation.pictures.style import (
    badge,
    bare,
    blank,
    color_key,
)
from song_mixtures.songs.plane import Plane

# From light, certain, to dark, without what is too light on white; color-blind readers see it too.
ENTROPY = ListedColormap(mpl.colormaps["magma_r"](np.linspace(0.12, 1, 256)))
ELLIPSES = "Ellipses: one standard deviation of a component."
BADGE = 1 / 17  # the room a badge of two digits takes, of the smallest map
WIDEST, TALLEST = 10.0, 6.0  # of maps, inches
MARGIN = 0.04  # around songs and ellipses, of their extent


def map_size(coordinates: FloatArray, abreast: int = 1) -> tuple[float, float]:
    """Return the size of a figure, in inches, whose maps of songs at (N, 2) leave little empty.

    `abreast` maps stand beside one another; a map is at most as large as TALLEST and WIDEST say.
    """
    across, up = np.maximum(np.ptp(coordinates, axis=0), 1e-9)
    scale = min(WIDEST / abreast / across, TALLEST / up)
    return max(7.0, abreast * (scale * across + 0.6) + 0.4), max(3.0, scale * up) + 1.9


def pca_map(
    songs: int, sample: pd.DataFrame, mixture: Mixture, plane: Plane, colors: Colors, finding: str
) -> Figure:
    """Songs on the two principal axes of the standardized features, colored by component.

    Each ellipse is one standard deviation of a component, projected; 39 % of its songs lie
    within. Components that overlap here may be apart in the directions that are not shown: the
    axes say how much of the variance they hold and which features they run along.
    """
    means, covariances = projected(mixture, plane.center, plane.directions)
    coordinates = plane.coordinates(sample)
    note = f"{sample_note(len(sample), songs)}. {ELLIPSES}{left_out('Ellipses', len(colors))}"
    figure = blank(*map_size(coordinates), finding, note)
    axes = bare(figure.subplots())
    scatter(axes, coordinates, sample["gmm_cluster"], colors)
    lay_out(axes, plane)
    draw_components(axes, means, covariances, colors)
    return figure


def pca_entropy(
    songs: int, sample: pd.DataFrame, mixture: Mixture, plane: Plane, colors: Colors, finding: str
) -> Figure:
    """Songs on the same map by the entropy of their posteriors: where the mixture is unsure.

    The darkest songs are drawn last. Entropy that is far from where ellipses overlap comes from
    the directions that are not shown.
    """
    means, covariances = projected(mixture, plane.center, plane.directions)
    rising = sample.sort_values("gmm_entropy", kind="stable")
    coordinates, entropy = plane.coordinates(rising), rising["gmm_entropy"].to_numpy()
    note = f"{sample_note(len(sample), songs)}. {ELLIPSES}{left_out('Ellipses', len(colors))}"
    width, height = map_size(coordinates)
    figure = blank(width, height + 0.7, finding, note)
    axes = bare(figure.subplots())
    dots = axes.scatter(
        coordinates[:, 0], coordinates[:, 1], s=9, c=entropy, cmap=ENTROPY, vmin=0, linewidths=0
    )
    lay_out(axes, plane)
    draw_components(axes, means, covariances, colors, edges=[FAINT] * len(colors))
    color_key(figure, dots, [axes], "entropy of a song's posteriors (nats)")
    return figure


def pca_kmeans(
    songs: pd.DataFrame,
    clusters: pd.Series,
    counts: pd.DataFrame,
    sample: pd.DataFrame,
    plane: Plane,
    colors: Colors,
    finding: str,
) -> Figure:
    """Songs on the same map twice: the mixture's hard labels, and K-Means in matched colors.

    `clusters` are the songs' K-Means clusters, `counts` the table of both labelings. A cluster
    has the color of the component it is matched with and keeps its own number; numbers stand at
    the mean of the songs. K-Means parts the songs where they are nearer to another center, the
    mixture may put a wide component behind a tight one.
    """
    k, shown = len(colors), min(len(colors), MOST_COMPONENTS)
    matched = counts["kmeans_cluster"].to_numpy()[:k]  # the cluster of component 0, 1, 2 …
    coordinates, of_all = plane.coordinates(sample), plane.coordinates(songs)
    note = (
        f"{sample_note(len(sample), len(songs))}. Numbers: at the mean of the songs. K-Means: in "
        f"the color of the matched component.{left_out('Numbers', k)}"
    )
    figure = blank(*map_size(coordinates, abreast=2), finding, note)
    panels = figure.subplots(1, 2)
    by_cluster = [color for _, color in sorted(zip(matched, colors, strict=True))]
    labelings = {
        "mixture, by component": (songs["gmm_cluster"], np.arange(k), colors),
        "K-Means, by cluster": (clusters, matched, by_cluster),
    }
    for axes, (title, (labels, order, shades)) in zip(panels, labelings.items(), strict=True):
        scatter(bare(axes), coordinates, labels.loc[sample.index], shades)
        axes.set_title(title, fontsize=11)
        lay_out(axes, plane)
        centers = pd.DataFrame(of_all).groupby(labels.to_numpy()).mean()
        named = [label for label in order[:shown] if label in centers.index]
        number_badges(axes, centers.loc[named].to_numpy(), named, [shades[i] for i in named])
    panels[1].set_ylabel("")
    return figure


def sample_note(sample: int, songs: int) -> str:
    """Say how many of the songs are drawn."""
    return (
        f"{sample:,} of {songs:,} songs, a random sample" if sample < songs else f"{songs:,} songs"
    )


def scatter(axes: Axes, coordinates: FloatArray, labels: pd.Series, colors: Colors) -> None:
    """Draw songs at coordinates, (N, 2), as dots in the color of their label."""
    dots = np.array(colors)[labels]
    axes.scatter(
        coordinates[:, 0], coordinates[:, 1], s=7, c=dots.tolist(), alpha=0.6, linewidths=0
    )


def left_out(things: str, k: int) -> str:
    """Say of which components these things are drawn, "" where of all of them."""
    shown = min(k, MOST_COMPONENTS)
    return f" {things} of the {shown} heaviest of {k} components." if shown < k else ""


def lay_out(axes: Axes, plane: Plane) -> None:
    """Name the axes and give both one scale, the room left over being on either side."""
    axes.margins(MARGIN)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(plane.name(0), fontsize=9)
    axes.set_ylabel(plane.name(1), fontsize=9)


def draw_components(
    axes: Axes,
    means: FloatArray,
    covariances: FloatArray,
    colors: Colors,
    edges: Colors | None = None,
) -> None:
    """Draw the ellipses of one standard deviation of the heaviest components, numbered.

    The ellipses have the components' colors, or those of `edges`.
    """
    shown = min(len(colors), MOST_COMPONENTS)
    outlines = edges or colors
    for mean, covariance, color in zip(means[:shown], covariances, outlines, strict=False):
        variances, directions = np.linalg.eigh(covariance)
        width, height = 2 * np.sqrt(variances)
        angle = np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
        for line, edge in ((3.0, "white"), (1.6, color)):  # white, to stand off from the dots
            ellipse = Ellipse(tuple(mean), width, height, angle=angle, fill=False)
            ellipse.set(edgecolor=edge, linewidth=line)
            axes.add_patch(ellipse)
    number_badges(axes, means[:shown], list(range(shown)), colors[:shown])


def number_badges(axes: Axes, coordinates: FloatArray, numbers: list[int], colors: Colors) -> None:
    """Put badges at coordinates, (K, 2), or where crowded beside them, joined by a line."""
    reach = max(np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim()))
    apart = spread_out(coordinates, reach * BADGE)
    for number, color, place, moved in zip(numbers, colors, coordinates, apart, strict=True):
        axes.plot(*zip(place, moved, strict=True), color=INK, linewidth=0.8)
        badge(axes.text(moved[0], moved[1], str(number), ha="center", va="center"), color)


def spread_out(coordinates: FloatArray, distance: float) -> FloatArray:
    """Return the coordinates, (K, 2), pushed apart until no two are closer than `distance`."""
    angles = np.arange(len(coordinates))
    moved = coordinates + 1e-6 * distance * np.column_stack([np.cos(angles), np.sin(angles)])
    for _ in range(300):
        differences = moved[:, None] - moved[None]
        lengths = np.linalg.norm(differences, axis=-1) + np.eye(len(coordinates))
        push = np.clip(distance - lengths, 0, None) * (1 - np.eye(len(coordinates)))
        if not push.any():
            break
        moved = moved + 0.5 * (differences / lengths[..., None] * push[..., None]).sum(axis=1)
    return moved
