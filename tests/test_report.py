"""The report says what the files say, for any run, and what to beware of."""

import re
import shutil
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from song_mixtures.pipeline.files import read_json, write_json
from song_mixtures.pipeline.tables import read_table, write_table
from song_mixtures.presentation.report.document import Document, Section, Table, as_markdown
from song_mixtures.presentation.report.sections import (
    CAPTIONS,
    agreement,
    facts,
    how_sure,
    likeliest,
    the_components,
    the_number_of_components,
    the_songs,
    typical_songs,
)
from song_mixtures.presentation.report.warnings import of_mixture, of_samples, of_songs, of_sweep
from stages import report
from tests.conftest import FEATURES, ROOT, STAGES, run_stages, write_params
from tests.test_document import Reader, in_markdown, shown

PICTURES = ["weights", "bic_aic", "a_new_one"]
CHOSEN = {"n_components": 3, "covariance_type": "full"}


@pytest.fixture
def run_folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished run with a few pictures, and the tests run inside of it."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / report.IMAGES).mkdir(parents=True)
    for name in PICTURES:
        (folder / report.IMAGES / f"{name}.png").touch()
    monkeypatch.chdir(folder)
    return folder


def reported() -> tuple[str, str, str]:
    """Write the report and return it as HTML, Markdown and text."""
    report.main()
    return report.HTML.read_text(), report.MARKDOWN.read_text(), report.TEXT.read_text()


def metrics_of(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the metrics of a run without anything to beware of, with some keys changed."""
    plain: dict[str, dict[str, Any]] = {
        "preprocess": {
            "songs_read_count": 240, "songs_kept_count": 240, "songs_dropped_count": 0,
            "duplicate_songs_count": 0, "few_distinct_features_count": 0, "genres_count": 3,
            "correlation_condition": 2.5,
        },
        "k_sweep": {"fits_count": 4, "invalid_count": 0, "not_converged_count": 0},
        "train_gmm": {
            "n_components": 3, "log_likelihood_nats": -1234.56, "bic": 2500.04, "aic": 2400.0,
            "icl": 2600.0, "iterations_count": 20, "converged": 1, "degenerate_components_count": 0,
        },
        "soft_assign": {"components_with_songs_count": 3, "above_90_percent_share": 0.75},
        "uncertainty": {
            "mean_entropy_nats": 0.25, "mean_entropy_share": 0.228, "median_entropy_nats": 0.1,
            "ambiguous_songs_count": 1, "ambiguous_songs_share": 0.004,
        },
        "compare_kmeans": {
            "ari": 0.5, "ami": 0.6, "equal_labels_matched_share": 0.7,
            "equal_labels_raw_share": 0.1, "silhouette_songs_count": 240,
            "gmm_silhouette": 0.2, "kmeans_silhouette": 0.3,
        },
    }  # fmt: skip
    return {stage: values | changes.get(stage, {}) for stage, values in plain.items()}


def fits_of(**changes: Any) -> pd.DataFrame:
    table = pd.DataFrame({
        "k": [2, 3, 4, 5], "covariance_type": "full", "bic": [30.0, 20, 25, 26],
        "aic": [28.0, 15, 12, 13], "icl": [31.0, 35, 40, 41], "converged": 1, "valid": 1,
    })  # fmt: skip
    return table.assign(**changes)


def words(*sections: Section) -> str:
    return as_markdown(Document("title", [("a", "b")], sections))


# A metric, a value that no run gives, and the words in which the report must have it.
TAKEN = [
    ("preprocess", "songs_kept_count", 87654, "87,654 kept"),
    ("preprocess", "songs_dropped_count", 76543, "76,543 dropped"),
    ("preprocess", "songs_read_count", 65432, "65,432 songs from data/raw/songs.csv"),
    ("preprocess", "genres_count", 4321, "Genres: 4,321"),
    ("preprocess", "correlation_condition", 77.77, "is 77.8"),
    ("train_gmm", "bic", 91234.56, "91,234.6; lowest at"),
    ("train_gmm", "aic", 81234.56, "81,234.6"),
    ("train_gmm", "icl", 71234.56, "71,234.6"),
    ("train_gmm", "log_likelihood_nats", -61234.56, "-61,234.6 nats"),
    ("train_gmm", "iterations_count", 6789, "6,789 iterations"),
    ("uncertainty", "mean_entropy_nats", 7.7777, "7.778 nats"),
    ("uncertainty", "mean_entropy_share", 0.7654, "76.5% of log K"),
    ("uncertainty", "median_entropy_nats", 6.6666, "median 6.667 nats"),
    ("uncertainty", "ambiguous_songs_count", 54321, "54,321 songs"),
    ("uncertainty", "ambiguous_songs_share", 0.4321, "43.2%"),
    ("soft_assign", "above_90_percent_share", 0.3219, "32.2%"),
    ("compare_kmeans", "ari", 0.87651, "ARI 0.877"),
    ("compare_kmeans", "ami", 0.76512, "0.765"),
    ("compare_kmeans", "equal_labels_matched_share", 0.5678, "56.8%"),
    ("compare_kmeans", "equal_labels_raw_share", 0.0456, "4.6% before"),
    ("compare_kmeans", "gmm_genre_ari", 0.2468, "ARI 0.247"),
    ("compare_kmeans", "kmeans_genre_ari", 0.1357, "0.136"),
    ("compare_kmeans", "gmm_silhouette", 0.9753, "0.975"),
    ("compare_kmeans", "kmeans_silhouette", 0.8642, "0.864"),
]


def test_each_number_is_the_one_of_the_metrics_file(run_folder: Path) -> None:
    before = reported()
    for stage, key, value, _ in TAKEN:
        path = Path(f"metrics/{stage}.json")
        content = read_json(path)
        assert key in content
        write_json(path, content | {key: value})
    html, markdown, _ = reported()
    for _, _, _, expected in TAKEN:
        assert expected not in before[1], expected
        assert expected in markdown, expected
        assert expected in html, expected


def test_each_number_of_a_table_is_the_one_of_its_file(run_folder: Path) -> None:
    weights = read_table(report.WEIGHTS).assign(weight_percent=12.34, hard_songs=9876)
    write_table(report.WEIGHTS, weights)
    means = read_table(report.MEANS).assign(loudness=-43.21, profile="like | nothing else")
    write_table(report.MEANS, means)
    write_table(report.BY_COMPONENT, read_table(report.BY_COMPONENT).assign(mean_entropy=0.8765))
    for text in reported()[:2]:
        for expected in ("12.3%", "9,876", "0.876", "-43.2"):
            assert text.count(expected) == 3, expected
        assert text.count("nothing else") == 3


def test_the_short_form_fits_a_terminal_and_stands_on_the_page(run_folder: Path) -> None:
    _, markdown, text = reported()
    metrics = {stage: read_json(Path(f"metrics/{stage}.json")) for stage in report.STAGES}
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert f"{metrics['train_gmm']['bic']:,.1f}" in text
    assert f"{metrics['uncertainty']['mean_entropy_nats']:.3f} nats" in text
    for line in lines[: -len(report.CLOSING)]:
        name, value = line.split("  ", 1)
        assert f"| {name} | {value.strip()} |" in markdown
    for _, place in report.CLOSING:
        assert place in text
    assert report.HTML.is_file()


def test_two_runs_give_the_same_bytes_and_no_date(run_folder: Path) -> None:
    assert reported() == reported()
    assert "202" not in report.TEXT.read_text()


def test_the_pictures_that_are_there_are_shown_in_order_the_unknown_last(run_folder: Path) -> None:
    html, markdown, _ = reported()
    expected = [f"../plots/images/{name}.png" for name in ("bic_aic", *PICTURES[::2])]
    for reader in (Reader(html), in_markdown(markdown)):
        assert [a["src"] for tag, a in reader.tags if tag == "img"] == expected
    assert all((report.HTML.parent / path).is_file() for path in expected)


def test_every_link_leads_to_a_file(run_folder: Path) -> None:
    html, markdown, _ = reported()
    links = [a["href"] for tag, a in Reader(html).tags if tag == "a"]
    assert links[: len(PICTURES)] != []
    assert [link for link in links if not (report.HTML.parent / str(link)).is_file()] == []
    assert {a["href"] for tag, a in in_markdown(markdown).tags if tag == "a"} <= set(links)


def test_every_picture_that_is_drawn_has_a_caption() -> None:
    drawn = re.findall(
        r'^ +"(\w+)": partial', (ROOT / "stages/figures.py").read_text(), re.MULTILINE
    )
    assert set(drawn) | {"genre_by_component"} == set(CAPTIONS)


HOSTILE = '</td><script>alert("1")</script>|`a`\n**b** &amp;'


def test_names_of_songs_and_genres_are_shown_and_never_obeyed(run_folder: Path) -> None:
    for path in (report.EXEMPLARS, report.EXTREMES):
        write_table(path, read_table(path).assign(song=HOSTILE, genre=HOSTILE))
    write_table(report.GENRES, read_table(report.GENRES).assign(genre=HOSTILE))
    html, markdown, _ = reported()
    name = " ".join(HOSTILE.split())
    for reader in (Reader(html), in_markdown(markdown)):
        assert [tag for tag, _ in reader.tags if tag in ("script", "code", "strong", "em")] == []
        cells = shown(reader, "td")
        assert cells.count(name) == 2 * 10  # the least sure songs and their genres
        assert "; ".join([name] * 5) in cells


def test_long_and_empty_names_are_shown_short_and_as_such() -> None:
    songs = pd.DataFrame({"component": [0, 0], "rank": [1, 2], "song": ["x" * 1000, " "]})
    text = words(typical_songs(songs, pd.DataFrame({"genre": []}), "song"))
    assert f"| {'x' * 80}…; (no name) |" in text


def test_a_run_without_genres_and_names_by_parquet_with_two_components(
    tmp_path: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished / "data/raw", tmp_path / "data/raw")
    changes = {
        "input.id": None, "input.label": None, "tables.format": "parquet", "k_sweep.k_max": 3,
        "choose_k.by": "icl", "figures.dpi": 50,
    }  # fmt: skip
    write_params(tmp_path, changes)
    run_stages(tmp_path, *STAGES, "figures", "report")
    monkeypatch.chdir(tmp_path)
    markdown, text = report.MARKDOWN.read_text(), report.TEXT.read_text()
    k = read_json(report.CHOSEN_K)["n_components"]
    assert f"{k}, full covariances, where ICL is lowest" in lines_of(text)["K"]
    assert lines_of(text)["genres"] == "not known"
    assert "Genres: not known." in markdown
    assert "genre_by_component" not in markdown
    assert "| component | song (row of the table, from 0) |" in markdown
    assert "../data/processed/k_sweep.parquet" in markdown
    assert not list(tmp_path.rglob("data/processed/*.csv"))
    assert markdown.count("![") == len(list((tmp_path / report.IMAGES).glob("*.png"))) > 5


def test_the_songs_that_were_dropped_are_counted_by_reason() -> None:
    dropped = pd.DataFrame({"song": list("abc"), "reason": ["tempo", "other", "tempo"]})
    section = the_songs(metrics_of(), "x.csv", dropped, FEATURES)
    assert section.blocks[1] == Table(
        "lr", ("dropped for", "songs"), [("tempo", "2"), ("other", "1")]
    )
    assert len(the_songs(metrics_of(), "x.csv", dropped.head(0), FEATURES).blocks) == 1


def test_where_each_criterion_is_lowest_is_said_and_whether_at_an_end() -> None:
    section = the_number_of_components(metrics_of(), fits_of(aic=[4, 3, 2, 1]), CHOSEN, "fixed")
    table = section.blocks[1]
    assert isinstance(table, Table)
    assert table.rows == [
        ("BIC", "K = 3", "20.0", "2,500.0"),
        ("AIC", "K = 5, the largest tried", "1.0", "2,400.0"),
        ("ICL", "K = 2, the smallest tried", "31.0", "2,600.0"),
    ]


@pytest.mark.parametrize(
    ("by", "expected"), [("fixed", "fixed in params.yaml"), ("bic", "where BIC is lowest")]
)
def test_why_this_k_was_chosen_is_said(by: str, expected: str) -> None:
    assert expected in words(the_number_of_components(metrics_of(), fits_of(), CHOSEN, by))
    found = dict(facts(metrics_of(), fits_of(), CHOSEN, by, 0))
    assert found["K"] == f"3, full covariances, {expected}"
    assert found["BIC"] == "2,500.0; lowest at K = 3"


@pytest.mark.parametrize("k", [2, 20])
def test_every_component_has_its_rows(k: int) -> None:
    rng = np.random.default_rng(k)
    means = pd.DataFrame(rng.random((k, 5)), columns=FEATURES).assign(component=range(k))
    weights = pd.DataFrame({"component": range(k), "weight_percent": 100 / k, "hard_songs": 7})
    doubt = pd.DataFrame({"gmm_cluster": range(k - 1), "mean_entropy": 0.5})  # the last is empty
    section = the_components(means.assign(profile="average"), weights, doubt)
    described, measured = (block for block in section.blocks if isinstance(block, Table))
    assert [row[0] for row in described.rows] == [row[0] for row in measured.rows]
    assert [row[0] for row in measured.rows] == [str(component) for component in range(k)]
    assert [row[3] for row in described.rows] == ["0.500"] * (k - 1) + ["–"]


def test_a_dropped_feature_has_no_column() -> None:
    means = pd.DataFrame({"component": [0], "tempo": [99.6], "energy": [0.126], "profile": ["x"]})
    weights = pd.DataFrame({"component": [0], "weight_percent": [100.0], "hard_songs": [7]})
    doubt = pd.DataFrame({"gmm_cluster": [0], "mean_entropy": [0.0]})
    measured = the_components(means, weights, doubt).blocks[3]
    assert measured == Table("rrr", ("component", "tempo (BPM)", "energy"), [("0", "100", "0.13")])


def test_of_many_genres_the_commonest_of_each_component_are_named() -> None:
    songs = pd.DataFrame({"component": [0, 1], "rank": 1, "song": ["a", "b"]})
    genres = pd.DataFrame({
        "genre": [f"g{i:03d}" for i in range(114)] * 2,
        "gmm_cluster": np.repeat([0, 1], 114),
        "songs": [*range(1000, 1114), *[5] * 114],
    })  # fmt: skip
    table = typical_songs(songs, genres, "song").blocks[0]
    assert isinstance(table, Table)
    assert table.rows == [
        ("0", "a", "g113 1,113, g112 1,112, g111 1,111"),
        ("1", "b", "g000 5, g001 5, g002 5"),
    ]


def test_the_least_sure_songs_come_with_their_likeliest_components() -> None:
    songs = pd.DataFrame({
        "end": ["surest", "least sure"], "song": ["0", "17"], "gmm_entropy": [0.0, 0.71],
        "gmm_prob_0": [1.0, 0.16], "gmm_prob_1": [0.0, 0.5], "gmm_prob_2": [0.0, 0.34],
    })  # fmt: skip
    table = how_sure(metrics_of(), songs, 0.2, "song").blocks[1]
    assert table == Table(
        "lrl",
        ("song", "entropy", "likeliest components"),
        [("17", "0.710", "1 (50%), 2 (34%), 0 (16%)")],
    )


def test_components_that_have_next_to_nothing_of_a_song_are_not_named() -> None:
    song: dict[Hashable, Any] = {
        "gmm_prob_0": 0.004,
        "gmm_prob_1": 0.991,
        "gmm_prob_2": 0.005,
        "gmm_entropy": 0.1,
    }
    assert likeliest(song) == "1 (99%)"
    assert likeliest(song | {"gmm_prob_2": 0.006}) == "1 (99%), 2 (1%)"


def test_agreement_names_no_genres_where_there_are_none() -> None:
    assert "genres" not in words(agreement(metrics_of()))
    known = {"gmm_genre_ari": 0.11, "kmeans_genre_ari": 0.22}
    assert "| ARI, K-Means and genres | 0.220 |" in words(
        agreement(metrics_of(compare_kmeans=known))
    )


def all_warnings(
    metrics: dict[str, dict[str, Any]] | None = None,
    fits: pd.DataFrame | None = None,
    dropped: list[str] | None = None,
    synthetic: bool = False,
    k: int = 3,
    mixture_above: int = 50000,
    kmeans_above: int = 50000,
) -> list[str]:
    metrics = metrics or metrics_of()
    fits = fits_of() if fits is None else fits
    return [
        *of_songs(metrics, dropped or [], synthetic=synthetic),
        *of_sweep(metrics, fits, k, "full"),
        *of_mixture(metrics),
        *of_samples(metrics, mixture_above, kmeans_above),
    ]


def test_a_run_without_anything_to_beware_of_has_no_warning() -> None:
    assert all_warnings() == []


WARNINGS: list[tuple[str, Callable[[], list[str]]]] = [
    ("songs are synthetic", lambda: all_warnings(synthetic=True)),
    ("determine it: energy, valence.", lambda: all_warnings(dropped=["energy", "valence"])),
    (
        "1 feature takes so few values",
        lambda: all_warnings(metrics_of(preprocess={"few_distinct_features_count": 1})),
    ),
    (
        "1,234 songs equal an earlier one",
        lambda: all_warnings(metrics_of(preprocess={"duplicate_songs_count": 1234})),
    ),
    (
        "BIC and AIC still falling at the largest K",
        lambda: all_warnings(fits=fits_of(bic=[4, 3, 2, 1], aic=[4, 3, 2, 1])),
    ),
    (
        "not valid: 2 of 4 (K = 4; K = 5), of which not converged: 1.",
        lambda: all_warnings(
            metrics_of(k_sweep={"invalid_count": 2, "not_converged_count": 1}),
            fits_of(valid=[1, 1, 0, 0], icl=[1, 2, 3, 4], aic=[2, 1, 3, 4]),
        ),
    ),
    (
        "K = 20, full",
        lambda: all_warnings(k=20),
    ),
    (
        "did not converge in 300 iterations",
        lambda: all_warnings(metrics_of(train_gmm={"converged": 0, "iterations_count": 300})),
    ),
    (
        "2 components of the trained mixture collapsed",
        lambda: all_warnings(metrics_of(train_gmm={"degenerate_components_count": 2})),
    ),
    (
        "Only 2 of 3 components",
        lambda: all_warnings(metrics_of(soft_assign={"components_with_songs_count": 2})),
    ),
    (
        "Every mixture was initialized on a sample of 200 of 240",
        lambda: all_warnings(mixture_above=200),
    ),
    (
        "Every K-Means was initialized on a sample of 239 of 240",
        lambda: all_warnings(kmeans_above=239),
    ),
    (
        "silhouettes are of a sample of 100 of 240 songs",
        lambda: all_warnings(metrics_of(compare_kmeans={"silhouette_songs_count": 100})),
    ),
]


@pytest.mark.parametrize(("expected", "warned"), WARNINGS, ids=[words for words, _ in WARNINGS])
def test_what_to_beware_of_is_said_once(expected: str, warned: Callable[[], list[str]]) -> None:
    found = warned()
    assert len(found) == 1
    assert expected in found[0]


def test_a_sweep_without_any_valid_fit_says_so_and_names_only_some() -> None:
    fits = pd.concat([fits_of(k=[k, k + 1, k + 2, k + 3], valid=0) for k in (2, 6, 10)])
    invalid, none_valid = [
        line
        for line in all_warnings(metrics_of(k_sweep={"invalid_count": 12, "fits_count": 12}), fits)
        if "valid" in line
    ]
    assert "K = 11; 2 more)" in invalid
    assert none_valid.startswith("No fit of the sweep is valid")


def lines_of(text: str) -> dict[str, str]:
    """Return the lines that `make` ends with: what stands behind each name."""
    rows = (line.split("  ", 1) for line in text.splitlines())
    return {name: words.strip() for name, words in rows}


def test_warnings_are_counted_and_stand_on_the_page(run_folder: Path) -> None:
    before = int(lines_of(reported()[2])["warnings"])
    assert before in (0, 1)
    content = read_json(Path("metrics/train_gmm.json"))
    write_json(Path("metrics/train_gmm.json"), content | {"converged": 0})
    html, markdown, text = reported()
    assert lines_of(text)["warnings"] == str(before + 1)
    for page in (html, markdown):
        assert "The trained mixture did not converge" in page


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ({"kind": "demo", "path": "data/raw/demo_audio"}, "from the audio in data/raw/demo_audio"),
        ({"kind": "audio", "path": "data/raw/mine"}, "from the audio in data/raw/mine"),
        ({"kind": "gtzan_table", "path": "data/raw/f.csv"}, "from data/raw/f.csv"),
        ({"kind": "table", "path": "data/raw/mine.csv"}, "from data/raw/mine.csv"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_the_report_says_where_the_songs_are_from(
    run_folder: Path, origin: dict[str, str], words: str
) -> None:
    write_json(report.ORIGIN, origin)
    _, markdown, _ = reported()
    assert words in markdown
    assert ("songs are synthetic" in markdown) == (origin["kind"] == "demo")
