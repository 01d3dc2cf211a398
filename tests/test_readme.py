"""Every figure in the README is the one in the files, to the digits that are shown."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.results import figure, results_table
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.songs.scaling import Scaling
from tests.conftest import ROOT, call, lay_out, make_songs, pipeline_stages, run_stages

README = (ROOT / "README.md").read_text()
DEMO, SPOTIFY = (
    json.loads((ROOT / f"docs/results/{name}.json").read_text()) for name in ("demo", "spotify")
)
# Figures in running text: the words, the file, the figure's place in it, its format.
IN_TEXT = [
    ("{:,d} songs from Spotify", SPOTIFY, "metrics.preprocess.songs_kept_count"),
    ("mean entropy is {:.0%}", SPOTIFY, "metrics.uncertainty.mean_entropy_share"),
    ("the {:d} genres", SPOTIFY, "metrics.preprocess.genres_count"),
    ("BIC is lowest at {:d} groups", SPOTIFY, "metrics.choose_k.bic_best_k"),
    ("only {:d} of the ten would come", SPOTIFY, "metrics.refits.trusted_components_count"),
    ("this takes {:.0f} seconds", DEMO, "seconds.total"),
]


def test_the_results_table_is_made_from_the_files() -> None:
    mark = "<!-- python -m benchmarks.results -->\n"
    assert README.split(mark)[1].strip() == results_table()


@pytest.mark.parametrize(("words", "results", "place"), IN_TEXT)
def test_a_figure_in_the_text_is_the_one_in_the_file(words: str, results: Any, place: str) -> None:
    assert words.format(figure(results, place)) in README


def test_the_lines_of_the_default_run_are_what_the_stages_said() -> None:
    shown = README.split("with a line like these:\n\n```\n")[1].split("\n```")[0].splitlines()
    assert len(shown) >= 6
    assert [line for line in shown if line not in DEMO["said"].values()] == []


def test_every_stage_is_on_the_map() -> None:
    assert listed("## The map") == set(pipeline_stages())


def listed(heading: str) -> set[str]:
    """Return the names in the first column of the table below a heading."""
    section = README.split(f"\n{heading}\n")[1].split("\n#")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_room_is_on_the_map() -> None:
    rooms = {path.parent.name for path in ROOT.glob("song_mixtures/*/__init__.py")}
    assert listed("### The rooms") == rooms


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_what_the_docs_name_in_the_code_exists(page: Path) -> None:
    text = page.read_text()
    code = "".join(path.read_text() for path in ROOT.glob("[bst]*/**/*.py"))
    for path in re.findall(r"`((?:stages|song_mixtures|tests|benchmarks)/[\w/]+\.py)`", text):
        assert (ROOT / path).is_file(), path
    for name in re.findall(r"`([a-z]+_[a-z_]+)`", text):
        known = name in code or name in (ROOT / "params.yaml").read_text()
        assert known, f"{page.name} names {name}"


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"input.columns.loudness": "energy", "preprocess.collinear": "drop"},
        {"preprocess.transform.tempo": "log2", "preprocess.transform.energy": "logit"},
    ],
    ids=["all features", "one dropped", "two transformed"],
)
def test_the_model_is_used_elsewhere_as_shown(tmp_path: Path, changes: dict[str, Any]) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    lay_out(project, changes | {"k_sweep.k_max": 3})
    table = make_songs()
    table["energy"] = table["energy"].clip(0.01, 0.99)  # for logit
    table.to_csv(project / "data/raw/songs.csv", index=False)
    run_stages(project, "input", "preprocess", "k_sweep", "stability", "choose_k", "train_gmm")
    (elsewhere / "models").mkdir(parents=True)
    shutil.copy(project / "models/song_mixture.pkl", elsewhere / "models")

    [snippet] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    *shown, last = snippet.strip().splitlines()
    program = [
        *shown,
        f"found = {last}",
        "import importlib.util, json",
        "assert importlib.util.find_spec('song_mixtures') is None",
        "print(json.dumps([songs.to_dict('list'), found.tolist()]))",
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", "\n".join(program)],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    songs, found = json.loads(done.stdout)
    scaling = Scaling.from_json(read_json(project / "models/scaling.json"))
    mixture = Mixture.from_json(read_json(project / "models/gmm.json"))
    expected, _ = posteriors(mixture, scaling.standardize(pd.DataFrame(songs)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_what_shows_metrics_fits_100_columns(finished_project: Path) -> None:
    [block] = [
        block
        for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
        if "show metrics" in block
    ]
    commands = [line.partition("  #")[0].strip() for line in block.splitlines()]
    shown = [line for line in commands if line.startswith(("dvc metrics", "dvc exp show"))]
    assert len(shown) >= 2
    for command in shown:
        lines = call(finished_project, *command.split()).splitlines()
        assert len(lines) > 1
        assert max(map(len, lines)) <= 100, command
