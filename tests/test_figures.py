"""What matplotlib draws holds what the tables say: positions, colors, texts that can be read."""

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

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import Tables, read_table
from song_mixtures.presentation.figures.calls import called
from song_mixtures.presentation.figures.catalog import DRAWN, FIGURES
from song_mixtures.presentation.figures.charts import DATA
from song_mixtures.presentation.figures.findings import FINDINGS
from song_mixtures.presentation.figures.palettes import (
    HOLLOW,
    Records,
    badge_faces,
    colored,
    palette_colors,
)
from song_mixtures.presentation.pictures import components, densities, maps
from song_mixtures.presentation.pictures.drawings import DRAWINGS
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.features import FEATURES as KNOWN
from song_mixtures.songs.features import signed
from song_mixtures.songs.plane import Plane, principal_axes
from song_mixtures.songs.scaling import Scaling
from stages import figures
from stages.components import covariances_table
from tests.conftest import FEATURES, run_stage
from tests.presentation.results import CASES, write_results

COLORS = palette_colors("distinct", 3)
SCALING = Scaling(tuple(FEATURES), ("identity",) * 5, np.zeros(5), np.ones(5))
MIXTURE = Mixture(
    "full",
    weights=np.array([0.5, 0.3, 0.2]),
    means=np.array([[1.0, 0, 0, 0, 0], [-1.0, 0.5, 0, 0, 0], [0, 0, -2.0, 0, 0]]),
    covariances=np.array([np.diag([1.0, 0.5, 1, 1, 1]), np.eye(5) / 4, np.eye(5) * 2.25]),
)
SAID = ("What was found", "What is drawn")


def songs(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    posterior = rng.dirichlet([0.3, 0.3, 0.3], count)
    table = pd.DataFrame(rng.normal(size=(count, 5)), columns=FEATURES)
    for component in range(3):
        table[f"gmm_prob_{component}"] = posterior[:, component]
    return table.assign(
        song=[str(number) for number in range(count)],
        name=[str(number) for number in range(count)],
        gmm_cluster=posterior.argmax(axis=1),
        gmm_max_prob=posterior.max(axis=1),
        gmm_entropy=-(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1),
    )


SONGS = songs()
SUSPECTS = pd.DataFrame({"song": ["3"], "kind": ["belongs nowhere"], "other_song": [""]})
PLANE = Plane.through(SONGS, SCALING)


def covariance_picture(mixture: Mixture, colors: list[str]) -> Figure:
    d = mixture.means.shape[1]
    scaling = Scaling(tuple(FEATURES[:d]), ("identity",) * d, np.zeros(d), np.ones(d))
    table = covariances_table(mixture, scaling, SONGS)
    return components.covariances(table, colors, colors, *SAID)


def map_axes() -> Axes:
    return maps.pca_map(SONGS, SONGS, SUSPECTS, MIXTURE, PLANE, COLORS, COLORS, *SAID).axes[0]


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def badges(axes: Axes, side: str = "y") -> dict[str, str]:
    """Return the numbers on an axis with the colors they stand on."""
    labels = axes.get_yticklabels() if side == "y" else axes.get_xticklabels()
    found = {}
    for label in labels:
        patch = label.get_bbox_patch()
        assert patch is not None
        found[label.get_text()] = to_hex(patch.get_facecolor())
    return found


@pytest.mark.parametrize(("k", "d"), [(2, 5), (3, 2), (7, 3), (20, 5)])
def test_every_component_has_a_covariance_panel(k: int, d: int) -> None:
    rng = np.random.default_rng(k)
    roots = rng.normal(size=(k, d, d))
    mixture = Mixture("full", np.ones(k) / k, np.zeros((k, d)), roots @ roots.transpose(0, 2, 1))
    figure = covariance_picture(mixture, palette_colors("distinct", k))
    axes = figure.axes[0]
    spreads = np.linalg.det(mixture.covariances) ** (1 / (2 * d))
    assert texts(axes) == [
        text
        for component, covariance in enumerate(mixture.covariances)
        for text in [
            *[signed(value) for value in covariance.ravel()],
            str(component),
            f"spread {spreads[component]:.2f}",
        ]
    ]
    cells = [text for text in axes.texts if not text.get_bbox_patch()]
    assert cells[0].get_position() == (0.5, 0.5)
    assert cells[1].get_position() == (1.5, 0.5)  # a row, and the first feature on top
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_yticklabels()[0].get_text() == FEATURES[0]


def test_a_tied_covariance_is_drawn_once() -> None:
    covariance = np.diag([1.0, 0.5])
    mixture = Mixture("tied", np.ones(3) / 3, np.zeros((3, 2)), np.array([covariance] * 3))
    figure = covariance_picture(mixture, COLORS)
    assert texts(figure.axes[0])[:5] == ["1.00", "0", "0", "0.50", "all 3 components"]
    assert len(figure.axes[0].texts) == 6


def test_curves_over_a_histogram_hold_as_many_songs_as_its_bars() -> None:
    table = pd.concat([songs(500).assign(tempo=lambda t: t["tempo"] * 0.5 + 1)])
    mixture = Mixture("full", np.ones(1), np.array([[1.0, 0, 0, 0, 0]]), np.eye(5)[None] / 4)
    figure = densities.feature_densities(
        table, mixture, SCALING, KNOWN, COLORS[:1], COLORS[:1], *SAID
    )
    axes = figure.axes[0]
    bars = axes.patches[0].get_data().values.sum()  # type: ignore[attr-defined]
    component, whole = (np.asarray(line.get_ydata(), dtype=float) for line in axes.lines)
    assert bars == 500
    assert whole.sum() / densities.FINER == pytest.approx(500, rel=0.02)
    np.testing.assert_array_equal(component, whole)
    assert [axes.get_xlabel() for axes in figure.axes[:3]] == [
        "tempo (BPM)", "energy", "loudness (dB)",
    ]  # fmt: skip


def test_songs_that_belong_nowhere_have_a_cross_on_the_map() -> None:
    crosses: Any = map_axes().collections[1]
    place = PLANE.coordinates(SONGS[SONGS["song"] == "3"])
    np.testing.assert_allclose(crosses.get_offsets(), place)


def test_more_songs_than_wanted_are_sampled_and_the_picture_says_so() -> None:
    sample = sampled_songs(SONGS, 25, seed=1)
    figure = maps.pca_map(SONGS, sample, SUSPECTS, MIXTURE, PLANE, COLORS, COLORS, *SAID)
    dots: Any = figure.axes[0].collections[0]
    assert len(dots.get_offsets()) == len(set(sample.index)) == 25
    assert figure.get_supxlabel().startswith("25 of 60 songs, a random sample")
    assert figure.get_suptitle() == SAID[0]


def test_every_point_of_an_ellipse_is_one_standard_deviation_from_the_mean() -> None:
    plane = principal_axes(SONGS[FEATURES].to_numpy())[0][:, :2]
    oblique = MIXTURE.covariances + 0.2  # no axis of theirs is one of the picture
    mixture = Mixture("full", MIXTURE.weights, MIXTURE.means, oblique)
    axes = maps.pca_map(SONGS, SONGS, SUSPECTS, mixture, PLANE, COLORS, COLORS, *SAID).axes[0]
    ellipses = [patch for patch in axes.patches if isinstance(patch, Ellipse)][1::2]
    for ellipse, mean, covariance, color in zip(
        ellipses, mixture.means, oblique, COLORS, strict=True
    ):
        vertices = np.asarray(ellipse.get_path().vertices)[::3]  # those between are off the curve
        rim = ellipse.get_patch_transform().transform(vertices)
        steps = rim - (mean - SONGS[FEATURES].mean().to_numpy()) @ plane
        inverse = np.linalg.inv(plane.T @ covariance @ plane)
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", steps, inverse, steps), 1, rtol=1e-3)
        assert to_hex(ellipse.get_edgecolor()) == color


def test_labels_of_components_in_one_place_are_pushed_apart() -> None:
    places = np.zeros((20, 2))
    moved = maps.spread_out(places, 1.0)
    distances = np.linalg.norm(moved[:, None] - moved[None], axis=-1) + 9 * np.eye(20)
    assert distances.min() > 0.95
    far = np.array([[0.0, 0], [5, 0]])
    np.testing.assert_allclose(maps.spread_out(far, 1.0), far, atol=1e-5)


def test_the_map_of_entropy_is_darkest_where_the_mixture_is_least_sure() -> None:
    axes = maps.pca_entropy(SONGS, SONGS, MIXTURE, PLANE, COLORS, COLORS, *SAID).axes[0]
    dots: Any = axes.collections[0]
    assert list(dots.get_array()) == sorted(SONGS["gmm_entropy"])
    shades = np.array([to_rgb(to_hex(dots.cmap(dots.norm(nats)))) for nats in (0, 0.5, 1.0)])
    assert (np.diff(shades.sum(axis=1)) < 0).all()


def test_clusters_have_the_colors_of_their_components_and_their_own_numbers() -> None:
    matched = np.array([2, 0, 1])  # the cluster of component 0, 1, 2
    clusters = pd.Series(matched[SONGS["gmm_cluster"]])
    counts = pd.DataFrame({"kmeans_cluster": [2, 0, 1] * 3})
    figure = maps.pca_kmeans(SONGS, clusters, counts, SONGS, PLANE, COLORS, COLORS, *SAID)
    ours, theirs = (axes.collections[0].get_facecolors() for axes in figure.axes)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(ours, theirs)
    for axes, numbers in zip(figure.axes, (["0", "1", "2"], ["2", "0", "1"]), strict=True):
        assert texts(axes) == numbers
        patches = [mark.get_bbox_patch() for mark in axes.texts]
        assert [to_hex(patch.get_facecolor()) for patch in patches if patch] == COLORS


def test_the_overlap_is_the_mean_posterior_of_each_hard_label() -> None:
    posterior = [[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]
    table = pd.DataFrame(posterior, columns=["gmm_prob_0", "gmm_prob_1", "gmm_prob_2"])
    axes = components.component_overlap(
        table.assign(gmm_cluster=[0, 0, 1]), 3, COLORS, COLORS, *SAID
    ).axes[0]
    shares = np.ravel(np.asarray(axes.collections[0].get_array()))
    np.testing.assert_allclose(shares, [0.8, 0.15, 0.05, 0.3, 0.6, 0.1, 0, 0, 0])
    assert texts(axes) == ["80", "15", "5", "30", "60", "10"]


@pytest.mark.parametrize("come_back", [[True] * 3, [True, False, True]])
def test_a_component_has_its_color_everywhere_and_a_hollow_badge_where_it_would_not_come_back(
    come_back: list[bool],
) -> None:
    faces = badge_faces(COLORS, come_back)
    assert faces == [COLORS[0], COLORS[1] if come_back[1] else HOLLOW, COLORS[2]]
    marks = (COLORS, faces)
    covariances = components.covariances(covariances_table(MIXTURE, SCALING, SONGS), *marks, *SAID)
    numbered = [
        covariances,
        maps.pca_map(SONGS, SONGS, SUSPECTS, MIXTURE, PLANE, *marks, *SAID),
        maps.pca_entropy(SONGS, SONGS, MIXTURE, PLANE, *marks, *SAID),
    ]
    overlap = components.component_overlap(SONGS, 3, *marks, *SAID)
    density = densities.feature_densities(SONGS, MIXTURE, SCALING, KNOWN, *marks, *SAID)
    for figure in (*numbered, overlap, density):
        assert ("Hollow badges" in figure.get_supxlabel()) == (HOLLOW in faces)
    for figure in numbered:
        patches = [mark.get_bbox_patch() for mark in figure.axes[0].texts]
        assert [to_hex(patch.get_facecolor()) for patch in patches if patch is not None] == faces
    for side in "xy":
        assert list(badges(overlap.axes[0], side).items()) == list(zip("012", faces, strict=True))
    assert [line.get_color() for line in density.axes[0].lines[:3]] == COLORS[::-1]  # 0 on top
    records: Records = [{"component": 1, "share": 0.5}, {"genre": "none"}]
    assert colored(records, COLORS, faces) == [
        {"component": 1, "share": 0.5, "color": COLORS[1], "face": faces[1]},
        {"genre": "none"},
    ]


# --- the stage


@pytest.fixture(scope="module")
def drawn(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "run"
    shutil.copytree(finished, folder)
    done = run_stage("figures", folder)
    assert done.returncode == 0, done.stderr
    return folder


def written(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in (folder / figures.PLOTS).rglob("*.*")
    }


def test_every_picture_has_a_finding_and_the_same_bytes_whatever_the_user_has_set(
    drawn: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = written(drawn)
    charts = {f"{figures.PLOTS}/{data}.json" for data in DATA.values()}
    pictures = {f"{figures.IMAGES}/{name}.png" for name in read_json(drawn / figures.SENTENCES)}
    assert set(before) == {*charts, *pictures, str(figures.SENTENCES)}
    assert len(pictures) == 16
    assert all(before[image].startswith(b"\x89PNG") for image in pictures)
    (tmp_path / "matplotlibrc").write_text("font.size: 20\naxes.facecolor: red\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    assert run_stage("figures", drawn).returncode == 0
    assert written(drawn) == before


def test_without_genres_there_is_no_picture_of_them(drawn: Path) -> None:
    read_table(drawn / figures.GENRES).head(0).to_csv(drawn / figures.GENRES, index=False)
    (drawn / figures.IMAGES / "genre_by_component.png").unlink()
    assert run_stage("figures", drawn).returncode == 0
    pictures = {path.stem for path in (drawn / figures.IMAGES).iterdir()}
    assert set(read_json(drawn / figures.SENTENCES)) == pictures
    assert len(pictures) == 15
    assert "genre_by_component" not in pictures


# --- every picture at once: what is written can be read

NOTES = {figure.picture: figure.note for figure in FIGURES}
DPI = 150  # of params.yaml
PAGE = 1280  # pixels across, to which a browser shrinks a wider picture


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
    write_results(**CASES[case])
    found = figures.read_found(
        figures.Figures(DPI, "distinct", 5000, 2000, 42), Tables("csv"), None
    )
    for name in DRAWN:
        said = called(FINDINGS[name], found).sentence
        figure = called(DRAWINGS[name], found | {"finding": said, "note": NOTES[name]})
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
