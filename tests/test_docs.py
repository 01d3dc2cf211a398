"""The pages hang together: every link leads somewhere, and every page can be found."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt

from benchmarks.drawing import Readers, drawing, without_shortcuts
from song_mixtures.mixture.uncertainty import entropy
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
PARSER = MarkdownIt("commonmark").enable("table")


def inline(page: Path) -> list[tuple[str, str]]:
    """Return the links (`href` and `src`) and headings of a page, as ("link" or "heading", it)."""
    found = []
    tokens = PARSER.parse(page.read_text())
    for before, token in zip([None, *tokens], tokens, strict=False):
        if before is not None and before.type == "heading_open":
            found.append(("heading", token.content))
        for child in token.children or []:
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                found.append(("link", str(target)))
    return found


def links(page: Path) -> list[str]:
    """Return where a page's links lead, those to other sites left out."""
    targets = [target for kind, target in inline(page) if kind == "link"]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> list[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = [text for kind, text in inline(page) if kind == "heading"]
    return [re.sub(r"[^\w -]", "", text).strip().lower().replace(" ", "-") for text in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert len(anchors(page)) == len(set(anchors(page)))
    for target in links(page):
        path, _, anchor = target.partition("#")
        place = page if not path else (page.parent / path).resolve()
        assert place.exists(), target
        assert place.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(place), target


def test_every_page_is_linked_from_the_readme() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in links(ROOT / "README.md")}
    assert [page.name for page in PAGES[1:] if page not in linked] == []


def test_the_entropies_of_the_answers_are_right() -> None:
    faq = (ROOT / "docs/faq.md").read_text()
    nats = [float(found) for found in re.findall(r"has (\d\.\d+)[;,]", faq)]
    posterior = np.array([[0.9, 0.1], [0.5, 0.5]])
    assert nats == entropy(posterior).round(2).tolist()
    assert f"among three {math.log(3):.1f}" in faq


def test_the_drawing_of_the_pipeline_is_that_of_dvc_yaml() -> None:
    mark = "<!-- python -m benchmarks.drawing -->\n"
    assert (ROOT / "docs/pipeline.md").read_text().split(mark)[1].strip() == drawing()
    for arrow in ("input --> preprocess", "demo --> extract", "k_sweep --> stability"):
        assert f"    {arrow}\n" in drawing()


def test_an_arrow_that_a_longer_way_implies_is_left_out_unless_it_leads_over_a_source() -> None:
    edges: Readers = {"a": {"b", "c"}, "b": {"c"}, "c": {"d"}, "d": set()}
    assert without_shortcuts(edges) == edges | {"a": {"b"}}
    edges = {"input": {"extract", "preprocess"}, "extract": {"preprocess"}, "preprocess": set()}
    assert without_shortcuts(edges) == edges
