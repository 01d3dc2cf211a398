"""The songs of the default run: what the features find in them is what was put in.

One set of the default 1,000 songs is synthesized and extracted, by the benchmark that fills the
table of docs/demo_songs.md; each mark is a test of its own.
"""

import pytest
import yaml

from benchmarks.demo_songs import figures
from song_mixtures.pipeline.stage import one_thread
from stages.demo import Demo
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    with one_thread():
        return figures(Demo(**params["demo"]))


@pytest.mark.parametrize(
    ("figure", "low", "high"),
    [
        ("folder, MB", 1, 100),
        ("ARI of K-Means and genres", 0.1, 0.5),
        ("condition number", 1, 10),
        ("tempo, Accuracy 1", 0.90, 1),
        ("tempo, Accuracy 2", 0.97, 1),
        ("AUC of valence for major", 0.80, 1),
        ("AUC of entropy for hybrids", 0.5, 1),
        ("distinct tempos, share of songs", 0.95, 1),
    ],
)
def test_a_figure_reaches_its_mark(
    found: dict[str, float], figure: str, low: float, high: float
) -> None:
    assert low < found[figure] <= high


def test_the_mixture_is_less_sure_of_hybrids(found: dict[str, float]) -> None:
    assert found["mean entropy of hybrids, nats"] > found["mean entropy of pure songs, nats"]
