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


class AllSeenError(Exception):
    """Every bar that was waited for has been there: the rest of the stage is for other tests."""


class Terminal(io.StringIO):
    """Standard error as a person sees it, until all that was waited for has been seen."""

    def __init__(self, awaited: set[str]) -> None:
        super().__init__()
        self.awaited = set(awaited)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        waiting = bool(self.awaited)
        self.awaited -= set(re.findall(r"\r([^\r:]+): +\d+%\|", text))
        if waiting and not self.awaited:
            raise AllSeenError
        return len(text)


@pytest.mark.parametrize("stage", COUNTED)
def test_a_long_stage_shows_what_it_counts(
    stage: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    if stage == "train_gmm":  # where the sweep has not tried the K
        Path("models/chosen_mixture.json").write_text("null")
    screen = Terminal(COUNTED[stage])
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=screen, modules=sys.modules))
    monkeypatch.setattr(bars, "DELAY", 0.0)
    main = import_module(f"stages.{stage}").main
    with pytest.raises(AllSeenError):
        main()
