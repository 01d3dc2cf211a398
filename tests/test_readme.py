"""Every figure in the README is the one in the files, to the digits that are shown."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()
# | what | shown | `spotify: preprocess.songs_kept_count` |
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `(\w+): (\w+)\.(\w+)` \|$", re.MULTILINE)
# Figures in running text: the words, and where the figure stands.
IN_TEXT = [
    ("34,143 songs", "spotify", "preprocess", "songs_kept_count"),
    ("the 114 genres", "spotify", "preprocess", "genres_count"),
]


def results(name: str) -> Any:
    return json.loads((ROOT / f"docs/results/{name}.json").read_text())


def number_in(text: str) -> tuple[float, float]:
    """Return the number that a text shows, and half a unit of its last digit."""
    shown = re.sub(r"[^0-9.,−-]", "", text).replace(",", "").replace("−", "-")
    decimals = len(shown.partition(".")[2])
    percent = 100 if "%" in text else 1
    return float(shown) / percent, 0.5000001 * 10.0**-decimals / percent


def test_the_results_table_is_there() -> None:
    assert len(ROW.findall(README)) >= 12


@pytest.mark.parametrize(
    ("shown", "name", "part", "key"),
    [row[1:] for row in ROW.findall(README)] + IN_TEXT,
)
def test_a_figure_is_the_one_in_the_file(shown: str, name: str, part: str, key: str) -> None:
    assert shown in README
    found = results(name)
    value = found["seconds"][key] if part == "seconds" else found["metrics"][part][key]
    number, half_a_digit = number_in(shown)
    assert value == pytest.approx(number, abs=half_a_digit)


def test_links_lead_to_files_and_headings() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_every_stage_is_on_the_map() -> None:
    stages = {path.stem for path in (ROOT / "stages").glob("[!_]*.py")}
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == stages


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_what_the_docs_name_in_the_code_exists(page: Path) -> None:
    text = page.read_text()
    code = "".join(path.read_text() for path in ROOT.glob("[bst]*/**/*.py"))
    for path in re.findall(r"`((?:stages|song_mixtures|tests|benchmarks)/[\w/]+\.py)`", text):
        assert (ROOT / path).is_file(), path
    for name in re.findall(r"`([a-z]+_[a-z_]+)`", text):
        known = name in code or name in (ROOT / "params.yaml").read_text()
        assert known, f"{page.name} names {name}"
