"""Pictures of the components: where each is, how much it weighs, how it is spread."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from song_mixtures.mixture import Mixture, effective_components
from song_mixtures.pictures.style import (
    DEVIATIONS,
    FAINT,
    INK,
    UNITS,
    Colors,
    badge,
    bare,
    blank,
    color_key,
    feature_name,
    heatmap,
    number_rows,
    signed,
)
from song_mixtures.scaling import FloatArray

PANELS_ABREAST = 4
ONE_SPREAD = 1.01  # ratio of widest to tightest below which all components are spread alike
NO_CORRELATION = 0.005  # what two decimals show as zero


def component_means(
    mixture: Mixture, means: pd.DataFrame, weights: pd.DataFrame, colors: Colors
) -> Figure:
    """Each component's mean: numbers in original units, colors in standard deviations.

    White is the mean of all songs, the two hues are below and above it, and one scale serves
    all features, so colors compare across columns where numbers cannot. On the right the
    component's weight and its profile in words.
    """
    features = [str(column) for column in means if column not in ("component", "profile")]
    note = "Numbers: original units. Colors: standard deviations from the mean of all songs."
    figure = blank(9, 1.9 + 0.32 * len(means), difference_finding(mixture, features), note)
    axes = figure.subplots()
    extreme = max(1.0, float(np.abs(mixture.means).max()))
    texts = np.array(
        [[in_units(row[name], name) for name in features] for _, row in means.iterrows()]
    )
    limits = (-extreme, extreme)
    mesh = heatmap(axes, mixture.means, colormap=DEVIATIONS, limits=limits, texts=texts, fontsize=9)
    axes.set_xticks(np.arange(len(features)) + 0.5, [feature_name(name) for name in features])
    axes.tick_params(axis="x", length=0, top=True, labeltop=True, labelbottom=False)
    number_rows(axes, colors)
    describe_rows(axes, weights, means)
    color_key(figure, mesh, [axes], "standard deviations")
    return figure


def difference_finding(mixture: Mixture, features: list[str]) -> str:
    """Say in which feature the components differ most and least.

    A standardized feature has variance 1 over all songs; the sum of w_k m_k^2 is the share of it
    that lies between the components' means, the rest is within components.
    """
    between = mixture.weights @ mixture.means**2
    most, least = features[int(between.argmax())], features[int(between.argmin())]
    return (
        f"Components differ most in {most} ({between.max():.0%} of its variance lies between "
        f"their means), least in {least} ({between.min():.0%})"
    )


def in_units(value: float, feature: str) -> str:
    """Return a mean as it is read: whole BPM, tenths of a decibel, hundredths of the rest."""
    return signed(value, {"BPM": 0, "dB": 1}.get(UNITS.get(feature, ""), 2))


def describe_rows(
    axes: Axes, weights: pd.DataFrame, means: pd.DataFrame, first: float = 0.5
) -> None:
    """Write each component's weight and profile to the right of its row."""
    described = zip(weights["weight_percent"], means["profile"], strict=True)
    for row, (percent, profile) in enumerate(described):
        for text, indent, side in ((f"{percent:.1f}%", 42, "right"), (profile, 50, "left")):
            axes.annotate(
                text, (1, first + row), (indent, 0), xycoords=("axes fraction", "data"), ha=side,
                textcoords="offset points", va="center", fontsize=9, annotation_clip=False,
            )  # fmt: skip


def weights(table: pd.DataFrame, means: pd.DataFrame, colors: Colors) -> Figure:
    """Weight of each component, the share of songs it stands for, largest first.

    The dashed line is the weight that all would have if they weighed the same. On the right the
    components' profiles in words.
    """
    percent = table["weight_percent"].to_numpy()
    finding = (
        f"Weights run from {percent.min():.1f}% to {percent.max():.1f}%; the {len(table)} "
        f"components count as {effective_components(table['weight'].to_numpy()):.1f} equal ones"
    )
    note = "Dashed: the weight of each if all were equal, 1/K."
    figure = blank(9, 1.5 + 0.3 * len(table), finding, note)
    axes = bare(figure.subplots())
    rows = np.arange(len(table), dtype=float)
    axes.barh(rows, percent, color=list(colors), height=0.75)
    equal = 100 / len(table)
    axes.axvline(equal, color=INK, linestyle="--", linewidth=1)
    axes.annotate(
        f"equal: {equal:.1f}%", (equal, 1), (0, 3), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="center", fontsize=8.5, color=INK,
    )  # fmt: skip
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.set_xlabel("weight (%)")
    number_rows(axes, colors, first=0)
    describe_rows(axes, table, means, first=0)
    return figure


def covariances(table: pd.DataFrame, colors: Colors) -> Figure:
    """Covariance matrix of every component, in standardized features.

    On the diagonal are variances, 1 being that of all songs; off it covariances, zero where two
    features vary independently within the component. The colors end at 1 in either direction;
    the numbers do not. `spread` is the geometric mean of the standard deviations along the
    component's own axes, the 2d-th root of the determinant.
    """
    features = list(dict.fromkeys(table["feature"]))
    k, d = len(colors), len(features)
    matrices = table["covariance_standardized"].to_numpy().reshape(k, d, d)
    spreads = np.linalg.det(matrices) ** (1 / (2 * d))
    across = min(k, PANELS_ABREAST)
    down = -(-k // across)  # rounded up
    note = "Covariances of standardized features; on the diagonal variances, 1 that of all songs."
    size = max(2.2 * across + 1, 7), 2.15 * down + 1.6
    figure = blank(*size, spread_finding(spreads, table), note)
    panels = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
    for number, axes in enumerate(panels[:k]):
        texts = np.array([[signed(value) for value in row] for row in matrices[number]])
        mesh = heatmap(
            axes, matrices[number], colormap=DEVIATIONS, limits=(-1, 1), texts=texts, fontsize=7.5
        )
        badge(axes.set_title(str(number), loc="left"), colors[number])
        axes.set_title(f"spread {spreads[number]:.2f}", loc="right", fontsize=8.5, color=FAINT)
        name_features(axes, features, lowest=number >= across * (down - 1))
    for axes in panels[k:]:
        leave_names_only(axes, features)
    color_key(figure, mesh, panels.tolist(), "covariance, standardized", extend="both")
    return figure


def name_features(axes: Axes, features: list[str], *, lowest: bool) -> None:
    """Name the rows and, in the last row of panels, the columns of a feature × feature panel."""
    ticks = np.arange(len(features)) + 0.5
    axes.set_xticks(ticks, features, rotation=90, fontsize=8)
    axes.set_yticks(ticks, features, fontsize=8)
    axes.tick_params(length=0, labelbottom=lowest)


def leave_names_only(axes: Axes, features: list[str]) -> None:
    """In a place without a component, name the columns of the panel above."""
    axes.set_axis_off()
    for column, feature in enumerate(features):
        name = axes.text(column + 0.5, 0, feature, rotation=90, ha="center", va="top")
        name.set(fontsize=8, in_layout=False)


def spread_finding(spreads: FloatArray, table: pd.DataFrame) -> str:
    """Say which component is widest and which two features vary together most."""
    widest, tightest = int(spreads.argmax()), int(spreads.argmin())
    alike = spreads[widest] < ONE_SPREAD * spreads[tightest]
    sentence = (
        "All components are spread alike"
        if alike
        else f"Component {widest} is spread widest, component {tightest} least"
    )
    pairs = table[table["feature"] != table["other_feature"]]
    means = pairs.groupby(["feature", "other_feature"], sort=False, as_index=False).agg(
        correlation=("correlation", "mean")
    )
    strongest = means.iloc[int(means["correlation"].abs().to_numpy().argmax())]
    if abs(strongest["correlation"]) < NO_CORRELATION:
        return f"{sentence}; within them no two features vary together"
    pair = f"{strongest['feature']} and {strongest['other_feature']}"
    mean = f"mean correlation {signed(strongest['correlation'])}"
    return f"{sentence}; within them {pair} vary together most ({mean})"
