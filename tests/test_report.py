"""The report says what the files say, for any run, and what to beware of."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from PIL import Image

from song_mixtures.pipeline.files import read_json, write_json
from song_mixtures.pipeline.tables import read_table, write_table
from song_mixtures.presentation.figures.catalog import FIGURES
from song_mixtures.presentation.report.rendering import (
    as_html,
    as_markdown,
    as_text,
    facts,
    markdown_text,
)
from song_mixtures.presentation.report.words import likeliest, listed, name_shown, typical
from stages import report
from tests.browser import CHROMIUM, chromium, played_by
from tests.conftest import FEATURES, STAGES, run_stages, write_params

FINDINGS = {"weights": "A finding", "bic_aic": "Another"}
VOID = {"meta", "img", "hr", "br"}  # tags that are never closed


class Reader(HTMLParser):
    """Collects the tags in order, with their attributes and the text that stands in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = [("", {})]
        self.texts = [""]
        self.open = [0]  # places in both
        self.feed(html)
        self.close()
        assert self.open == [0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(len(self.tags))
        self.tags.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.tags[self.open.pop()][0] == tag

    def handle_data(self, data: str) -> None:
        self.texts[self.open[-1]] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def shown(self, tag: str) -> list[str]:
        pairs = zip(self.tags, self.texts, strict=True)
        return [" ".join(text.split()) for (name, _), text in pairs if name == tag]


def in_markdown(text: str) -> Reader:
    """Return what a reader of GitHub's Markdown, HTML in it allowed, makes of a text."""
    return Reader(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


@pytest.fixture
def run_folder(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished run with two pictures and nothing to beware of, and tests in it."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    monkeypatch.chdir(folder)
    report.IMAGES.mkdir(parents=True)
    write_json(report.FINDINGS, FINDINGS)
    for name in FINDINGS:
        Image.new("RGB", (1500, 300), "#dddddd").save(report.IMAGES / f"{name}.png")
    sweep = {
        "k": [2, 3, 4, 5], "covariance_type": "full", "bic": [30.0, 20, 25, 26],
        "aic": [28.0, 15, 12, 13], "icl": [31.0, 35, 40, 41], "converged": 1, "valid": 1,
    }  # fmt: skip
    write_table(report.K_SWEEP, pd.DataFrame(sweep))
    change(report.FEATURE_CHECKS, {"warning": ""})
    return folder


def change(path: str | Path, changes: dict[str, Any]) -> None:
    """Change keys of a file that exist, of every row of a table."""
    path = Path(path)
    if path.suffix == ".csv":
        write_table(path, read_table(path).assign(**changes))
    else:
        content = read_json(path)
        assert changes.keys() <= content.keys()
        write_json(path, content | changes)


def reported() -> tuple[Reader, str, str]:
    """Write the report and return it as HTML, Markdown and text."""
    report.main()
    return Reader(report.HTML.read_text()), report.MARKDOWN.read_text(), report.TEXT.read_text()


# --- what it says

# A metric, a value that no run gives, and the words in which the report must have it.
TAKEN = [
    ("preprocess", "songs_kept_count", 87654, "87,654 kept"),
    ("preprocess", "songs_dropped_count", 76543, "76,543 dropped"),
    ("preprocess", "songs_read_count", 65432, "65,432 songs from data/raw/songs.csv"),
    ("preprocess", "genres_count", 4321, "Genres: 4,321"),
    ("preprocess", "correlation_condition", 77.77, "is 77.8"),
    ("train_gmm", "bic", 91234.56, "91,234.6; lowest at K = 3"),
    ("train_gmm", "aic", 81234.56, "81,234.6"),
    ("train_gmm", "icl", 71234.56, "71,234.6"),
    ("train_gmm", "log_likelihood_nats", -61234.56, "-61,234.6 nats"),
    ("train_gmm", "iterations_count", 6789, "6,789 iterations"),
    ("uncertainty", "mean_entropy_nats", 7.7777, "| 7.778 |"),
    ("uncertainty", "mean_averaged_entropy_nats", 6.5432, "| 6.543 |"),
    ("uncertainty", "averaged_above_90_percent_share", 0.7531, "75.3%"),
    ("uncertainty", "averaged_ambiguous_songs_count", 43210, "43,210, "),
    ("uncertainty", "averaged_ambiguous_songs_share", 0.6421, "64.2%"),
    ("uncertainty", "mean_kept_share", 0.4321, "43% of the fits that begin anew"),
    ("refits", "trusted_components_count", 2, "only 2 of these would come back"),
    ("choose_k", "bic_lead_over_one_gaussian", 4567.8, "4,568 below that of one Gaussian"),
    ("choose_k", "chosen_above_lowest_bic", 321.65, "321.6 above the lowest"),
    ("uncertainty", "mean_entropy_share", 0.7654, "76.5% of log K"),
    ("uncertainty", "median_entropy_nats", 6.6666, "median 6.667 nats"),
    ("uncertainty", "ambiguous_songs_count", 54321, "54,321, 43.2%"),
    ("uncertainty", "ambiguous_songs_share", 0.4321, "43.2%"),
    ("soft_assign", "above_90_percent_share", 0.3219, "32.2%"),
    ("compare_kmeans", "ari", 0.87651, "ARI 0.877"),
    ("compare_kmeans", "ami", 0.76512, "0.765"),
    ("compare_kmeans", "equal_labels_matched_share", 0.5678, "56.8%"),
    ("compare_kmeans", "equal_labels_raw_share", 0.0456, "4.6% before"),
    ("compare_kmeans", "gmm_genre_ari", 0.2468, "ARI 0.247"),
    ("compare_kmeans", "kmeans_genre_ari", 0.1357, "0.136"),
    ("compare_kmeans", "gmm_silhouette", 0.9753, "0.975"),
    ("suspects", "near_duplicate_pairs_count", 3456, "3,456 ("),
    ("suspects", "belongs_nowhere_count", 2345, "| 2,345 |"),
    ("uncertainty", "octave_decides_count", 1234, "| 1,234 |"),
    ("suspects", "label_looks_wrong_count", 9753, "| 9,753 |"),
    ("suspects", "genre_accuracy_share", 0.6543, "gets 65% of genres"),
    ("suspects", "genre_ari", 0.4445, "| 0.445 |"),
    ("compare_kmeans", "kmeans_silhouette", 0.8642, "0.864"),
]


def test_each_number_is_the_one_of_its_file(run_folder: Path) -> None:
    before = reported()[1]
    for stage, key, value, _ in TAKEN:
        change(f"metrics/{stage}.json", {key: value})
    change(report.WEIGHTS, {"weight": 0.1234, "hard_songs": 9876, "jaccard": 0.5999})
    change(report.COMES_BACK, {"jaccard_se": 0.034, "weight_low": 0.0712, "weight_high": 0.2345})
    change(report.INTERVALS, {"mean_low": -51.26, "mean_high": -39.87})
    change(report.MEANS, {"loudness": -43.21, "profile_shares": "like | nothing else"})
    change(report.BY_COMPONENT, {"mean_entropy": 0.8765})
    write_table(report.SONGS_DROPPED, pd.DataFrame({"song": list("abc"), "reason": list("xyx")}))
    page, markdown, text = reported()
    for _, _, _, expected in TAKEN:
        assert expected not in before, expected
        assert expected in markdown, expected
    rows = re.findall(r"^\| \d \| .*", markdown, re.MULTILINE)
    for component in range(3):
        told = "12.3% (7% to 23%) | 9,876 | no (0.59 ± 0.03) | 0.876 | like \\| nothing else |"
        assert f"| {component} | {told}" in rows
        mean = "| −43.2 (−51.3 to −39.9) |"
        assert any(row.startswith(f"| {component} |") and mean in row for row in rows)
    assert "| x | 2 |\n| y | 1 |\n" in markdown
    assert page.shown("td") == in_markdown(markdown).shown("td")
    # The short form says what the page says, and fits a terminal.
    assert text.endswith(as_text([*facts(markdown), *report.CLOSING]))
    assert text.startswith("found ")
    assert max(map(len, text.splitlines())) <= 80


def test_two_runs_give_the_same_bytes_and_links_lead_to_files(run_folder: Path) -> None:
    page, markdown, text = reported()
    assert (markdown, text) == reported()[1:]
    assert "202" not in text  # no date
    for reader in (page, in_markdown(markdown)):
        links = [a["href"] for a in reader.all("a")] + [a["src"] for a in reader.all("img")]
        assert len(set(links)) == len(report.STAGES) - 1 + len(report.TABLES) + len(FINDINGS)
        assert [link for link in links if not (report.HTML.parent / str(link)).is_file()] == []
    assert not any("[" in text for text in page.shown("p"))  # a source without its address


def test_where_each_criterion_is_lowest_is_said_and_whether_at_an_end(run_folder: Path) -> None:
    change(report.K_SWEEP, {"aic": [4, 3, 2, 1]})
    markdown = reported()[1]
    assert "| BIC | K = 3 | 20.0 |" in markdown
    assert "| AIC | K = 5, the largest tried | 1.0 |" in markdown
    assert "| ICL | K = 2 | 31.0 |" in markdown


def test_a_run_without_genres_and_names_by_parquet(
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
    markdown = report.MARKDOWN.read_text()
    k = read_json(report.CHOSEN_K)["n_components"]
    assert f"| K | {k}, full covariances, where ICL is lowest |" in markdown
    assert "| genres | not known |" in markdown
    assert "Genres: not known." in markdown
    assert not re.search("commonest genres|and genres|genre_by_component.p[^a]", markdown)
    assert "| component | song (row of the table, from 0) |" in markdown
    assert not list(tmp_path.rglob("data/processed/*.csv"))
    pictures = [a["src"] for a in in_markdown(markdown).all("img")]
    drawn = {f"../{path}" for path in report.IMAGES.glob("*.png")}
    assert set(pictures) == drawn
    order = [figure.picture for figure in FIGURES if figure.picture]
    assert [Path(str(path)).stem for path in pictures] == order[:-1]  # but for the genres


def test_typical_songs_come_with_the_commonest_of_many_genres() -> None:
    songs = pd.DataFrame(
        {"component": [0, 0, 1], "rank": [1, 2, 1], "song": list("123"), "name": list("abc")}
    )
    genres = pd.DataFrame({
        "genre": [f"g{i:03d}" for i in range(114)] * 2,
        "gmm_cluster": [0] * 114 + [1] * 114,
        "songs": [*range(1000, 1114), *[5] * 114],
    })  # fmt: skip
    first, second = typical(songs, genres)
    heard = [[(song["song"], song["name"]) for song in row["songs"]] for row in (first, second)]
    assert heard == [[("1", "a"), ("2", "b")], [("3", "c")]]
    assert [row["genre"] for row in first["genres"]] == ["g113", "g112", "g111"]
    assert [row["genre"] for row in second["genres"]] == ["g000", "g001", "g002"]


def test_names_and_components_are_shown_short() -> None:
    assert name_shown("x" * 1000) == "x" * 80 + "…"
    assert name_shown(" ") == name_shown("\u200b\u3000") == "(no name)"
    song = {f"averaged_prob_{k}": share for k, share in enumerate((0.004, 0.991, 0.005))}
    assert likeliest(song | {"gmm_prob_0": 1.0}) == "1 (99%)"
    assert likeliest(song | {"averaged_prob_2": 0.006}) == "1 (99%), 2 (1%)"


# --- what to beware of


def metrics(stage: str, **changes: float) -> dict[str | Path, dict[str, Any]]:
    return {f"metrics/{stage}.json": changes}


# What is said, with … between sentences, and the changes of files that are its cause.
WARNINGS: dict[str, dict[str | Path, dict[str, Any]]] = {
    "songs are synthetic": {report.ORIGIN: {"kind": "demo"}},
    "determine it: energy, valence": {report.SCALING: {"features": FEATURES[::2]}},
    "tempo takes only 35 values in 240 songs: a component may": {
        report.FEATURE_VALUES: {"warning": ["tempo takes only 35 values in 240 songs", *[""] * 4]}
    },
    "1,234 songs equal": metrics("preprocess", duplicate_songs_count=1234),
    "tempo is 7 in 13 of 240 songs: a component may…energy was 0 in 40 of 240 songs": {
        report.FEATURE_VALUES: {
            "warning": ["tempo is 7 in 13 of 240 songs", *[""] * 4],
            "spike": 1,
        },
        report.FEATURE_CHECKS: {"spread": ["", "energy was 0 in 40 of 240 songs", "", "", ""]},
    },
    "explain 93% of tempo": {
        report.FEATURE_CHECKS: {"warning": ["the other features explain 93% of tempo", *[""] * 4]}
    },
    "only 3.9 songs for each parameter": metrics("choose_k", songs_per_own_parameter=3.9),
    "BIC and AIC still falling at the largest K tried": {
        report.K_SWEEP: {"bic": [4, 3, 2, 1], "aic": [4, 3, 2, 1]}
    },
    "not valid: 2 of 4 (K = 2; K = 5), of which not converged: 1.": {
        **metrics("k_sweep", invalid_count=2, fits_count=4, not_converged_count=1),
        report.K_SWEEP: {"valid": [0, 1, 1, 0], "aic": [4, 1, 2, 3]},
    },
    "K = 20, full": {report.CHOSEN_K: {"n_components": 20}},
    "Only 2 of 3 components": metrics("soft_assign", components_with_songs_count=2),
    "Every mixture was initialized on a sample of 50,000 of 60,000…Every K-Means was": {
        **metrics("preprocess", songs_kept_count=60000),
        **metrics("compare_kmeans", silhouette_songs_count=60000),
    },
    "of a sample of 100 of 240": metrics("compare_kmeans", silhouette_songs_count=100),
}


@pytest.mark.parametrize("expected", WARNINGS)
def test_what_to_beware_of_is_said_and_counted(run_folder: Path, expected: str) -> None:
    assert dict(facts(reported()[1]))["warnings"] == "0"
    assert reported()[0].shown("li") == ["None."]
    for path, changes in WARNINGS[expected].items():
        change(path, changes)
    page, markdown, _ = reported()
    for words, sentence in zip(expected.split("…"), page.shown("li"), strict=True):
        assert words in sentence
    assert dict(facts(markdown))["warnings"] == str(len(page.shown("li")))
    origin = "from the audio in data" if report.ORIGIN in WARNINGS[expected] else "songs from data"
    assert origin in markdown


def test_each_warning_has_its_line_to_paste(run_folder: Path) -> None:
    values = {"warning": ["tempo is 7 in 13 of 240 songs", "energy takes 35 values", *[""] * 3]}
    change(report.FEATURE_VALUES, values | {"spike": [1, 0, 0, 0, 0]})
    change(
        report.FEATURE_CHECKS,
        {"spread": [*[""] * 4, "a"], "warning": ["", "", "The others explain it", "", ""]},
    )
    change("metrics/choose_k.json", {"songs_per_own_parameter": 2.0})
    lines = reported()[0].shown("code")
    assert [line for line in lines if line.startswith("dvc exp run -S ")][-4:] == [
        "dvc exp run -S 'preprocess.spread=[danceability,tempo]'",
        "dvc exp run -S input.columns.energy=null",
        "dvc exp run -S input.columns.loudness=null",
        "dvc exp run -S choose_k.covariance_type=tied",
    ]


def test_fits_that_are_not_valid_are_named_only_so_far() -> None:
    assert listed([str(k) for k in range(12)]).endswith("; 9; 2 more")


# --- whatever names there are

HOSTILE = [
    '</td><script>alert("1")</script>|`a`\n**b** &amp;',
    '"><img src=x onerror=alert(1)>',
    "](javascript:alert(1)) ![a](b) [a](b) [metrics/preprocess.json]",
    "a <http://example.org> `code` **bold**",
    "a | b \\| c \\",
    "~~no~~ _it_ &lt;b&gt; &#60;",
    "# heading",
    "12. item",
    "---",
    "http://example.org www.example.org a@example.org",
    "קול - العربية",
]
MARKS = st.text(alphabet="|\\`*_[]<>&~$@#!-+=.()/:'\"1 \n\r\t\x00;wamp", max_size=30)
NOT_SHOWN = {"by", "features", "sources", "suffix"}  # words of ours


@pytest.fixture(scope="module")
def found(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a run found, with warnings that name what is in it."""
    folder = tmp_path_factory.mktemp("found") / "run"
    shutil.copytree(finished, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_json(report.FINDINGS, FINDINGS)
        more = {"tried": False, "invalid": ["K"], "features_dropped": ["x"], "dropped": [("x", 1)]}
        return report.read_found() | more


def with_text(value: Any, text: str) -> Any:
    """Return a value with a text in every place where it holds one."""
    match value:
        case dict():
            return {k: v if k in NOT_SHOWN else with_text(v, text) for k, v in value.items()}
        case list() | tuple():
            return [with_text(part, text) for part in value]
        case pd.DataFrame():
            return value.assign(covariance_type=text)
        case report.Origin():
            return report.Origin("table", text)
        case str():
            return text
    return value


def squeezed(text: str) -> str:
    """Return text without white space and control characters: they are shown as one space."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f\ufffd]+", "", text)  # U+FFFD: what shows U+0000


def check_shown(found: dict[str, Any], text: str) -> None:
    """Compare what is read with a text in every place with what is read with a word there."""
    pages = [as_markdown(with_text(found, words)) for words in (text, "PLAIN")]
    for read in (in_markdown, lambda markdown: Reader(as_html(markdown))):
        page, plain = map(read, pages)
        for (tag, attributes), (plain_tag, plain_attributes) in zip(
            page.tags, plain.tags, strict=True
        ):
            assert tag == plain_tag
            alt, plain_alt = (str(a.pop("alt", "")) for a in (attributes, plain_attributes))
            assert squeezed(alt) == squeezed(plain_alt).replace("PLAIN", squeezed(text))
            assert attributes == plain_attributes
        expected = [squeezed(part).replace("PLAIN", squeezed(text)) for part in plain.texts]
        assert [squeezed(part) for part in page.texts] == expected


@given(MARKS | st.text(max_size=30))
@settings(deadline=None)
def test_any_text_is_shown_as_it_is_and_adds_no_tag(found: dict[str, Any], text: str) -> None:
    assume(name_shown(text) != "(no name)")
    check_shown(found, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_known_attacks_are_shown_as_they_are(found: dict[str, Any], text: str) -> None:
    check_shown(found, text)


def test_github_makes_no_links_of_addresses_and_terminals_take_no_orders() -> None:
    """GitHub links bare addresses, which CommonMark does not: they are broken by backslashes."""
    shown = markdown_text("http://example.org www.example.org a@example.org")
    assert not re.search("http://|www[.]e|a@e", shown)
    assert markdown_text("a_b.csv, -23.8, 0.5 (12%)") == "a_b.csv, -23.8, 0.5 (12%)"
    assert as_text([("K", "10"), ("mean", "a\x1b[2J\nb")]) == "K     10\nmean  a [2J b\n"


# --- as a browser shows it

# The width that the page takes, pictures that are shown, what a name has become, the landmarks.
SEEN = """[
  document.documentElement.scrollWidth,
  [...document.images].filter((image) => image.naturalWidth === 1500).length,
  document.querySelectorAll("script, code, em, [onerror], [href^=javascript]").length,
  [...document.body.children].map((element) => element.tagName).join(),
]"""


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH: the page is not looked at")
@pytest.mark.parametrize("self_contained", [False, True])
def test_the_page_with_hostile_names_needs_no_network_and_with_pictures_inside_no_file(
    run_folder: Path, tmp_path: Path, self_contained: bool
) -> None:
    write_params(run_folder, {"report.self_contained": self_contained})
    for path in (report.EXEMPLARS, report.EXTREMES):
        names = (HOSTILE * 5)[: len(read_table(path))]
        change(path, {"name": names, "genre": names})
    found = len(read_table(report.SUSPECTS))
    names = (HOSTILE * found)[:found]
    change(report.SUSPECTS, {"name": names, "other_name": names, "reason": names})
    change(report.FINDINGS, dict.fromkeys(FINDINGS, "".join(HOSTILE)))
    page, _, _ = reported()
    assert (page.all("a") == []) == self_contained
    place = report.HTML
    if self_contained:
        place = report.HTML.rename(tmp_path / "alone.html")
    with chromium() as tab:
        for width in (1280, 400):
            tab.open(place, width, ready="document.readyState === 'complete'")
            assert tab.complaints == []
            # The one `code` is the command to try next.
            assert tab.evaluate(SEEN) == [width, len(FINDINGS), 1, "HEADER,MAIN"]


# --- what is heard

MUSIC = Path("music")
AUDIO = {"input.audio": [str(MUSIC)]}
ODD_NAME = "a 'b' \"c\" <d> & #1 100% ? [x](y) é\n|.wav"
SOUND = """document.querySelectorAll("audio")"""


def songs_listed() -> set[str]:
    """Return the songs that the report lists: typical, least sure, to be looked at."""
    extremes = read_table(report.EXTREMES)
    least_sure = extremes[extremes["end"] == "least sure"].head(report.MOST_SONGS)
    suspects = read_table(report.SUSPECTS).groupby("kind").head(report.MOST_SUSPECTS)
    listed = [read_table(report.EXEMPLARS)["song"], least_sure["song"]]
    pairs = [suspects["song"], suspects["other_song"]]
    return set(pd.concat([*listed, *pairs])) - {""}


@pytest.fixture
def heard(run_folder: Path) -> set[str]:
    """The songs of the report, of which each has a file that sounds, one an odd name."""
    write_params(run_folder, AUDIO)
    odd = read_table(report.EXEMPLARS)["song"][0]
    for path in (report.EXEMPLARS, report.EXTREMES, report.SUSPECTS):
        columns = [name for name in ("song", "other_song") if name in read_table(path)]
        change(path, {name: read_table(path)[name].replace(odd, ODD_NAME) for name in columns})
    MUSIC.mkdir()
    tone = np.sin(np.arange(22_050 * 3) / 10) / 10
    for song in songs_listed():
        soundfile.write(MUSIC / song, tone, 22_050)
    return songs_listed()


def test_each_song_of_the_lists_has_a_player_of_its_file(heard: set[str]) -> None:
    page, markdown, _ = reported()
    files = [report.HTML.parent / unquote(str(player["src"])) for player in page.all("audio")]
    assert {file.resolve().relative_to(MUSIC.resolve()).as_posix() for file in files} == heard
    for player in page.all("audio"):
        assert player["preload"] == "none"
    assert "audio" not in markdown  # nor a word of players
    assert "play" not in markdown.replace("displa", "")
    in_cells = [cell for cell in page.shown("td") if cell]
    write_params(Path(), {})
    assert in_cells == [cell for cell in reported()[0].shown("td") if cell]


def test_both_songs_of_a_pair_are_named_and_heard(heard: set[str]) -> None:
    one, other = sorted(heard)[:2]
    pair = {"song": one, "name": "One", "other_song": other, "other_name": "Other", "reason": "r"}
    row = pair | {"kind": "near-duplicate", "score": 0.0, "deciding_feature": ""}
    write_table(report.SUSPECTS, pd.DataFrame([row]))
    page, markdown, _ = reported()
    assert "| One | near-duplicate of Other: r | – |" in markdown
    cells = page.shown("td")
    at = cells.index("near-duplicate of Other: r")
    assert cells[at - 1] == "One"
    sources = [unquote(str(player["src"])) for player in page.all("audio")]
    assert sources[-2:] == [f"../{MUSIC}/{song}" for song in (one, other)]


def test_formats_that_browsers_do_not_play_are_named_and_have_no_player(heard: set[str]) -> None:
    change(report.EXEMPLARS, {"song": "old/song.AIFF", "name": "Old song"})
    page, _, _ = reported()
    [said] = [text for text in page.shown("p") if "players" in text]
    assert "do not play .aiff: such songs have no player" in said
    names = [str(player["src"]) for player in page.all("audio")]
    assert names
    assert not any("old" in name for name in names)
    assert any("Old song" in cell for cell in page.shown("td"))


def test_a_page_on_its_own_has_no_players_and_says_so_once(
    heard: set[str], run_folder: Path
) -> None:
    write_params(run_folder, AUDIO | {"report.self_contained": True})
    page, _, _ = reported()
    assert page.all("audio") == []
    assert len([text for text in page.shown("p") if "no players" in text]) == 1


def test_where_songs_are_no_files_nothing_is_said_of_players(run_folder: Path) -> None:
    for changes in ({}, AUDIO | {"input.id": None}):
        write_params(run_folder, changes)
        page, _, _ = reported()
        assert page.all("audio") == []
        assert not any("player" in text for text in page.shown("p"))


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH: nothing is played")
def test_a_click_plays_the_song_and_nothing_is_loaded_before(heard: set[str]) -> None:
    reported()
    with chromium() as tab:
        tab.open(report.HTML, 400, ready="document.readyState === 'complete'")
        assert tab.evaluate("document.documentElement.scrollWidth") == 400
        tab.open(report.HTML, 1280, ready="document.readyState === 'complete'")
        untouched = f"[...{SOUND}].every((one) => one.readyState === 0 && !one.currentTime)"
        assert tab.evaluate(untouched)
        loaded = "performance.getEntriesByType('resource').map((one) => one.name)"
        assert not [name for name in tab.evaluate(loaded) if "music" in name]
        tab.evaluate(f"window.playing = {played_by(f'{SOUND}[0]')}; 0")
        box = f"(({{x, y, height}}) => [x, y + height / 2])({SOUND}[0].getBoundingClientRect())"
        tab.evaluate(f"{SOUND}[0].scrollIntoView({{block: 'center'}})")
        x, y = tab.evaluate(box)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            at = {"x": x + 26, "y": y, "button": "left", "clickCount": 1}
            tab.do("Input.dispatchMouseEvent", type=kind, **at)
        played = tab.evaluate("window.playing")
        assert Path(unquote(played.removeprefix("file://"))).samefile(MUSIC / ODD_NAME)
        assert tab.complaints == []
