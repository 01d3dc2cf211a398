"""The commands of the docs that take long, run as printed: `pytest tests/long_commands.py`.

No part of `make test`; tests/test_commands.py holds them to the pages.
"""

from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import TABLE, call, write_params
from tests.test_commands import LONG


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
