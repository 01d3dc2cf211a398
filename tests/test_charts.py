"""The data of the page of `dvc plots`: complete, colored as the pictures, and as DVC reads it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from dvc_render import VegaRenderer  # type: ignore[import-untyped]

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import read_json, write_json, write_text
from song_mixtures.pipeline.tables import Tables, read_table
from song_mixtures.presentation.figures.palettes import NO_COLOR, Palette, palette_colors
from song_mixtures.presentation.figures.songs import (
    ENTROPY_BINS,
    OTHER_GENRES,
    colored_genres,
    genre_groups,
)
from song_mixtures.sampling.rows import sampled_songs
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling
from stages import charts, compare_kmeans, components, uncertainty
from tests.conftest import FEATURES, ROOT, run_stage, write_params

Records = dict[str, list[dict[str, Any]]]


def write_results(folder: Path, k: int, songs: int, genres: int) -> None:
    """Write the tables that the stage reads, as the stages before it would for any songs."""
    rng = np.random.default_rng(k)
    points = rng.normal(size=(songs, 5))
    scaling = Scaling(tuple(FEATURES), ("identity",) * 5, np.arange(5.0), np.full(5, 2.0))
    mixture = Mixture("full", np.full(k, 1 / k), rng.normal(size=(k, 5)), np.array([np.eye(5)] * k))
    posterior = rng.dirichlet(np.full(k, 0.3), songs)
    table = pd.DataFrame(scaling.original_units(points), columns=FEATURES)
    table.insert(0, "song", [f"song {i}" for i in range(songs)])
    if genres:
        table["genre"] = [f"genre {i % genres:03d}" for i in range(songs)]
    table["gmm_cluster"] = posterior.argmax(axis=1)
    table[[f"gmm_prob_{component}" for component in range(k)]] = posterior
    table = table.join(uncertainty.evaluate_songs(posterior, 0.2))
    gmm, kmeans = table["gmm_cluster"].to_numpy(), rng.integers(0, k, songs)
    sweep = pd.DataFrame({
        "k": [2, 3, 4], "covariance_type": "full", "bic": [30.0, 20.0, 25.0],
        "aic": [28.0, 15.0, 12.0], "icl": [31.0, 35.0, 40.0], "valid": [1, 1, 0],
    })  # fmt: skip
    elbow = {"k": [2, 3, k], "inertia": [30.0, 20.0, 9.0], "silhouette": [0.2, 0.1, 0.3]}
    write_json(folder / charts.CHOSEN_K, {"n_components": k, "covariance_type": "full"})
    write_json(folder / charts.GMM, mixture.to_json())
    write_json(folder / charts.SCALING, scaling.to_json())
    write_json(folder / charts.AXES, Plane.through(table, scaling).to_json())
    for path, content in {
        charts.ASSIGNMENTS: table,
        charts.K_SWEEP: sweep,
        charts.ELBOW: pd.DataFrame(elbow),
        charts.MEANS: components.means_table(mixture, scaling, 0.5),
        charts.WEIGHTS: components.weights_table(mixture, table),
        charts.CONFUSION: compare_kmeans.confusion(gmm, kmeans, k),
        charts.GENRES: compare_kmeans.genre_table(table),
    }.items():
        Tables("csv").write(folder / path, content)


def charted(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    k: int = 3,
    songs: int = 150,
    genres: int = 4,
    palette: Palette = "distinct",
) -> Records:
    """Return the records of such results, by chart, and write them as the stage does."""
    write_results(folder, k, songs, genres)
    monkeypatch.chdir(folder)
    found: Any = charts.charts(charts.Charts(max_songs=100), Tables("csv"), palette, seed=42)
    for name, records in found.items():
        write_text(charts.PLOTS / f"{name}.json", charts.as_json(records))
    return found


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Records:
    return charted(tmp_path, monkeypatch)


def test_every_song_is_counted_once_in_each_histogram(records: Records) -> None:
    bins = pd.DataFrame(records["features"])
    assert bins.groupby("feature")["songs"].sum().to_dict() == dict.fromkeys(
        ["tempo (BPM)", "energy", "loudness (dB)", "valence", "danceability"], 150
    )
    songs = read_table(charts.ASSIGNMENTS)
    bins = pd.DataFrame(records["entropy_histogram"])
    counts = songs["gmm_cluster"].value_counts().to_dict()
    assert bins.groupby("component")["songs"].sum().to_dict() == counts
    first = bins[bins["entropy"] == 0]
    assert first["songs"].sum() == (songs["gmm_entropy"] < np.log(3) / ENTROPY_BINS).sum()
    assert bins["entropy_to"].max() <= round(np.log(3), 4) == bins["max_entropy"].iloc[0]


def test_the_curve_has_each_fit_under_each_criterion_and_marks_lowest_and_chosen(
    records: Records,
) -> None:
    curve = pd.DataFrame(records["k_curve"])
    marks = curve[curve["minimum"] == 1].set_index("criterion")["k"]
    # AIC is lower at K = 4, whose fit is not valid.
    assert marks.to_dict() == {"BIC": 2 + 1, "AIC": 3, "ICL": 2}
    assert set(curve.loc[curve["chosen"] == 1, "k"]) == set(curve["chosen_k"]) == {3}
    assert curve.groupby("criterion")["value"].apply(list).to_dict() == {
        "BIC": [30, 20, 25], "AIC": [28, 15, 12], "ICL": [31, 35, 40]
    }  # fmt: skip


def test_a_chosen_k_outside_of_the_sweep_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve = pd.DataFrame(charted(tmp_path, monkeypatch, k=20)["k_curve"])
    assert curve["chosen"].sum() == 0
    assert set(curve["chosen_k"]) == {20}


def test_means_are_in_units_and_in_standard_deviations(records: Records) -> None:
    mixture = Mixture.from_json(read_json(charts.GMM))
    first, _, loudness, *_ = records["component_means"]
    assert first["deviation"] == round(mixture.means[0, 0], 4)
    assert first["mean"] == f"{2 * mixture.means[0, 0]:.0f} BPM".replace("-", "−")
    assert loudness["mean"].endswith(" dB")
    assert len(records["component_means"]) == 3 * 5


def test_shares_of_a_component_and_of_a_genre_sum_to_one(records: Records) -> None:
    for name, group in (("kmeans_gmm_confusion", "component"), ("genre_by_component", "genre")):
        table = pd.DataFrame(records[name])
        np.testing.assert_allclose(table.groupby(group)["share"].sum(), 1, atol=0.001)
        assert table["songs"].sum() == 150


def test_the_songs_are_the_first_of_the_pictures_sample_and_the_same_again(
    records: Records,
) -> None:
    songs = read_table(charts.ASSIGNMENTS)
    assert len(records["songs"]) == 100
    pictured = sampled_songs(songs, 5000, seed=42)["song"].tolist()
    assert [record["song"] for record in records["songs"]] == pictured[:100]
    x = np.array([[record["x"], record["y"]] for record in records["songs"]])
    assert x.var(axis=0)[0] > x.var(axis=0)[1]


def test_a_component_has_the_color_of_the_pictures_in_every_chart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: list[tuple[int, Palette]] = [(3, "okabe_ito"), (20, "tableau"), (2, "distinct")]
    for k, palette in cases:
        records = charted(tmp_path, monkeypatch, k=k, palette=palette)
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
    drawn = colored_genres(pd.DataFrame({"genre_group": groups}), "distinct")
    colors = drawn.groupby("genre_group")["genre_color"].agg(["first", "nunique"])
    assert (colors["nunique"] == 1).all()
    assert len(set(colors["first"])) == 11
    gray = colors.index[colors["first"] == NO_COLOR]
    assert set(gray) == {"", OTHER_GENRES}


def test_one_genre_alone_is_never_called_the_others() -> None:
    genres = pd.Series([f"g{i:02d}" for i in range(11)])
    assert genre_groups(genres).tolist() == genres.tolist()


def test_a_tag_in_a_songs_name_cannot_end_the_script_that_dvc_puts_it_into() -> None:
    text = charts.as_json([{"song": "</script><b>", "n": 1}])
    assert json.loads(text) == [{"song": "‹/script>‹b>", "n": 1}]


def test_the_stage_writes_every_chart_and_the_same_bytes_again(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    runs = []
    for _ in range(2):
        done = run_stage("charts", tmp_path / "run")
        assert done.returncode == 0, done.stderr
        written = (tmp_path / "run/plots").glob("*.json")
        runs.append({path.stem: path.read_bytes() for path in written})
    assert runs[0] == runs[1]
    assert "charts: data of 9 charts in plots, 240 songs on the map" in done.stderr
    write_params(tmp_path / "run", {"figures.palette": "rainbows"})
    failed = run_stage("charts", tmp_path / "run")
    assert failed.returncode == 1
    assert "figures.palette is 'rainbows', expected one of distinct," in failed.stderr


# --- with the templates

PLOTS: dict[str, Any] = {
    name: settings
    for entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    if isinstance(entry, dict)
    for name, settings in entry.items()
}
KINDS_OF_RESULTS = {
    "K = 2, no genres": {"k": 2, "genres": 0},
    "K = 20, 114 genres": {"k": 20, "genres": 114, "songs": 500, "palette": "okabe_ito"},
}


def fields(template: Any) -> set[str]:
    """Return the fields that a filled template reads, those that it computes left out."""
    text = json.dumps(template)
    computed = set(re.findall(r'"as": "(\w+)"', text))
    named = set(re.findall(r'"field": "(\w+)"', text)) | set(re.findall(r"datum\.(\w+)", text))
    return named - computed


@pytest.mark.parametrize("kind", KINDS_OF_RESULTS)
@pytest.mark.parametrize("name", PLOTS)
def test_a_template_is_filled_and_asks_only_for_fields_that_the_records_have(
    name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    charted(tmp_path, monkeypatch, **KINDS_OF_RESULTS[kind])  # type: ignore[arg-type]
    settings = dict(PLOTS[name])
    path = name
    if isinstance(settings["y"], dict):  # a plot that is not named by its file
        path, settings["y"] = next(iter(settings["y"].items()))
    records = [
        record | {"rev": revision}
        for revision in ("main", "workspace")
        for record in json.loads(Path(path).read_text())
    ]
    assert len(records) >= 2
    assert len({frozenset(record) for record in records}) == 1  # or DVC takes none of them
    renderer = VegaRenderer(
        records, name, template_dir=str(ROOT / ".dvc/plots"), revs_with_datapoints=["main"],
        **settings,
    )  # fmt: skip
    filled = renderer.get_filled_template()
    assert filled.pop("data") == {"values": records}
    assert "DVC_METRIC" not in json.dumps(filled)
    assert filled["title"]["text"] == settings["title"]
    assert fields(filled) <= set(records[0])


def test_every_template_is_used() -> None:
    templates = {path.stem for path in (ROOT / ".dvc/plots").glob("*.json")}
    assert {settings["template"] for settings in PLOTS.values()} == templates
