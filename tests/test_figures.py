"""Pictures hold what the tables say: positions, colors, texts, and a title that is the finding."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from song_mixtures.mixture.model import CovarianceType, Mixture, posteriors
from song_mixtures.pipeline.files import write_json
from song_mixtures.pipeline.params import read_params
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import Tables, read_table, write_table
from song_mixtures.presentation.figures.palettes import PALETTES, palette_colors
from song_mixtures.presentation.pictures import components as component_figures
from song_mixtures.presentation.pictures import densities as density_figures
from song_mixtures.presentation.pictures import labels as label_figures
from song_mixtures.presentation.pictures import maps as map_figures
from song_mixtures.presentation.pictures import songs as song_figures
from song_mixtures.presentation.pictures import sweep as fit_figures
from song_mixtures.presentation.pictures.style import lettered
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.features import signed
from song_mixtures.songs.plane import Plane, principal_axes
from song_mixtures.songs.scaling import Scaling
from stages import figures
from stages.compare_kmeans import confusion, genre_table
from stages.components import covariances_table, means_table, weights_table
from stages.uncertainty import evaluate_songs
from tests.conftest import FEATURES, SetParams, run_stage

COLORS = palette_colors("distinct", 3)
SCALING = Scaling(tuple(FEATURES), ("identity",) * 5, np.zeros(5), np.ones(5))
MIXTURE = Mixture(
    "full",
    weights=np.array([0.5, 0.3, 0.2]),
    means=np.array([[1.0, 0, 0, 0, 0], [-1.0, 0.5, 0, 0, 0], [0, 0, -2.0, 0, 0]]),
    covariances=np.array([np.diag([1.0, 0.5, 1, 1, 1]), np.eye(5) / 4, np.eye(5) * 2.25]),
)
MEANS = pd.DataFrame(
    [[0, 140.4, 0.61, -5.25, 0.5, 0.5, "fast"], [1, 80.0, 0.7, -6, 0.5, 0.5, "slow"],
     [2, 120.0, 0.6, -23.94, 0.5, 0.5, "quiet"]],
    columns=["component", *FEATURES, "profile"],
)  # fmt: skip
WEIGHTS = pd.DataFrame({
    "component": range(3), "weight": [0.5, 0.3, 0.2], "hard_songs": [1500, 900, 0],
})  # fmt: skip
WEIGHTS["weight_percent"] = 100 * WEIGHTS["weight"]
CHOSEN = {"n_components": 3, "covariance_type": "full"}


def fits(**changes: list[Any]) -> pd.DataFrame:
    table = pd.DataFrame({
        "k": [2, 3, 4], "covariance_type": "full", "bic": [30.0, 20, 25], "aic": [28.0, 15, 12],
        "icl": [31.0, 35, 40], "log_likelihood": [-9.0, -7, -6], "valid": 1,
    })  # fmt: skip
    return table.assign(**changes)


def songs(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    posterior = rng.dirichlet([0.3, 0.3, 0.3], count)
    table = pd.DataFrame(rng.normal(size=(count, 5)), columns=FEATURES)
    for component in range(3):
        table[f"gmm_prob_{component}"] = posterior[:, component]
    return table.assign(
        gmm_cluster=posterior.argmax(axis=1),
        gmm_max_prob=posterior.max(axis=1),
        gmm_entropy=-(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1),
        gmm_ambiguous=0,
    )


def covariance_table(mixture: Mixture = MIXTURE) -> pd.DataFrame:
    k, d = mixture.means.shape
    spread = np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2))
    correlations = mixture.covariances / (spread[:, :, None] * spread[:, None, :])
    return pd.DataFrame({
        "component": np.repeat(np.arange(k), d * d),
        "feature": np.tile(np.repeat(FEATURES[:d], d), k),
        "other_feature": np.tile(FEATURES[:d], k * d),
        "covariance_standardized": mixture.covariances.ravel(),
        "correlation": correlations.ravel(),
    })  # fmt: skip


def confusion_table(matrix: list[list[int]], clusters: list[int]) -> pd.DataFrame:
    k = len(matrix)
    return pd.DataFrame({
        "gmm_cluster": np.repeat(np.arange(k), k), "kmeans_cluster": clusters * k,
        "matched_component": np.tile(np.arange(k), k), "songs": np.ravel(matrix),
    })  # fmt: skip


def title(figure: Figure) -> str:
    return " ".join(figure.get_suptitle().split())


def note(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def curve(axes: Axes, index: int = 0) -> list[list[float]]:
    return [np.asarray(values, dtype=float).tolist() for values in axes.lines[index].get_data()]


def cells(axes: Axes) -> Any:
    """Return the values behind a heatmap's colors, row by row."""
    return np.ravel(np.asarray(axes.collections[0].get_array()))


def badges(axes: Axes, side: str = "y") -> dict[str, str]:
    """Return the numbers on an axis with the colors they stand on."""
    labels = axes.get_yticklabels() if side == "y" else axes.get_xticklabels()
    found = {}
    for label in labels:
        patch = label.get_bbox_patch()
        assert patch is not None
        found[label.get_text()] = to_hex(patch.get_facecolor())
    return found


NUMBERED = {str(number): color for number, color in enumerate(COLORS)}


# --- colors


def test_component_colors_are_all_different_up_to_twenty() -> None:
    assert len(set(palette_colors("distinct", 20))) == 20
    assert palette_colors("distinct", 22)[20:] == list(PALETTES["distinct"][:2])


def test_a_component_keeps_its_color_whatever_k() -> None:
    assert palette_colors("distinct", 20)[:5] == palette_colors("distinct", 5)
    assert palette_colors("tableau", 7)[:5] == palette_colors("tableau", 5)


def seen_by(color_blind: list[list[float]], colors: list[str]) -> np.ndarray:
    """Return CIELAB as seen with a Machado et al. (2009) matrix of full severity."""
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(color_blind).T, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = seen @ np.array(to_xyz).T / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.column_stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])]
    )


@pytest.mark.parametrize(
    "eyes",
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    ],
    ids=["normal", "deuteranope", "protanope", "tritanope"],
)
def test_any_eyes_tell_the_twenty_colors_apart(eyes: list[list[float]]) -> None:
    lab = seen_by(eyes, list(PALETTES["distinct"]))
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + 99 * np.eye(20)
    assert distances.min() > 12


def test_an_unknown_palette_is_refused(set_params: SetParams) -> None:
    set_params({"figures.palette": "rainbow99"})
    with pytest.raises(StageError, match=r"figures\.palette is 'rainbow99', expected one of"):
        read_params("figures", figures.Figures)


# --- the sweep


def test_each_criterion_is_drawn_as_it_stands_in_the_table() -> None:
    figure = fit_figures.bic_aic(fits(), CHOSEN)
    drawn = ["bic", "aic", "icl", "log_likelihood"]
    for axes, criterion in zip(figure.axes, drawn, strict=True):
        assert curve(axes) == [[2, 3, 4], fits()[criterion].tolist()]
    assert [axes.get_title() for axes in figure.axes] == [
        "BIC: lowest at K = 3", "AIC: lowest at K = 4", "ICL: lowest at K = 2",
        "log-likelihood (nats)",
    ]  # fmt: skip


def test_the_log_likelihood_has_no_lowest_fit() -> None:
    marks = [line.get_marker() for line in fit_figures.bic_aic(fits(), CHOSEN).axes[3].lines]
    assert marks == ["o", "None", "D"]


@pytest.mark.parametrize("ks", [[2], [2, 3], list(range(2, 21)), list(range(2, 61))])
def test_k_is_counted_in_whole_numbers(ks: list[int]) -> None:
    table = pd.DataFrame({
        "k": ks, "covariance_type": "full", "bic": 1.0, "aic": 1.0, "icl": 1.0,
        "log_likelihood": 1.0, "valid": 1, "inertia": 3.0, "silhouette": 0.2,
        "silhouette_songs": 9,
    })  # fmt: skip
    chosen = {"n_components": ks[-1], "covariance_type": "full"}
    for figure in (fit_figures.bic_aic(table, chosen), fit_figures.kmeans_elbow(table, chosen, 9)):
        for axes in figure.axes:
            assert len(axes.get_xticks()) >= 1
            assert all(tick == round(tick) for tick in axes.get_xticks())


def test_the_chosen_and_the_lowest_fit_are_marked() -> None:
    axes = fit_figures.bic_aic(fits(), {"n_components": 2, "covariance_type": "full"}).axes[0]
    _, dashes, diamond, ring = axes.lines
    assert list(np.asarray(dashes.get_xdata())) == [2, 2]
    assert [list(np.asarray(line.get_xydata())[0]) for line in (diamond, ring)] == [
        [2, 30],
        [3, 20],
    ]


@pytest.mark.parametrize(
    ("changes", "chosen", "numbers"),
    [
        ({}, 2, ["3", "2", "10"]),
        ({"bic": [30, 20, 1020]}, 4, ["3", "4", "1,000"]),
        ({"bic": [30, 20, 10], "valid": [1, 1, 0]}, 2, ["3", "2", "10"]),  # not the invalid one
        ({"valid": [0, 1, 1]}, 2, ["3", "2"]),  # of which no BIC is to be trusted
        ({}, 9, ["3", "9"]),  # which the sweep did not try
    ],
)
def test_the_title_has_the_best_k_by_bic_the_chosen_one_and_how_much_worse_it_is(
    changes: dict[str, list[Any]], chosen: int, numbers: list[str]
) -> None:
    figure = fit_figures.bic_aic(fits(**changes), CHOSEN | {"n_components": chosen})
    assert re.findall(r"\d+(?:,\d{3})*", title(figure)) == numbers


def test_an_unsound_fit_is_a_cross_that_no_line_joins() -> None:
    axes = fit_figures.bic_aic(fits(valid=[1, 0, 1]), CHOSEN).axes[0]
    line, cross, *_ = axes.lines
    assert list(np.asarray(line.get_xdata())) == [2, 4]
    assert (cross.get_marker(), list(np.asarray(cross.get_xdata()))) == ("x", [3])


@pytest.mark.parametrize("valid", [[1, 0, 1], [0, 0, 0]])
def test_a_cross_is_said_to_be_out_of_the_running_only_where_it_is(valid: list[int]) -> None:
    said = note(fit_figures.bic_aic(fits(valid=valid), CHOSEN))
    assert "Cross: a fit not converged" in said
    assert said.endswith("it cannot be lowest.") == any(valid)


def test_covariance_types_differ_in_color_and_in_marker() -> None:
    types = ["full", "tied", "diag", "spherical"]
    table = pd.concat([fits().assign(covariance_type=name) for name in types])
    figure = fit_figures.bic_aic(table, CHOSEN)
    lines = figure.axes[0].lines[:4]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *types, "lowest", "chosen K = 3",
    ]  # fmt: skip
    assert [line.get_label() for line in lines] == types
    assert (
        len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 4
    )


def test_the_elbow_shows_both_curves_and_where_the_silhouette_is_from() -> None:
    table = pd.DataFrame({
        "k": [2, 3], "inertia": [9.0, 5.0], "silhouette": [0.4, 0.25], "silhouette_songs": 100,
    })  # fmt: skip
    figure = fit_figures.kmeans_elbow(table, CHOSEN, songs=250)
    assert [curve(axes) for axes in figure.axes] == [[[2, 3], [9, 5]], [[2, 3], [0.4, 0.25]]]
    assert curve(figure.axes[0], 2) == [[3], [5]]
    assert title(figure).endswith("highest at K = 2 (0.400; 0.250 at the chosen K = 3)")
    assert "a random sample of 100 of 250 songs" in note(figure)
    assert "all 100 songs" in note(fit_figures.kmeans_elbow(table, CHOSEN, songs=100))


@pytest.mark.parametrize("silhouettes", [[0.21, 0.22], [-0.1, 0.2], [-0.2, -0.1], [0.0, 0.0]])
def test_silhouettes_are_seen_from_zero(silhouettes: list[float]) -> None:
    table = pd.DataFrame({
        "k": [2, 3], "inertia": [9.0, 5.0], "silhouette": silhouettes, "silhouette_songs": 100,
    })  # fmt: skip
    low, high = fit_figures.kmeans_elbow(table, CHOSEN, songs=100).axes[1].get_ylim()
    assert low <= 0 < high
    assert low <= min(silhouettes) <= max(silhouettes) <= high


# --- the components


def test_means_are_written_in_original_units_and_colored_in_standard_deviations() -> None:
    figure = component_figures.component_means(MIXTURE, MEANS, WEIGHTS, COLORS)
    axes = figure.axes[0]
    assert texts(axes)[:5] == ["140", "0.61", "−5.2", "0.50", "0.50"]
    assert texts(axes)[12] == "−23.9"
    np.testing.assert_array_equal(cells(axes), MIXTURE.means.ravel())
    assert axes.collections[0].get_clim() == (-2, 2)  # centered: 0 is the middle of the colormap
    assert [label.get_text() for label in axes.get_xticklabels()][:3] == [
        "tempo\n(BPM)", "energy", "loudness\n(dB)",
    ]  # fmt: skip
    assert texts(axes)[15:] == [
        "weight", "50.0%", "30.0%", "20.0%", "songs", "1,500", "900", "0",
        "profile", "fast", "slow", "quiet",
    ]  # fmt: skip
    # tempo: 0.5 * 1 + 0.3 * 1; loudness: 0.2 * 4, as much
    assert title(figure).startswith("Components differ most in tempo (80% of its variance")


def test_weights_are_bars_with_a_line_at_one_over_k() -> None:
    figure = component_figures.weights(WEIGHTS, MEANS, COLORS)
    axes = figure.axes[0]
    bars = axes.patches
    assert [bar.get_width() for bar in bars] == [50, 30, 20]  # type: ignore[attr-defined]
    assert [to_hex(bar.get_facecolor()) for bar in bars] == COLORS
    assert np.asarray(axes.lines[0].get_xdata())[0] == pytest.approx(100 / 3)
    assert "from 20.0% to 50.0%" in title(figure)
    assert "as 2.8 equal ones" in title(figure)  # exp of 1.0297 nats


@pytest.mark.parametrize(("k", "d"), [(2, 5), (3, 2), (7, 3), (20, 5)])
def test_every_component_has_a_covariance_panel(k: int, d: int) -> None:
    rng = np.random.default_rng(k)
    roots = rng.normal(size=(k, d, d))
    mixture = Mixture("full", np.ones(k) / k, np.zeros((k, d)), roots @ roots.transpose(0, 2, 1))
    figure = component_figures.covariances(covariance_table(mixture), palette_colors("distinct", k))
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == [str(i) for i in range(k)]
    for axes, covariance in zip(panels, mixture.covariances, strict=True):
        assert texts(axes) == [signed(value) for value in covariance.ravel()]
        assert axes.get_ylim() == (d, 0)  # the first feature on top


@pytest.mark.parametrize(
    ("covariances", "said"),
    [
        (
            [np.diag([1, 4.0]), np.eye(2)],
            "0 is spread widest, component 1 least; within them no two",
        ),
        ([np.eye(2), np.eye(2)], "All components are spread alike; within them no two features"),
        (
            [[[1, -0.5], [-0.5, 1]]] * 2,
            "tempo and energy vary together most (mean correlation −0.50)",
        ),
    ],
)
def test_the_title_says_which_component_is_widest(covariances: list[Any], said: str) -> None:
    mixture = Mixture("full", np.ones(2) / 2, np.zeros((2, 2)), np.array(covariances, dtype=float))
    assert said in title(component_figures.covariances(covariance_table(mixture), COLORS[:2]))


def test_a_tied_covariance_is_drawn_once() -> None:
    covariance = np.diag([1.0, 0.5])
    mixture = Mixture("tied", np.ones(3) / 3, np.zeros((3, 2)), np.array([covariance] * 3))
    figure = component_figures.covariances(covariance_table(mixture), COLORS)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["all 3 components"]
    assert texts(panels[0]) == ["1.00", "0", "0", "0.50"]


@pytest.mark.parametrize("transform", ["identity", "log2", "logit"])
def test_values_under_a_curve_are_standardized_as_the_songs_are(transform: Any) -> None:
    scaling = Scaling(("a", "b"), ("identity", transform), np.array([0.0, 0.2]), np.array([1, 2.0]))
    points = np.random.default_rng(1).normal(size=(50, 2))
    values = scaling.original_units(points)[:, 1]
    found = density_figures.standardized(values, "b", scaling)
    np.testing.assert_allclose(found, points[:, 1], atol=1e-12)


def test_a_share_at_its_end_is_infinitely_far_away() -> None:
    scaling = Scaling(("a", "b"), ("log2", "logit"), np.zeros(2), np.ones(2))
    ends = density_figures.standardized(np.array([0.0, 1.0]), "b", scaling)
    np.testing.assert_array_equal(ends, [-np.inf, np.inf])


def test_curves_over_a_histogram_hold_as_many_songs_as_its_bars() -> None:
    table = pd.concat([songs(500).assign(tempo=lambda t: t["tempo"] * 0.5 + 1)])
    mixture = Mixture("full", np.ones(1), np.array([[1.0, 0, 0, 0, 0]]), np.eye(5)[None] / 4)
    figure = density_figures.feature_densities(table, mixture, SCALING, COLORS[:1])
    axes = figure.axes[0]
    bars = axes.patches[0].get_data().values.sum()  # type: ignore[attr-defined]
    component, whole = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    assert bars == 500
    assert whole.sum() / density_figures.FINER == pytest.approx(500, rel=0.02)
    np.testing.assert_array_equal(component, whole)
    assert [axes.get_xlabel() for axes in figure.axes[:3]] == [
        "tempo (BPM)", "energy", "loudness (dB)",
    ]  # fmt: skip


# --- the songs


def test_the_entropy_histogram_counts_every_song_up_to_log_k() -> None:
    figure = song_figures.entropy_histogram(songs(), 3)
    axes = figure.axes[0]
    counts = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    assert sum(counts) == 60
    assert axes.get_xlim() == (0, np.log(3))
    mean = songs()["gmm_entropy"].mean()
    assert np.asarray(axes.lines[0].get_xdata())[0] == mean
    assert f"mean entropy is {mean:.2f} nats, {mean / np.log(3):.0%} of log 3" in title(figure)


def test_posterior_and_entropy_are_drawn_in_the_components_colors() -> None:
    table = songs()
    figure = song_figures.posterior_vs_entropy(table, table, COLORS)
    dots: Any = figure.axes[0].collections[0]
    np.testing.assert_array_equal(
        dots.get_offsets(), table[["gmm_entropy", "gmm_max_prob"]].to_numpy()
    )
    assert [to_hex(c) for c in dots.get_facecolors()] == [COLORS[i] for i in table["gmm_cluster"]]
    sure = (table["gmm_max_prob"] > 0.9).mean()
    assert title(figure).startswith(f"One component takes over 90% for {sure:.0%} of songs; 0% are")


def test_a_picture_of_a_sample_says_so() -> None:
    table = songs()
    drawn = sampled_songs(table, 25, seed=1)
    figure = map_figures.pca_map(table, drawn, MIXTURE, Plane.through(table, SCALING), COLORS)
    assert "25 of 60 songs, a random sample" in note(figure)


def test_the_map_names_its_axes_as_the_plane_does() -> None:
    plane = Plane.through(songs(), SCALING)
    axes = map_figures.pca_map(songs(), songs(), MIXTURE, plane, COLORS).axes[0]
    assert [axes.get_xlabel(), axes.get_ylabel()] == [plane.name(0), plane.name(1)]


def test_ellipses_are_one_standard_deviation_of_the_projected_components() -> None:
    table = songs()
    axes = map_figures.pca_map(table, table, MIXTURE, Plane.through(table, SCALING), COLORS).axes[0]
    plane = principal_axes(table[FEATURES].to_numpy())[0][:, :2]
    ellipses = [patch for patch in axes.patches if isinstance(patch, Ellipse)][1::2]
    for ellipse, mean, covariance, color in zip(
        ellipses, MIXTURE.means, MIXTURE.covariances, COLORS, strict=True
    ):
        variances = np.linalg.eigvalsh(plane.T @ covariance @ plane)
        assert [ellipse.width / 2, ellipse.height / 2] == pytest.approx(np.sqrt(variances))
        center = (mean - table[FEATURES].mean().to_numpy()) @ plane
        np.testing.assert_allclose(ellipse.get_center(), center)
        assert to_hex(ellipse.get_edgecolor()) == color


def test_every_point_of_an_ellipse_is_one_standard_deviation_from_the_mean() -> None:
    covariance = np.array([[2.0, 0.6], [0.6, 0.5]])
    axes = Figure().subplots()
    map_figures.draw_components(axes, np.array([[1.0, 2.0]]), covariance[None], COLORS[:1])
    ellipse = axes.patches[0]
    vertices = np.asarray(ellipse.get_path().vertices)[::3]  # those between are off the curve
    rim = ellipse.get_patch_transform().transform(vertices)
    steps = rim - [1, 2]
    distances = np.einsum("ni,ij,nj->n", steps, np.linalg.inv(covariance), steps)
    np.testing.assert_allclose(distances, 1, rtol=1e-3)


def test_labels_of_components_in_one_place_are_pushed_apart() -> None:
    places = np.zeros((20, 2))
    moved = map_figures.spread_out(places, 1.0)
    distances = np.linalg.norm(moved[:, None] - moved[None], axis=-1) + 9 * np.eye(20)
    assert distances.min() > 0.95
    far = np.array([[0.0, 0], [5, 0]])
    np.testing.assert_allclose(map_figures.spread_out(far, 1.0), far, atol=1e-5)


def test_the_map_of_entropy_is_darkest_where_the_mixture_is_least_sure() -> None:
    table = songs()
    axes = map_figures.pca_entropy(
        table, table, MIXTURE, Plane.through(table, SCALING), COLORS
    ).axes[0]
    dots: Any = axes.collections[0]
    assert list(dots.get_array()) == sorted(table["gmm_entropy"])
    shades = np.array([to_rgb(to_hex(dots.cmap(dots.norm(nats)))) for nats in (0, 0.5, 1.0)])
    assert (np.diff(shades.sum(axis=1)) < 0).all()


def test_doubt_where_ellipses_overlap_is_said() -> None:
    places, nats = np.array([[0.0, 0], [0.1, 0], [5, 5]]), np.array([0.4, 0.6, 0.1])
    means, covariances = np.zeros((2, 2)), np.array([np.eye(2), np.eye(2)])
    said = map_figures.entropy_finding(places, nats, means, covariances)
    assert said.endswith("a mean entropy of 0.50 nats, the others 0.10")
    said = map_figures.entropy_finding(places, nats, means + 99, covariances)
    assert said == "The mean entropy is 0.37 nats"


def test_clusters_have_the_colors_of_their_components_and_their_own_numbers() -> None:
    table = songs()
    matched = np.array([2, 0, 1])  # the cluster of component 0, 1, 2
    clusters = pd.Series(matched[table["gmm_cluster"]])
    counts = confusion_table([[20, 5, 0], [0, 10, 0], [5, 0, 20]], [2, 0, 1])
    figure = map_figures.pca_kmeans(
        table, clusters, counts, table, Plane.through(table, SCALING), COLORS
    )
    ours, theirs = (axes.collections[0].get_facecolors() for axes in figure.axes)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(ours, theirs)
    for axes, numbers in zip(figure.axes, (["0", "1", "2"], ["2", "0", "1"]), strict=True):
        assert texts(axes) == numbers
        patches = [mark.get_bbox_patch() for mark in axes.texts]
        assert [to_hex(patch.get_facecolor()) for patch in patches if patch] == COLORS
    assert title(figure) == (
        "Mixture and K-Means group 83% of the songs alike: most of component 1 (100%), fewest of "
        "component 0 (80%)"
    )


def test_the_overlap_is_the_mean_posterior_of_each_hard_label() -> None:
    posterior = [[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]
    table = pd.DataFrame(posterior, columns=["gmm_prob_0", "gmm_prob_1", "gmm_prob_2"])
    table["gmm_cluster"] = [0, 0, 1]
    figure = song_figures.component_overlap(table, COLORS)
    axes = figure.axes[0]
    np.testing.assert_allclose(cells(axes), [0.8, 0.15, 0.05, 0.3, 0.6, 0.1, 0, 0, 0])
    assert texts(axes) == ["80", "15", "5", "30", "60", "10"]
    assert title(figure) == (
        "Songs of component 1 are least its own: 40% of their posterior is with others, most with "
        "0 (30%)"
    )


# --- beside other labels


def test_the_confusion_has_shares_of_rows_counts_and_clusters_in_matched_order() -> None:
    table = confusion_table([[1500, 0, 500], [3, 997, 0], [0, 0, 0]], [2, 0, 1])
    figure = label_figures.kmeans_gmm_confusion(table, COLORS)
    axes = figure.axes[0]
    assert texts(axes) == ["75%\n1,500", "25%\n500", "<1%\n3", "100%\n997"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "0", "1"]
    shares = [0.75, 0, 0.25, 0.003, 0.997, 0, 0, 0, 0]
    np.testing.assert_allclose(cells(axes), shares)
    assert title(figure) == "Matched one to one, mixture and K-Means group 83% of the songs alike"


def genre_counts(rows: dict[str, list[int]]) -> pd.DataFrame:
    return pd.DataFrame(
        [(genre, i, n) for genre, row in rows.items() for i, n in enumerate(row) if n],
        columns=["genre", "gmm_cluster", "songs"],
    )


def test_genres_stand_by_their_commonest_component_the_most_concentrated_first() -> None:
    counts = genre_counts({"a": [2, 2, 6], "b": [5, 3, 2], "c": [9, 0, 1], "d": [0, 4, 0]})
    figure = label_figures.genre_by_component(counts, COLORS)
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["c (10)", "b (10)", "d (4)", "a (10)"]
    assert texts(axes) == ["90", "10", "50", "30", "20", "100", "20", "20", "60"]
    assert title(figure).endswith("holds 75% of the songs; most in d (100%)")


def test_a_hundred_genres_make_the_picture_taller_and_a_thousand_do_not() -> None:
    def height(genres: int) -> float:
        table = genre_counts({f"genre {i:04d}": [1 + i % 3, 2, 1] for i in range(genres)})
        figure = label_figures.genre_by_component(table, COLORS)
        assert ("commonest of" in note(figure)) == (genres > 150)
        return float(figure.get_figheight())

    assert height(10) < 4 < height(114) < height(160) == height(300)


def test_a_long_genre_is_cut() -> None:
    axes = label_figures.genre_by_component(genre_counts({"x" * 99: [1, 1, 1]}), COLORS).axes[0]
    assert axes.get_yticklabels()[0].get_text() == "x" * 31 + "… (3)"


def test_a_name_of_wide_letters_is_cut_at_the_same_width() -> None:
    assert label_figures.short("音" * 16) == lettered("音" * 16)
    assert label_figures.short("音" * 17) == lettered("音" * 15) + "…"
    assert label_figures.short("one\n  line\t") == "one line"


def test_a_letter_without_a_font_is_a_plain_box_and_no_warning() -> None:
    assert lettered("a\U0010fffdb") == "a□b"
    figure = label_figures.genre_by_component(genre_counts({"\U0010fffd": [1, 1, 1]}), COLORS)
    figure.draw_without_rendering()  # a warning is an error here
    assert "no font" in note(figure)
    assert "no font" not in note(
        label_figures.genre_by_component(genre_counts({"соул": [1, 1, 1]}), COLORS)
    )


def test_dollars_in_a_genre_are_no_mathematics() -> None:
    figure = label_figures.genre_by_component(genre_counts({r"$\nofunction$": [1, 1, 1]}), COLORS)
    figure.draw_without_rendering()  # would raise where it is parsed as a formula


def test_a_component_has_the_same_color_everywhere() -> None:
    assert (
        badges(component_figures.component_means(MIXTURE, MEANS, WEIGHTS, COLORS).axes[0])
        == NUMBERED
    )
    assert badges(component_figures.weights(WEIGHTS, MEANS, COLORS).axes[0]) == NUMBERED
    confusion = confusion_table([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0, 1, 2])
    assert badges(label_figures.kmeans_gmm_confusion(confusion, COLORS).axes[0]) == NUMBERED
    genres = label_figures.genre_by_component(genre_counts({"a": [1, 1, 1]}), COLORS)
    assert badges(genres.axes[0], "x") == NUMBERED
    panels: Any = component_figures.covariances(covariance_table(), COLORS).axes[:3]
    titles = [axes._left_title for axes in panels]
    assert [to_hex(t.get_bbox_patch().get_facecolor()) for t in titles] == COLORS
    legend = song_figures.posterior_vs_entropy(songs(), songs(), COLORS).axes[0].get_legend()
    assert legend is not None
    assert [line.get_color() for line in legend.get_lines()] == COLORS
    marks = (
        map_figures.pca_map(songs(), songs(), MIXTURE, Plane.through(songs(), SCALING), COLORS)
        .axes[0]
        .texts
    )
    patches = [mark.get_bbox_patch() for mark in marks]
    assert [to_hex(patch.get_facecolor()) for patch in patches if patch is not None] == COLORS
    overlap = song_figures.component_overlap(songs(), COLORS).axes[0]
    assert badges(overlap) == badges(overlap, "x") == NUMBERED
    density = density_figures.feature_densities(songs(), MIXTURE, SCALING, COLORS).axes[0]
    assert [line.get_color() for line in density.lines[:3]] == COLORS[::-1]  # 0 on top


# --- the stage


@pytest.fixture(scope="module")
def drawn(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "run"
    shutil.copytree(finished, folder)
    done = run_stage("figures", folder)
    assert done.returncode == 0, done.stderr
    return folder


def pngs(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in (folder / figures.IMAGES).iterdir()}


def test_every_picture_is_there_under_the_name_of_its_function(drawn: Path) -> None:
    names = set(pngs(drawn))
    assert names == {
        "bic_aic", "component_means", "component_overlap", "covariances", "entropy_histogram",
        "feature_densities", "genre_by_component", "kmeans_elbow", "kmeans_gmm_confusion",
        "pca_entropy", "pca_kmeans", "pca_map", "posterior_vs_entropy", "weights",
    }  # fmt: skip
    for name in names:
        assert getattr(figures, name).__doc__
    assert all(image.startswith(b"\x89PNG") for image in pngs(drawn).values())


def test_the_same_tables_give_the_same_bytes_whatever_the_user_has_set(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = pngs(drawn)
    (tmp_path / "matplotlibrc").write_text("font.size: 20\naxes.facecolor: red\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    assert run_stage("figures", drawn).returncode == 0
    assert pngs(drawn) == before


def test_without_genres_there_is_no_picture_of_them(
    drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(drawn)
    parameters = read_params("figures", figures.Figures)
    genres = read_table(figures.GENRES)
    assert "genre_by_component" in figures.pictures(parameters, Tables("csv"))
    try:
        genres.head(0).to_csv(figures.GENRES, index=False)
        assert "genre_by_component" not in figures.pictures(parameters, Tables("csv"))
    finally:
        genres.to_csv(figures.GENRES, index=False)


# --- every picture at once: what is written can be read


DPI = 150  # of params.yaml
PAGE = 1280  # pixels across, to which a browser shrinks a wider picture
LONG_NAMES = [
    "$oul & r_n_b: $x^2$ _and_ {braces} \\frac{1}{2} of sixty letters, all in all",
    "MMMMMMMMMMWWWWWWWWWWMMMMMMMMMMWWWWWWWWWWMMMMMMMMMMWWWWWWWWWW",
    "русская народная песня в современной обработке для хора",
    "موسيقى عربية كلاسيكية طويلة الاسم جدا",
    "日本の伝統音楽と現代的なポップスの融合を目指す長い名前",
    "हिन्दी फ़िल्मी संगीत 🎵",
]


def tables_of(k: int, form: CovarianceType = "full", genres: list[str] | None = None) -> None:
    """Write into the current folder all that stage figures reads, as the stages before do.

    A mixture of k components drawn at random, a thousand songs of it, K-Means' labels another
    component's number for a third of them.
    """
    rng = np.random.default_rng(k)
    roots = rng.normal(size=(k, 5, 5)) / 4 + np.eye(5) / 3
    full = roots @ roots.transpose(0, 2, 1)
    covariances = {
        "full": full,
        "tied": np.repeat(full[:1], k, axis=0),
        "diag": full * np.eye(5),
        "spherical": full[:, :1, :1] * np.eye(5),
    }[form]
    weights = np.sort(rng.dirichlet(np.full(k, 3.0)))[::-1]
    mixture = Mixture(form, weights, rng.normal(size=(k, 5)) * 0.8, covariances)
    scale = np.array([20, 0.1, 5, 0.1, 0.1])
    scaling = Scaling(
        tuple(FEATURES), ("identity",) * 5, np.array([110, 0.5, -12, 0.5, 0.5]), scale
    )
    drawn = rng.choice(k, 1000, p=weights)
    points = mixture.means[drawn] + np.einsum(
        "nij,nj->ni", np.linalg.cholesky(covariances)[drawn], rng.normal(size=(1000, 5))
    )
    posterior, _ = posteriors(mixture, points)
    names = genres or [f"genre {i}" for i in range(10)]
    songs = pd.DataFrame(scaling.original_units(points), columns=FEATURES).assign(
        song=[str(i) for i in range(1000)],
        genre=rng.choice(names, 1000),
        gmm_cluster=posterior.argmax(axis=1),
        **{f"gmm_prob_{i}": posterior[:, i] for i in range(k)},
    )
    songs = songs.join(evaluate_songs(posterior, 0.2))
    gmm = songs["gmm_cluster"].to_numpy()
    kmeans = np.where(rng.random(1000) < 0.33, rng.integers(0, k, 1000), (gmm + 1) % k)
    ks = list(range(2, 21))
    sweep = pd.DataFrame({"k": ks * 2, "covariance_type": ["full"] * 19 + ["spherical"] * 19})
    sweep = sweep.assign(
        valid=rng.integers(0, 2, 38),
        **{name: rng.normal(123456, 999, 38) for name in ("bic", "aic", "icl", "log_likelihood")},
    )
    elbow = pd.DataFrame({"k": sorted({*ks, k}), "inertia": 1234567.0, "silhouette_songs": 1000})
    weights_found = weights_table(mixture, songs)
    for path, table in {
        figures.K_SWEEP: sweep,
        figures.ASSIGNMENTS: songs,
        figures.MEANS: means_table(mixture, scaling, 0.5),
        figures.WEIGHTS: weights_found,
        figures.COVARIANCES: covariances_table(mixture, scaling),
        figures.ELBOW: elbow.assign(silhouette=rng.normal(0.2, 0.01, len(elbow))),
        figures.KMEANS_ASSIGNMENTS: pd.DataFrame({"kmeans_cluster": kmeans}),
        figures.CONFUSION: confusion(gmm, kmeans, k),
        figures.GENRES: genre_table(songs),
    }.items():
        write_table(path, table)
    write_json(figures.GMM, mixture.to_json())
    write_json(figures.SCALING, scaling.to_json())
    write_json(figures.AXES, Plane.through(songs, scaling).to_json())
    write_json(figures.CHOSEN_K, {"n_components": k, "covariance_type": form})


CASES: dict[str, dict[str, Any]] = {
    "two components, spherical": {"k": 2, "form": "spherical"},
    "ten components": {"k": 10},
    "twenty components, 114 genres": {"k": 20, "genres": [f"new-genre-{i}" for i in range(114)]},
    "sixty components": {"k": 60},
    "tied, long names of genres": {"k": 9, "form": "tied", "genres": LONG_NAMES},
}


def drawn_texts(figure: Figure, monkeypatch: pytest.MonkeyPatch) -> dict[Text, Bbox]:
    """Lay a figure out and return each text that is drawn, with its place in pixels.

    Of a badge it is the place of the box, which is larger than its number.
    """
    found: dict[Text, Bbox] = {}
    draw: Any = Text.draw

    def noted(text: Text, renderer: Any) -> None:
        if text.get_visible() and text.get_text().strip():
            box = text.get_bbox_patch()
            draw(text, renderer)
            place = text.get_window_extent(renderer)
            found[text] = box.get_window_extent(renderer) if box else place
        else:
            draw(text, renderer)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", noted)
        figure.set_dpi(DPI)
        figure.draw_without_rendering()  # lays out and places the texts, and fills no pixel
    return found


def overlapping(places: dict[Text, Bbox]) -> list[tuple[str, str]]:
    """Return the pairs of texts whose places share more than a pixel in either direction."""
    texts, boxes = list(places), np.array([box.extents for box in places.values()])
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.triu((high - low > 1).all(axis=-1), k=1)
    return [(texts[i].get_text(), texts[j].get_text()) for i, j in np.argwhere(shared)]


@pytest.mark.parametrize("case", CASES)
def test_no_text_is_cut_covered_or_too_small_and_no_legend_hides_songs(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables_of(**CASES[case])
    drawings = figures.pictures(figures.Figures(DPI, "distinct", 5000, 42), Tables("csv"))
    assert len(drawings) == 14
    for name, draw in drawings.items():
        figure = draw()
        places = drawn_texts(figure, monkeypatch)
        assert len(places) >= 10, name
        page = Bbox.from_extents(-1, -1, figure.bbox.width + 1, figure.bbox.height + 1)
        cut = [
            text.get_text()
            for text, box in places.items()
            if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
        ]
        assert cut == [], name
        assert overlapping(places) == [], name
        shrunk = min(1.0, PAGE / figure.bbox.width)
        smallest = min(float(text.get_fontsize()) for text in places) * DPI / 72 * shrunk
        assert smallest >= 9, f"{name}: {smallest:.1f} pixels on a page of {PAGE}"
        for legend in [*figure.legends, *(axes.get_legend() for axes in figure.axes)]:
            if legend is not None:
                covered = [
                    axes
                    for axes in figure.axes
                    if axes.axison and axes.bbox.overlaps(legend.get_window_extent())
                ]
                assert covered == [], name
