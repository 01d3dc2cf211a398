"""Pictures of the songs: how sure the mixture is of each, and where they lie."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from scipy.special import xlogy

from song_mixtures.mixture import Mixture
from song_mixtures.pictures.style import FAINT, INK, Colors, badge, bare, blank
from song_mixtures.scaling import FloatArray, Scaling

ENTROPY_BINS = 40  # from 0 to log K
COUNTS_SHOWN = (1, 2, 3, 4, 5, 7, 10, 15, 20)  # of equally likely components
WORTH_NAMING = 0.4  # least absolute loading of a feature that is named on a principal axis


def drawn_songs(songs: pd.DataFrame, max_points: int, seed: int) -> pd.DataFrame:
    """Return the songs of the scatter pictures in random order, lest one component hide another.

    At most max_points: a fixed random sample.
    """
    order = np.random.default_rng(seed).permutation(len(songs))
    return songs.iloc[order[:max_points]]


def sample_note(drawn: int, songs: int) -> str:
    """Say how many of the songs are drawn."""
    return f"{drawn:,} of {songs:,} songs, a random sample" if drawn < songs else f"{songs:,} songs"


def entropy_histogram(songs: pd.DataFrame, k: int) -> Figure:
    """How many songs have which entropy of their posteriors, from 0 to log K.

    At 0 the mixture is certain of the song, at log K all components are equally likely. The
    axis on top translates: a song is as undecided as among so many equally likely components.
    """
    mean = songs["gmm_entropy"].mean()
    finding = (
        f"The mean entropy is {mean:.2f} nats, {mean / np.log(k):.0%} of log {k}: as undecided as "
        f"among {np.exp(mean):.1f} equally likely components"
    )
    note = "Left: certain of one component. Right end, log K: every component equally likely."
    figure = blank(8, 4.4, finding, note)
    axes = figure.subplots()
    counts, edges = np.histogram(songs["gmm_entropy"], ENTROPY_BINS, (0, np.log(k)))
    axes.bar(edges[:-1], counts, np.diff(edges), align="edge", color="#9db4d0", edgecolor="white")
    axes.axvline(mean, color=INK, linewidth=1.5)
    axes.annotate(
        f"mean {mean:.2f}", (mean, 1), (5, -4), xycoords=("data", "axes fraction"),
        textcoords="offset points", va="top", color=INK, fontweight="bold",
    )  # fmt: skip
    axes.annotate(
        f"log K = {np.log(k):.2f}", (1, 0.5), (-5, 0), xycoords="axes fraction",
        textcoords="offset points", ha="right", va="center", rotation=90, color=FAINT,
    )  # fmt: skip
    axes.set(xlabel="entropy of a song's posteriors (nats)", ylabel="songs", xlim=(0, np.log(k)))
    axes.set_ylim(0, counts.max() * 1.12)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    mark_equal_components(axes, k)
    return figure


def mark_equal_components(axes: Axes, k: int) -> None:
    """Add an axis on top with the entropy of 1, 2, 3 … K equally likely components."""
    shown = [count for count in COUNTS_SHOWN if np.log(k / count) > 0.05 * np.log(k)] + [k]
    top = axes.secondary_xaxis("top")
    top.set_xticks([float(np.log(count)) for count in shown], [str(count) for count in shown])
    top.set_xlabel("as undecided as among so many equally likely components", color=FAINT)
    top.tick_params(labelcolor=FAINT, color=FAINT)


def posterior_vs_entropy(songs: pd.DataFrame, drawn: pd.DataFrame, colors: Colors) -> Figure:
    """Each song's greatest posterior against its entropy, colored by its component.

    Top left: certain. The two lines bound what is possible with K components: on the lower left
    one, as few components as can be share the song, on the upper right one all the others share
    what the first leaves.
    """
    sure, torn = (songs["gmm_greatest_prob"] > 0.9).mean(), songs["gmm_torn"].mean()
    finding = (
        f"One component takes over 90% for {sure:.0%} of songs; {torn:.0%} are torn between two"
    )
    note = f"{sample_note(len(drawn), len(songs))}. Lines: least and most entropy there can be."
    figure = blank(8.5, 5.2, finding, note)
    axes = bare(figure.subplots())
    scatter(
        axes, drawn["gmm_entropy"].to_numpy(), drawn["gmm_greatest_prob"].to_numpy(), drawn, colors
    )
    posterior = np.linspace(1 / len(colors), 1, 400)
    for bound in entropy_bounds(posterior, len(colors)):
        axes.plot(bound, posterior, color=INK, linewidth=0.8)
    axes.set(xlabel="entropy (nats)", ylabel="greatest posterior", ylim=(0, 1.02))
    axes.set_xlim(-0.02 * np.log(len(colors)), 1.02 * np.log(len(colors)))
    legend_of_components(axes, colors)
    return figure


def entropy_bounds(posterior: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most entropy of K posteriors whose greatest is `posterior`.

    Least: floor(1/p) components with p each and one with the rest. Most: one with p, the other
    K - 1 with equal shares of 1 - p.
    """
    equals = np.floor(1 / posterior + 1e-9)
    rest = np.clip(1 - equals * posterior, 0, None)
    least = -(equals * xlogy(posterior, posterior) + xlogy(rest, rest))
    share = (1 - posterior) / (k - 1)
    most = -(xlogy(posterior, posterior) + (k - 1) * xlogy(share, share))
    return least, most


def scatter(axes: Axes, x: FloatArray, y: FloatArray, songs: pd.DataFrame, colors: Colors) -> None:
    """Draw songs as dots in their component's color."""
    dots = np.array(colors)[songs["gmm_cluster"]]
    axes.scatter(x, y, s=7, c=dots.tolist(), alpha=0.6, linewidths=0)


def legend_of_components(axes: Axes, colors: Colors) -> None:
    """List the components' numbers beside their colors, to the right of the axes."""
    dots = [Line2D([], [], color=color, marker="o", linestyle="") for color in colors]
    numbers = [str(component) for component in range(len(colors))]
    columns = 1 if len(colors) <= 12 else 2
    axes.legend(
        dots, numbers, loc="upper left", bbox_to_anchor=(1.01, 1), ncols=columns,
        title="component", frameon=False, handletextpad=0.2, columnspacing=1,
    )  # fmt: skip


def principal_axes(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the principal axes of points (N, d), as columns, and each one's share of variance.

    Eigenvectors of the covariance, largest first, each turned so that its largest loading is
    positive: its sign is arbitrary otherwise.
    """
    values, vectors = np.linalg.eigh(np.cov(points, rowvar=False, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(len(values))])
    return vectors * signs, values / values.sum()


def pca_map(
    songs: pd.DataFrame, drawn: pd.DataFrame, mixture: Mixture, scaling: Scaling, colors: Colors
) -> Figure:
    """Songs on the two principal axes of the standardized features, colored by component.

    Each ellipse is one standard deviation of a component, projected; 39 % of its songs lie
    within. Components that overlap here may be apart in the directions that are not shown: the
    axes say how much of the variance they hold and which features they run along.
    """
    points = scaling.standardize(songs)
    axes_of_map, shares = principal_axes(points)
    plane, center = axes_of_map[:, :2], points.mean(axis=0)
    finding = (
        f"Two principal axes show {shares[:2].sum():.0%} of the variance; on them the mean of "
        f"{within_another(mixture, plane)} of {len(colors)} components is in another's ellipse"
    )
    note = (
        f"{sample_note(len(drawn), len(songs))}. Ellipses: one standard deviation of a component."
    )
    figure = blank(8.5, 7, finding, note)
    axes = bare(figure.subplots())
    x, y = ((scaling.standardize(drawn) - center) @ plane).T
    scatter(axes, x, y, drawn, colors)
    axes.set_aspect("equal", adjustable="datalim")
    draw_components(axes, (mixture.means - center) @ plane, projected(mixture, plane), colors)
    axes.set_xlabel(axis_name(1, shares[0], plane[:, 0], scaling.features))
    axes.set_ylabel(axis_name(2, shares[1], plane[:, 1], scaling.features))
    return figure


def projected(mixture: Mixture, plane: FloatArray) -> FloatArray:
    """Return the components' covariances on a plane, P^T S P, (K, 2, 2)."""
    shadows: FloatArray = plane.T @ mixture.covariances @ plane
    return shadows


def within_another(mixture: Mixture, plane: FloatArray) -> int:
    """Count the components whose mean lies within another's ellipse on the plane."""
    inverse = np.linalg.inv(projected(mixture, plane))
    steps = (mixture.means[None] - mixture.means[:, None]) @ plane  # from i to j
    distances = np.einsum("ijp,ipq,ijq->ij", steps, inverse, steps)
    return int((distances + 2 * np.eye(len(distances)) < 1).any(axis=0).sum())


def draw_components(axes: Axes, means: FloatArray, covariances: FloatArray, colors: Colors) -> None:
    """Draw the components' ellipses of one standard deviation, numbered."""
    for mean, covariance, color in zip(means, covariances, colors, strict=True):
        variances, directions = np.linalg.eigh(covariance)
        width, height = 2 * np.sqrt(variances)
        angle = np.degrees(np.arctan2(directions[1, 0], directions[0, 0]))
        for line, edge in ((3.0, "white"), (1.6, color)):  # white, to stand off from the dots
            axes.add_patch(
                Ellipse(
                    tuple(mean),
                    width,
                    height,
                    angle=angle,
                    fill=False,
                    edgecolor=edge,
                    linewidth=line,
                )
            )
    reach = np.ptp(axes.dataLim.get_points(), axis=0).max()
    for number, (mean, place) in enumerate(zip(means, spread_out(means, reach / 24), strict=True)):
        axes.plot(*zip(mean, place, strict=True), color=INK, linewidth=0.8)
        badge(axes.text(place[0], place[1], str(number), ha="center", va="center"), colors[number])


def spread_out(places: FloatArray, distance: float) -> FloatArray:
    """Return the places, (K, 2), pushed apart until no two are closer than `distance`."""
    angles = np.arange(len(places))
    moved = places + 1e-6 * distance * np.column_stack([np.cos(angles), np.sin(angles)])
    for _ in range(300):
        steps = moved[:, None] - moved[None]
        lengths = np.linalg.norm(steps, axis=-1) + np.eye(len(places))
        push = np.clip(distance - lengths, 0, None) * (1 - np.eye(len(places)))
        if not push.any():
            break
        moved = moved + 0.5 * (steps / lengths[..., None] * push[..., None]).sum(axis=1)
    return moved


def axis_name(number: int, share: float, loadings: FloatArray, features: tuple[str, ...]) -> str:
    """Name a principal axis by its share of the variance and the features it runs along."""
    order = np.argsort(-np.abs(loadings), kind="stable")
    named = [
        f"{'+' if loadings[j] > 0 else '−'} {features[j]}"
        for j in order
        if abs(loadings[j]) >= WORTH_NAMING
    ]
    return f"principal axis {number}, {share:.1%} of the variance: {' '.join(named)}"
