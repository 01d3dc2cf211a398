"""The charts: data that are complete, templates that DVC can fill, pictures of the same."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert
import yaml
from dvc_render import VegaRenderer  # type: ignore[import-untyped]

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.presentation.figures.catalog import FIGURES
from song_mixtures.presentation.figures.charts import CHARTS, DATA
from song_mixtures.presentation.figures.labels import (
    WIDEST,
    distinct_labels,
    genre_by_component,
    width,
)
from song_mixtures.presentation.figures.palettes import NO_COLOR, Palette, Records, palette_colors
from song_mixtures.presentation.figures.songs import (
    ENTROPY_BINS,
    OTHER_GENRES,
    genre_colors,
    genre_groups,
)
from song_mixtures.presentation.figures.vega import MOST_LISTED, VERSION
from song_mixtures.presentation.pictures.letters import letters_without_font
from song_mixtures.sampling.rows import sampled_songs
from stages import figures
from tests.conftest import ROOT
from tests.presentation.results import CASES, charted

PLOTS = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
# Of each chart: the columns that DVC is told of.
COLUMNS: dict[str, dict[str, Any]] = {
    settings["template"]: settings
    for entry in PLOTS
    if isinstance(entry, dict)
    for settings in entry.values()
}


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Records]:
    monkeypatch.chdir(tmp_path)
    return charted()


def test_every_song_is_counted_once_in_each_histogram(records: dict[str, Records]) -> None:
    bins = pd.DataFrame(records["features"])
    assert bins.groupby("feature")["songs"].sum().to_dict() == dict.fromkeys(
        ["tempo (BPM)", "energy", "loudness (dB)", "valence", "danceability"], 150
    )
    songs = read_table(figures.ASSIGNMENTS)
    bins = pd.DataFrame(records["entropy_histogram"])
    counts = songs["gmm_cluster"].value_counts().to_dict()
    assert bins.groupby("component")["songs"].sum().to_dict() == counts
    first = bins[bins["entropy"] == 0]
    assert first["songs"].sum() == (songs["gmm_entropy"] < np.log(3) / ENTROPY_BINS).sum()
    assert bins["entropy_to"].max() <= round(np.log(3), 4) == bins["max_entropy"].iloc[0]
    assert set(bins["mean_entropy"]) == {round(songs["gmm_entropy"].mean(), 4)}


def test_the_curve_has_each_fit_under_each_criterion_and_marks_lowest_and_chosen(
    records: dict[str, Records],
) -> None:
    curve = pd.DataFrame(records["k_curve"])
    marks = curve[curve["minimum"] == 1].set_index("criterion")["k"]
    # AIC is lower at K = 4, whose fit is not valid.
    assert marks.to_dict() == {"BIC": 3, "AIC": 3, "ICL": 2}
    chosen = curve[curve["chosen"] == 1]
    assert set(chosen["k"]) == set(curve["chosen_k"]) == {3}
    assert set(chosen["covariance_type"]) == {"full"}
    bic = curve[curve["criterion"] == "BIC"]
    assert bic["value"].tolist() == [30, 20, 25, 40, 41, 42]
    assert len(curve) == 6 * 4


def test_stability_is_drawn_with_its_error_beside_songs_without_groups(
    records: dict[str, Records],
) -> None:
    curve = pd.DataFrame(records["stability_curve"])
    assert curve["songs"].tolist() == ["these songs"] * 2 + ["songs without groups"] * 2
    assert curve["ari"].tolist() == [0.9, 0.7, 0.5, 0.65]
    assert curve["low"].tolist() == [0.85, 0.65, 0.4, 0.55]
    assert curve["high"].tolist() == [0.95, 0.75, 0.6, 0.75]
    assert curve["supported"].tolist() == [1, 0, 0, 0]


def test_a_chosen_k_outside_of_the_sweep_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    curve = pd.DataFrame(charted(k=20)["k_curve"])
    assert curve["chosen"].sum() == 0
    assert set(curve["chosen_k"]) == {20}


def test_means_are_in_units_and_in_standard_deviations(records: dict[str, Records]) -> None:
    mixture = Mixture.from_json(read_json(figures.GMM))
    first, *_ = records["component_means"]
    assert first["deviation"] == round(mixture.means[0, 0], 4)
    assert first["mean"] == f"{110 + 20 * mixture.means[0, 0]:.0f}"
    assert [record["feature"] for record in records["component_means"][:3]] == [
        "tempo (BPM)", "energy", "loudness (dB)",
    ]  # fmt: skip
    assert len(records["component_means"]) == 3 * 5


def test_shares_of_a_component_and_of_a_genre_sum_to_one(records: dict[str, Records]) -> None:
    for name, group in (("kmeans_gmm_confusion", "component"), ("genre_by_component", "genre")):
        table = pd.DataFrame(records[name])
        np.testing.assert_allclose(table.groupby(group)["share"].sum(), 1, atol=0.001)
        assert table["songs"].sum() == 150


LONG = "a name that goes on and on, of hard bop"


@pytest.mark.parametrize(
    "names",
    [
        ["rock", "jazz, or what we took for it then"[:32], "音" * 16],
        [f"{LONG} and its first heirs", f"{LONG} and its last heirs"],
        [f"first {LONG}", f"other {LONG}"],
        [f"{LONG} {i:03d} {LONG}" for i in range(120)],
        [f"{'音' * 20}{i}{'楽' * 20}" for i in range(12)],
        ["a\tb", "a b", "", " "],
    ],
    ids=["short", "end", "start", "middle", "wide letters", "tabs and nothing"],
)
def test_genres_whose_names_differ_have_labels_that_differ(names: list[str]) -> None:
    labels = distinct_labels(names)
    assert len(set(labels)) == len(names)
    assert all(width(label) <= WIDEST for label in labels)
    if max(map(width, names)) <= WIDEST and "\t" not in "".join(names):
        assert labels == names


def test_long_genres_are_rows_of_their_own_with_their_whole_names() -> None:
    names = [f"{LONG} {end}" for end in ("one " * 9, "two " * 9)]
    genres = pd.DataFrame({"genre": names, "gmm_cluster": [0, 1], "songs": [3, 4]})
    rows = pd.DataFrame(genre_by_component(genres, 2))
    assert rows.groupby("genre")["row"].nunique().tolist() == [1, 1]
    assert rows["row"].nunique() == 2
    assert set(rows["genre"]) == set(names)


def test_the_songs_are_the_first_of_the_pictures_sample(records: dict[str, Records]) -> None:
    pictured = sampled_songs(read_table(figures.ASSIGNMENTS), 5000, seed=42)["song"].tolist()
    assert [record["song"] for record in records["songs"]] == pictured[:100]
    places = np.array([[record["x"], record["y"]] for record in records["songs"]])
    assert places.var(axis=0)[0] > places.var(axis=0)[1]
    first, *others = (record["bounds"] for record in records["songs"])
    assert first[0] == [round(1 / 3, 4), round(np.log(3), 4), round(np.log(3), 4)]
    assert first[-1] == [1, 0, 0]
    assert others == 99 * [[]]


@pytest.mark.parametrize(("k", "palette"), [(3, "okabe_ito"), (20, "tableau"), (2, "distinct")])
def test_a_component_has_the_color_of_the_pictures_in_every_chart(
    k: int, palette: Palette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = charted(palette, k=k)
    colors = palette_colors(palette, k)
    of_components = [name for name, rows in records.items() if "component" in rows[0]]
    assert len(of_components) == 6
    for name in of_components:
        for record in records[name]:
            assert record["color"] == colors[record["component"]], name


def test_the_commonest_genres_have_a_name_and_a_color_and_the_others_are_gray() -> None:
    genres = pd.Series([f"g{i:02d}" for i in range(15) for _ in range(20 - i)] + [""])
    groups = genre_groups(genres)
    assert set(groups) == {*(f"g{i:02d}" for i in range(10)), OTHER_GENRES, ""}
    assert (groups == OTHER_GENRES).sum() == sum(20 - i for i in range(10, 15))
    colors = pd.Series(genre_colors(groups, "distinct")).groupby(groups).agg(["first", "nunique"])
    assert (colors["nunique"] == 1).all()
    assert len(set(colors["first"])) == 11
    assert set(colors.index[colors["first"] == NO_COLOR]) == {"", OTHER_GENRES}
    few = pd.Series([f"g{i:02d}" for i in range(11)])  # one alone is never called the others
    assert genre_groups(few).tolist() == few.tolist()


def test_a_song_on_the_map_has_its_reasons_to_be_looked_at(records: dict[str, Records]) -> None:
    reasons = {row["song"]: row["look_at"] for row in records["songs"]}
    shown = {f"song {i}" for i in range(3)} & reasons.keys()
    expected = {
        "song 0": "near-duplicate",
        "song 1": "near-duplicate",
        "song 2": "belongs nowhere, label",
    }
    assert {name: reasons[name] for name in shown} == {name: expected[name] for name in shown}
    assert len(shown) > 0
    assert {said for name, said in reasons.items() if name not in expected} == {""}


def test_a_tag_in_a_songs_name_cannot_end_the_script_that_dvc_puts_it_into() -> None:
    text = figures.as_json([{"song": "</script><b>", "n": 1}])
    assert json.loads(text) == [{"song": "‹/script>‹b>", "n": 1}]


# --- with the templates


def test_the_templates_of_dvc_are_those_of_the_charts() -> None:
    titles = {figure.chart: figure.title for figure in FIGURES}
    made = {name: chart.template(titles[name]) for name, chart in CHARTS.items()}
    found = {path.stem: path.read_text() for path in (ROOT / ".dvc/plots").glob("*.json")}
    assert found == made, "run python -m song_mixtures.presentation.page .dvc/plots"


def test_dvc_yaml_names_every_plot_in_the_catalogues_order() -> None:
    named = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in PLOTS]
    assert named == [figure.plot for figure in FIGURES if figure.chart or figure.picture]
    assert set(COLUMNS) == set(CHARTS)


def fields(template: Any) -> set[str]:
    """Return the fields that a filled template reads, those that it computes left out."""
    text = re.sub(r'"labelExpr": "[^"]*"', "", json.dumps(template))  # labels are the axis' own
    computed = set(re.findall(r'"as": "(\w+)"', text)) | {"bound"}
    named = set(re.findall(r'"field": "(\w+)"', text)) | set(re.findall(r"datum\.(\w+)", text))
    return named - computed - {"datum"}


@pytest.mark.parametrize("case", ["two components, no genres", "twenty components, 114 genres"])
def test_a_template_is_filled_and_asks_only_for_fields_that_the_records_have(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = charted(**{**CASES[case], "count": 500})
    for name, settings in COLUMNS.items():
        rows = [row | {"rev": rev} for rev in ("main", "mine") for row in written[DATA[name]]]
        assert len({frozenset(row) for row in rows}) == 1, name  # or DVC takes none of them
        y = settings["y"]
        columns = {"x": settings["x"], "y": next(iter(y.values())) if isinstance(y, dict) else y}
        renderer = VegaRenderer(
            rows, name, template=name, template_dir=str(ROOT / ".dvc/plots"),
            revs_with_datapoints=["main"], **columns,
        )  # fmt: skip
        filled = renderer.get_filled_template()
        assert filled.pop("data") == {"values": rows}
        assert "DVC_METRIC" not in json.dumps(filled)
        assert fields(filled) <= set(rows[0]), name


# --- as pictures


@pytest.mark.parametrize("case", CASES)
def test_a_picture_has_its_finding_and_no_more_components_than_can_be_read(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written = charted(**CASES[case])
    for name in [figure.chart for figure in FIGURES if figure.chart and figure.picture]:
        spec = CHARTS[name].picture(written[DATA[name]], "The finding <of> & this", "Note")
        svg = vl_convert.vegalite_to_svg(spec, vl_version=VERSION)
        assert "The finding &lt;of&gt; &amp; this" in svg, name
        assert "NaN" not in svg
        assert ">undefined<" not in svg
        shown = spec["data"]["values"]
        most = CHARTS[name].most
        assert {row["component"] for row in shown if "component" in row} <= set(range(most or 99))
        said = spec["title"]["subtitle"][0]
        k = CASES[case].get("k", 3)
        assert (f"Only the {most} heaviest." in said) == (0 < most < k)
        listed = name in ("entropy_histogram", "posterior_vs_entropy")
        assert ("In the list are the 20 heaviest." in said) == (listed and k > MOST_LISTED)


def test_letters_that_no_font_has_are_named() -> None:
    assert letters_without_font("häßlich, русский, ελληνικά") == ""
    assert letters_without_font("a\U000e0000b") == "\U000e0000"  # a tag, which is no letter
