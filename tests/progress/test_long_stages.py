"""Every stage that can take long shows on a terminal what it counts, and how much is left."""

import io
import re
import shutil
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from song_mixtures.progress import bars

# The sources, demo and extract, show songs.
COUNTED = {
    "k_sweep": {"mixtures"},
    "stability": {"refits"},
    "train_gmm": {"initializations"},
    "refits": {"refits", "warm refits"},
    "soft_assign": {
        "posteriors over refits, blocks of songs",
        "labels of refits, blocks of songs",
        "deciding features, blocks of songs",
    },
    "suspects": {"mixtures of folds", "nearest songs, blocks of songs", "forests"},
    "kmeans": {"K-Means fits", "silhouettes, blocks of songs"},
    "compare_kmeans": {"silhouettes, blocks of songs"},
    "figures": {"pictures"},
}


class Terminal(io.StringIO):
    """Standard error as a person sees it."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stage", COUNTED)
def test_a_long_stage_shows_what_it_counts(
    stage: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    if stage == "train_gmm":  # where the sweep has not tried the K
        Path("models/chosen_mixture.json").write_text("null")
    module = import_module(f"stages.{stage}")
    if stage == "figures":  # one picture is enough
        drawn = [one for one in module.FIGURES if one.picture and not one.chart]
        monkeypatch.setattr(module, "FIGURES", drawn[:1])
    screen = Terminal()
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=screen, modules=sys.modules))
    monkeypatch.setattr(bars, "DELAY", 0.0)
    module.main()
    assert set(re.findall(r"\r([^\r:]+): +\d+%\|", screen.getvalue())) == COUNTED[stage]
