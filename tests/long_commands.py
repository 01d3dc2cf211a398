"""What takes too long for `make test`: `pytest tests/long_commands.py`, a part of it in `.ci/run`.

The long commands of the docs, run as printed, which tests/test_commands.py holds to the pages, and
the marks of the default run's thousand songs.
"""

from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import TABLE, call, write_params
from tests.test_commands import LONG
from tests.test_default_songs import MARKS, figures_of


@pytest.mark.parametrize("command", LONG)
def test_it_runs_as_it_is_printed(project: Path, command: str) -> None:
    # 240 songs do not bear eight full components.
    write_params(project, {"choose_k.covariance_type": "diag"})
    if "logit" in command:  # as of every table that has shares in these columns
        songs = pd.read_csv(project / TABLE["input.table"])
        shares = songs[["energy", "valence", "danceability"]].clip(0, 1)
        songs.assign(**shares).to_csv(project / TABLE["input.table"], index=False)
    if "my_music" in command:  # the synthetic songs under another name
        sources = {"input.demo": ["songs"], "input.audio": ["data/raw/demo_audio"]}
        own = {"input.table": "data/raw/audio_features.csv", "choose_k.n_components": 2}
        few = {"demo.n_songs": 40, "demo.seconds": 4, "k_sweep.covariance_types": ["diag"]}
        write_params(project, sources | own | few | {"choose_k.covariance_type": "diag"})
        call(project, "python", "-m", "stages.demo")
        (project / "data/raw/demo_audio").rename(project / "data/raw/my_music")
    if "bandwidth" in command:
        songs = pd.read_csv(project / TABLE["input.table"])
        songs["spectral_bandwidth_mean"] = 2000 + 500 * songs["energy"] ** 2 + songs["tempo"]
        songs.to_csv(project / TABLE["input.table"], index=False)
    said = call(project, "bash", "-ec", command)
    assert "ERROR" not in said
    assert "Traceback" not in said


def test_the_figures_of_the_default_songs_reach_their_marks() -> None:
    found = figures_of(1000)
    for figure, (low, high) in MARKS.items():
        assert low < found[figure] <= high, figure
    assert 1 < found["folder, MB"] <= 100
    # The mixture is less sure of hybrids.
    assert 0.5 < found["AUC of entropy for hybrids"] <= 1
    assert found["mean entropy of hybrids, nats"] > found["mean entropy of pure songs, nats"]
