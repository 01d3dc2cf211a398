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
from song_mixtures.presentation.figures.palettes import FAINT, INK, Colors, said_of_badges
from song_mixtures.presentation.figures.vega import MOST_COMPONENTS
from song_mixtures.presentation.pictures.style import badge, bare, blank, color_key, heaviest
from song_mixtures.songs.plane import Plane
from song_mixtures.suspects.kinds import NOWHERE

# From light, certain, to dark, without what is too light on white; color-blind readers see it too.
ENTROPY = ListedColormap(mpl.colormaps["magma_r"](np.linspace(0.12, 1, 256)))
BADGE = 1 / 17  # the room a badge of two digits takes, of the smallest map
WIDEST, TALLEST = 10.0, 6.0  # of maps, inches
MARGIN = 0.04  # around songs and ellipses, of their extent


def pca_map(
    songs: pd.DataFrame,
    sample: pd.DataFrame,
    suspects: pd.DataFrame,
    mixture: Mixture,
    plane: Plane,
    colors: Colors,
    faces: Colors,
    finding: str,
    note: str,
) -> Figure:
    """Songs colored by component, each with the ellipse of one standard deviation."""
    figure, [axes] = maps(plane, sample, finding, drawn_of(sample, songs, faces) + note)
    scatter(axes, plane.coordinates(sample), sample["gmm_cluster"], colors)
    nowhere = sample["song"].isin(suspects.loc[suspects["kind"] == NOWHERE, "song"])
    x, y = plane.coordinates(sample[nowhere]).T
    axes.scatter(x, y, s=26, c=INK, marker="x", linewidths=1)
    ellipses = projected(mixture, plane.center, plane.directions)
    draw_components(axes, *ellipses, colors, colors, faces)
    return figure


def pca_entropy(
    songs: pd.DataFrame,
    sample: pd.DataFrame,
    mixture: Mixture,
    plane: Plane,
    colors: Colors,
    faces: Colors,
    finding: str,
    note: str,
) -> Figure:
    """Songs by the entropy of their posteriors, the darkest drawn last."""
    rising = sample.sort_values("gmm_entropy", kind="stable")
    words = drawn_of(sample, songs, faces) + note
    figure, [axes] = maps(plane, sample, finding, words, below=0.7)
    x, y = plane.coordinates(rising).T
    dots = axes.scatter(x, y, s=9, c=rising["gmm_entropy"], cmap=ENTROPY, vmin=0, linewidths=0)
    ellipses = projected(mixture, plane.center, plane.directions)
    draw_components(axes, *ellipses, [FAINT] * len(colors), colors, faces)
    color_key(axes, dots, "entropy of a song's posteriors (nats)")
    return figure


def pca_kmeans(
    songs: pd.DataFrame,
    clusters: pd.Series,
    counts: pd.DataFrame,
    sample: pd.DataFrame,
    plane: Plane,
    colors: Colors,
    faces: Colors,
    finding: str,
    note: str,
) -> Figure:
    """Songs by hard label, and by K-Means' `clusters` in matched colors with their own number.

    `counts` is the table of both labelings: clusters stand in the order of their components.
    """
    matched = counts["kmeans_cluster"].to_numpy()[: len(colors)]  # of component 0, 1, 2 …
    by_cluster = [color for _, color in sorted(zip(matched, colors, strict=True))]
    places = pd.DataFrame(plane.coordinates(songs), songs.index)
    components = np.arange(len(colors))
    words = drawn_of(sample, songs, faces) + note
    figure, panels = maps(plane, sample, finding, words, abreast=2)
    for axes, title, labels, order, shades, fills in (
        (panels[0], "mixture, by component", songs["gmm_cluster"], components, colors, faces),
        (panels[1], "K-Means, by cluster", clusters, matched, by_cluster, by_cluster),
    ):
        axes.set_title(title, fontsize=11)
        scatter(axes, places.loc[sample.index].to_numpy(), labels.loc[sample.index], shades)
        centers = places.groupby(labels).mean()
        named = [label for label in order[:MOST_COMPONENTS] if label in centers.index]
        marks = [(shades[i], fills[i]) for i in named]
        number_badges(axes, centers.loc[named].to_numpy(), named, marks)
    panels[1].set_ylabel("")
    return figure


def drawn_of(sample: pd.DataFrame, songs: pd.DataFrame, faces: Colors) -> str:
    """Say how many of the songs are drawn, which components are numbered, and which hold."""
    of = f"{len(sample):,} of " if len(sample) < len(songs) else ""
    drawn = f"{of}{len(songs):,} songs{', a random sample' if of else ''}"
    return f"{drawn}. {heaviest(len(faces), 'Numbered')}{said_of_badges(faces)}"


def maps(
    plane: Plane, sample: pd.DataFrame, finding: str, note: str, abreast: int = 1, below: float = 0
) -> tuple[Figure, list[Axes]]:
    """Return empty maps beside one another, both axes of one scale, that leave little empty.

    A map is at most as large as TALLEST and WIDEST say; `below` are inches for what is there.
    """
    across, up = np.maximum(np.ptp(plane.coordinates(sample), axis=0), 1e-9)
    scale = min(WIDEST / abreast / across, TALLEST / up)
    width, height = max(7.0, abreast * (scale * across + 0.6) + 0.4), max(3.0, scale * up) + 1.9
    figure = blank(width, height + below, finding, note)
    panels = list(figure.subplots(1, abreast, squeeze=False)[0])
    for axes in panels:
        bare(axes).margins(MARGIN)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel(plane.name(0), fontsize=9)
        axes.set_ylabel(plane.name(1), fontsize=9)
    return figure, panels


def scatter(axes: Axes, coordinates: FloatArray, labels: pd.Series, colors: Colors) -> None:
    """Draw songs at coordinates, (N, 2), as dots in the color of their label."""
    dots = np.array(colors)[labels].tolist()
    x, y = coordinates.T
    axes.scatter(x, y, s=7, c=dots, alpha=0.6, linewidths=0)


def draw_components(
    axes: Axes,
    means: FloatArray,
    covariances: FloatArray,
    edges: Colors,
    colors: Colors,
    faces: Colors,
) -> None:
    """Draw the ellipses of one standard deviation of the heaviest components, numbered."""
    shown = min(len(colors), MOST_COMPONENTS)
    for mean, covariance, color in zip(means[:shown], covariances, edges, strict=False):
        variances, directions = np.linalg.eigh(covariance)
        width, height = 2 * np.sqrt(variances)
        angle = np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
        for line, edge in ((3.0, "white"), (1.6, color)):  # white, to stand off from the dots
            ellipse = Ellipse(tuple(mean), width, height, angle=angle, fill=False)
            ellipse.set(edgecolor=edge, linewidth=line)
            axes.add_patch(ellipse)
    marks = list(zip(colors, faces, strict=True))[:shown]
    number_badges(axes, means[:shown], list(range(shown)), marks)


def number_badges(
    axes: Axes, coordinates: FloatArray, numbers: list[int], marks: list[tuple[str, str]]
) -> None:
    """Put badges at coordinates, (K, 2), or where crowded beside them, joined by a line.

    `marks` are colors and faces.
    """
    reach = max(np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim()))
    apart = spread_out(coordinates, reach * BADGE)
    for number, mark, place, moved in zip(numbers, marks, coordinates, apart, strict=True):
        axes.plot(*zip(place, moved, strict=True), color=INK, linewidth=0.8)
        badge(axes.text(moved[0], moved[1], str(number), ha="center"), *mark)


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
