"""The songs of the default run: what the features find in them is what was put in.

A fifth of the default 1,000 songs is synthesized and extracted, by the benchmark that fills the
table of docs/demo_songs.md; each mark is a test of its own. tests/long_commands.py holds the whole
thousand to the same marks, and to those of the hybrids, of which a fifth has too few.
"""

import pytest
import yaml

from benchmarks.demo_songs import figures
from song_mixtures.pipeline.stage import one_thread
from stages.demo import Demo
from tests.conftest import ROOT

MARKS = {
    "ARI of K-Means and genres": (0.1, 0.5),
    "condition number": (1, 10),
    "tempo, Accuracy 1": (0.90, 1),
    "tempo, Accuracy 2": (0.97, 1),
    "AUC of valence for major": (0.80, 1),
    "distinct tempos, share of songs": (0.95, 1),
}


def figures_of(n_songs: int) -> dict[str, float]:
    """Return the figures of so many songs of the default run."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    with one_thread():
        return figures(Demo(**params["demo"] | {"n_songs": n_songs}))


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    return figures_of(200)


@pytest.mark.parametrize("figure", MARKS)
def test_a_figure_reaches_its_mark(found: dict[str, float], figure: str) -> None:
    low, high = MARKS[figure]
    assert low < found[figure] <= high


def test_a_thousand_songs_would_take_less_than_a_hundred_megabytes(
    found: dict[str, float],
) -> None:
    assert 1 < 5 * found["folder, MB"] <= 100
