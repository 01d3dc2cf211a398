"""The page of `dvc plots`, as a browser without a network shows it."""

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile
from PIL import Image

from song_mixtures.presentation.figures.catalog import DRAWN, FIGURES
from song_mixtures.presentation.figures.charts import DATA
from song_mixtures.presentation.page.__main__ import plots_page
from tests.browser import CHROMIUM, Tab, chromium, played_by
from tests.conftest import ROOT, call, params_with
from tests.presentation.results import charted

CHARTED = {figure.plot: figure for figure in FIGURES if figure.chart}
IN_BROWSER = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on PATH: the page's charts are not looked at"
)
# Of each chart: how many marks of its commonest kind are drawn, and how many are seen; what the
# page says instead of a chart; what its figure is headed with.
CHARTS = """Object.fromEntries([...document.querySelectorAll("figure")].map((figure) => {
  const counts = {}, seen = {};
  for (const group of figure.querySelectorAll("g.mark-rect.role-mark, g.mark-symbol.role-mark")) {
    const kind = group.getAttribute("class");
    for (const mark of group.querySelectorAll(":scope > path")) {
      const { width, height } = mark.getBoundingClientRect();
      const visible = width > 0 && height > 0 && mark.getAttribute("opacity") !== "0";
      counts[kind] = (counts[kind] ?? 0) + 1;
      seen[kind] = (seen[kind] ?? 0) + visible;
    }
  }
  const most = Object.keys(counts).sort((a, b) => counts[b] - counts[a] || seen[b] - seen[a])[0];
  return [figure.dataset.plot, {
    marks: counts[most] ?? 0, seen: seen[most] ?? 0,
    failed: figure.querySelector(".failed")?.textContent ?? "",
    title: figure.querySelector("h3").textContent,
    caption: figure.querySelector("figcaption")?.textContent ?? "",
    pictures: [...figure.querySelectorAll("img")].filter((image) => image.naturalWidth > 0).length,
    revisions: [...figure.querySelectorAll(".revision")].map((p) => p.textContent),
  }];
}))"""


# --- the template


@cache
def template() -> str:
    return plots_page()


def test_the_template_is_whole_and_the_same_again() -> None:
    page = template()
    assert page == plots_page()
    assert [page.count(mark) for mark in ("{plot_divs}", "{refresh_tag}", "{scripts}")] == [1, 1, 0]
    # None of the parts ends the script or style that it stands in.
    assert [page.count(mark) for mark in ("</script", "</style", "<!--")] == [2, 1, 0]
    assert re.findall(r"<script\b[^>]*\bsrc=|<link\b", page) == []
    assert len(page) > 500_000  # Vega is in it
    plots = re.findall(r'<figure data-plot="([^"]+)"', page)
    assert plots == [figure.plot for figure in FIGURES]


# --- in the browser


def draw_pictures(folder: Path, names: Iterable[str] = DRAWN) -> None:
    """Write pictures that are wider than a narrow window."""
    (folder / "plots/images").mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (1500, 300), "#dddddd").save(folder / f"plots/images/{name}.png")


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page that `dvc plots` will write, of a folder that has all it needs but the data.

    The template is set as `make` sets it, the pictures are gray, and the test runs in the folder.
    """
    shutil.copytree(ROOT / ".dvc/plots", tmp_path / ".dvc/plots")
    for path in (".dvc/config", ".dvc/.gitignore", ".gitignore", ".dvcignore", "dvc.yaml"):
        shutil.copy(ROOT / path, tmp_path / path)
    (tmp_path / "params.yaml").write_text(json.dumps(params_with({})))
    (tmp_path / ".dvc/plots_page.html").write_text(template())
    call(tmp_path, "git", "init", "-q")
    call(tmp_path, "dvc", "config", "--local", "plots.html_template", "plots_page.html")
    draw_pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "dvc_plots/index.html"


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with chromium() as opened:
        yield opened


def problems(tab: Tab, page: Path) -> list[Any]:
    """Return what is wrong with a page wherever it is shown: complaints, and a page too wide."""
    found: list[Any] = []
    for width, scheme in ((1280, "light"), (400, "dark")):
        tab.open(page, width, scheme)
        found += tab.complaints
        across = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        found += [] if across == [width, width] else [across]
        wide = """[...document.querySelectorAll("figure, figure *")].filter((element) =>
          !element.parentElement.closest(".card")
          && element.getBoundingClientRect().right > innerWidth).map((e) => e.outerHTML)"""
        found += tab.evaluate(wide)
    return found


# Names that would be code; tests/test_report.py has the report's.
HOSTILE = [
    "</script><script>window.broken = 1</script>",
    '"><img src=x onerror="window.broken = 1">',
    "{{ 7 * 7 }} ${window.broken = 1} {plot_divs}",
    "datum.label = (window.broken = 1)",
    "javascript:window.broken=1",
    "=1+1",
    "\\u003cscript\\u003e' \" \\",
    "קול - العربية \u202e txt",
]
KINDS_OF_RESULTS: dict[str, dict[str, Any]] = {
    "K = 3, hostile names": {"genres": HOSTILE},
    "K = 2, no genres": {"k": 2, "genres": [], "palette": "tableau"},
    "K = 20, 114 genres": {
        "k": 20,
        "genres": [f"genre {i:03d}" for i in range(114)],
        "count": 500,
        "palette": "okabe_ito",
    },
}


@IN_BROWSER
@pytest.mark.parametrize("kind", KINDS_OF_RESULTS)
def test_every_plot_is_drawn_without_a_network_at_any_width(
    kind: str, tab: Tab, shown: Path, tmp_path: Path
) -> None:
    records = charted(**KINDS_OF_RESULTS[kind])
    call(tmp_path, "dvc", "plots", "show")
    assert problems(tab, shown) == []
    # The window is narrow now, and a chart has made way as far as its list of genres lets it.
    map_width = "document.querySelector('figure[data-plot=song_map] .card').scrollWidth"
    assert tab.evaluate(map_width) < 600
    charts = tab.evaluate(CHARTS)
    for name, figure in CHARTED.items():
        assert charts[name]["marks"] == len(records[DATA[figure.chart]]), name
        assert charts[name]["seen"] > 0, name
        assert (charts[name]["title"], charts[name]["failed"]) == (figure.title, "")
    for name in DRAWN:
        assert charts[f"plots/images/{name}.png"]["pictures"] == 1
    assert list(charts) == [figure.plot for figure in FIGURES]
    assert tab.evaluate("typeof window.broken") == "undefined"
    if kind == "K = 3, hostile names":
        assert "=1+1" in tab.evaluate("document.body.textContent")


@IN_BROWSER
def test_two_revisions_with_different_k_genres_and_palette_stand_on_one_page(
    tab: Tab, shown: Path, tmp_path: Path
) -> None:
    before = charted(**KINDS_OF_RESULTS["K = 20, 114 genres"])
    call(tmp_path, "git", "add", "-A")
    call(tmp_path, "git", "commit", "-qm", "First run")
    after = charted(**KINDS_OF_RESULTS["K = 2, no genres"])
    draw_pictures(tmp_path, {"pca_map"})
    call(tmp_path, "dvc", "plots", "diff", "HEAD")
    assert problems(tab, shown) == []
    charts = tab.evaluate(CHARTS)
    for name, figure in CHARTED.items():
        data = DATA[figure.chart]
        assert charts[name]["marks"] == len(before[data]) + len(after[data]), name
    assert sorted(charts["plots/images/pca_map.png"]["revisions"]) == ["HEAD", "workspace"]
    assert charts["plots/images/pca_map.png"]["pictures"] == 2
    bars = "figure[data-plot='plots/weights.json'] .mark-rect path"
    fills = f"[...document.querySelectorAll(\"{bars}\")].map((bar) => bar.getAttribute('fill'))"
    assert set(tab.evaluate(fills)) == {
        record["color"] for records in (before, after) for record in records["weights"]
    }


@IN_BROWSER
def test_a_plot_without_a_caption_is_shown_at_the_end_and_one_without_data_says_so(
    tab: Tab, shown: Path, tmp_path: Path
) -> None:
    draw_pictures(tmp_path, {"of_my_own"})
    charted()
    (tmp_path / "plots/weights.json").write_text("[]\n")
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n2,3\n")
    with (tmp_path / "dvc.yaml").open("a") as file:
        file.write(
            "  - mine.csv:\n      x: a\n      y: b\n      title: My own\n"
            "  - plots/images/of_my_own.png\n"
        )
    call(tmp_path, "dvc", "plots", "show")
    tab.open(shown, 800)
    charts = tab.evaluate(CHARTS)
    assert "could not read the data" in charts["plots/weights.json"]["failed"]
    assert list(charts)[-2:] == ["mine_csv", "plots/images/of_my_own.png"]
    assert charts["mine_csv"]["title"] == "My own"
    assert charts["plots/images/of_my_own.png"]["pictures"] == 1
    assert tab.evaluate("document.querySelectorAll('#others figure').length") == 2


DOTS = """[...document.querySelectorAll("figure[data-plot=song_map] .child_layer_0_marks path")]
  .map((dot) => [dot.getAttribute("fill"), +dot.getAttribute("opacity")])"""


def click(tab: Tab, selector: str) -> None:
    """Click into the middle of an element, as a mouse does."""
    place = f"""(() => {{
      const element = document.querySelector("{selector}");
      element.scrollIntoView({{block: "center"}});
      const box = element.getBoundingClientRect();
      return [box.x + box.width / 2, box.y + box.height / 2];
    }})()"""
    x, y = tab.evaluate(place)
    mouse = {"x": x, "y": y, "button": "left", "clickCount": 1}
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        tab.do("Input.dispatchMouseEvent", type=kind, **mouse)
    tab.evaluate("new Promise((done) => setTimeout(done, 200))")


def choose(tab: Tab, control: str, value: str) -> None:
    """Set a control of the map, as a person does."""
    setting = f"""(() => {{
      const control = document.querySelector("figure[data-plot=song_map] .inputs {control}");
      control.value = "{value}";
      control.dispatchEvent(new Event("input", {{bubbles: true}}));
      control.dispatchEvent(new Event("change", {{bubbles: true}}));
      return new Promise((done) => setTimeout(done, 200));
    }})()"""
    tab.evaluate(setting)


@IN_BROWSER
def test_the_map_takes_colors_from_the_choice_and_dims_what_is_not_picked(
    tab: Tab, shown: Path, tmp_path: Path
) -> None:
    songs = charted()["songs"]
    call(tmp_path, "dvc", "plots", "show")
    tab.open(shown, 1280)
    dots = tab.evaluate(DOTS)
    assert [color for color, _ in dots] == [song["color"] for song in songs]
    sure = [song["max_posterior"] for song in songs]
    brightest, palest = sure.index(max(sure)), sure.index(min(sure))
    assert dots[brightest][1] > dots[palest][1] > 0.1

    choose(tab, "select", "genre")
    assert [color for color, _ in tab.evaluate(DOTS)] == [song["genre_color"] for song in songs]

    click(tab, "figure[data-plot=song_map] .child_layer_0_marks path")  # a song picks nothing
    assert all(opacity > 0.1 for _, opacity in tab.evaluate(DOTS))

    # The list stands in order of number, its marks in order of first appearance.
    first = songs[0]["component"]
    click(tab, "figure[data-plot=song_map] .child_layer_4_layer_0_layer_0_marks path")
    bright = [opacity > 0.1 for _, opacity in tab.evaluate(DOTS)]
    assert bright == [song["component"] == first for song in songs]

    choose(tab, "input", "e 002")
    bright = [opacity > 0.1 for _, opacity in tab.evaluate(DOTS)]
    assert bright == [(song["component"], song["genre"]) == (first, "genre 002") for song in songs]
    assert any(bright)
    assert tab.complaints == []


# The middle of the first dot from number {} on that no other mark covers.
FREE_DOT = """(() => {{
  const dots = [...document.querySelectorAll(
    "figure[data-plot=song_map] .child_layer_0_marks path")].slice({});
  dots[0].scrollIntoView({{block: "center"}});
  for (const dot of dots) {{
    const {{ x, y, width, height }} = dot.getBoundingClientRect();
    const middle = [x + width / 2, y + height / 2];
    if (document.elementFromPoint(...middle) === dot) return middle;
  }}
}})()"""
PLAYER = "document.querySelector('aside audio')"


def click_a_dot(tab: Tab, first: int) -> None:
    """Click on a song of the map, the first from this number on that can be clicked."""
    x, y = tab.evaluate(FREE_DOT.format(first))
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        tab.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@IN_BROWSER
def test_a_click_on_the_map_plays_the_song_and_says_where_it_cannot(
    tab: Tab, shown: Path, tmp_path: Path
) -> None:
    before = charted()["songs"]  # no files of audio
    call(tmp_path, "git", "add", "-A")
    call(tmp_path, "git", "commit", "-qm", "First run")
    after = charted(audio=Path("music"), k=2)["songs"]
    assert [song["audio"] for song in before] == [""] * len(before)
    (tmp_path / "music").mkdir()
    for song in after:
        place = shown.parent / unquote(song["audio"])
        assert place.resolve() == tmp_path / "music" / song["song"]
        soundfile.write(place.resolve(), np.sin(np.arange(22_050) / 10) / 10, 22_050, format="wav")
    call(tmp_path, "dvc", "plots", "diff", "HEAD")

    tab.open(shown, 1280)
    assert tab.evaluate(f"[{PLAYER}.networkState, {PLAYER}.getAttribute('src')]") == [0, None]
    click_a_dot(tab, len(after))  # of the revision without files, which comes second
    assert tab.evaluate("document.querySelector('aside').hidden")
    tab.evaluate(f"window.playing = {played_by(PLAYER)}; 0")
    click_a_dot(tab, 0)
    played = Path(unquote(tab.evaluate("window.playing").removeprefix("file://")))
    assert played.parent == tmp_path / "music"
    assert tab.evaluate("document.querySelector('aside .heard').textContent") == played.name

    shutil.rmtree(tmp_path / "music")
    tab.open(shown, 400)
    click_a_dot(tab, 0)
    tab.evaluate("new Promise((done) => setTimeout(done, 300))")
    said = tab.evaluate("document.querySelector('aside .heard').textContent")
    assert "not played" in said
    assert "../music/song" in said
    assert tab.evaluate("document.documentElement.scrollWidth") == 400


def test_a_checkout_without_the_page_falls_back_on_the_stock_one(
    shown: Path, tmp_path: Path
) -> None:
    (tmp_path / ".dvc/config.local").unlink()
    charted()
    call(tmp_path, "dvc", "plots", "show")
    page = shown.read_text()
    assert "cdn.jsdelivr.net/npm/vega@" in page
    assert page.count("vegaEmbed('#") == len(CHARTED)


def test_the_page_is_not_in_git() -> None:
    made = [".dvc/plots_page.html", ".dvc/config.local"]
    assert call(ROOT, "git", "check-ignore", *made).split() == made
