"""The notebook runs on the results of a run, by the entry that is documented, and has no output."""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest

from song_mixtures.placing.run import Run
from tests.conftest import ROOT
from tests.test_docs import anchors

NOTEBOOK = ROOT / "notebooks/explore.ipynb"
CELLS = json.loads(NOTEBOOK.read_text())["cells"]
CODE = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"]
TEXT = "\n".join("".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "markdown")


def test_every_cell_runs_in_the_folder_of_a_run(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished / "data")  # as jupyter's, a folder below the project's
    matplotlib.use("Agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(CODE):
        exec(compile(cell, f"cell {number}", "exec"), names)  # noqa: S102  # it is ours
    pictures = [plt.figure(number) for number in plt.get_fignums()]
    assert len(pictures) == 7
    assert all(axis.has_data() or not axis.axison for one in pictures for axis in one.axes)
    plt.close("all")
    assert isinstance(names["run"], Run)
    assert len(names["songs"]) == 240


def test_it_walks_the_sections_of_a_notebook_about_mixtures_in_order() -> None:
    assert re.findall(r"^## (.*)", TEXT, re.MULTILINE) == [
        "The mathematics", "The data", "Choosing K", "Training", "Posteriors", "Uncertainty",
        "Means", "Weights", "Covariances", "K-Means", "A song that is not among them",
        "What to do next",
    ]  # fmt: skip


def test_it_has_no_outputs_in_git() -> None:
    for cell in CELLS:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert cell["metadata"] == {}


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        path, _, anchor = target.partition("#")
        page = (NOTEBOOK.parent / path).resolve()
        assert page.is_file(), target
        assert not anchor or anchor in anchors(page), target
