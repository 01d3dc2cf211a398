"""Two features or fifteen, whatever they are called: the whole pipeline takes them."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks.output_tables import written_tables
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.features import FEATURES, LONGEST_NAME
from tests.conftest import BY_INPUT, STAGES, TABLE, lay_out, run_stages
from tests.test_output_tables import faults

LONGEST = "spectral_centroid_deviation_hz"
# Ours in another order, Spotify's others, names of one's own, one of which is as long as may be.
NAMES = [
    "loudness", "bandwidth", "tempo", "valence", "acousticness", "energy", "liveness", LONGEST,
    "danceability", "chroma", "tonalité", "яркость", "x", "mfcc_1", "zero_crossings",
]  # fmt: skip
WORDS: dict[str, Any] = {
    "bandwidth": {"unit": "Hz", "decimals": 0, "low": "narrow", "high": "broad"},
    "x": {"unit": "", "high": "much of everything there is"},
}
SONGS = 360


def in_order(d: int) -> list[str]:
    """Return the first names as they stand in tables: ours first, then the others by name."""
    given = sorted(NAMES[:d])
    return [name for name in FEATURES if name in given] + [n for n in given if n not in FEATURES]


WHOLE_RUN = [*STAGES, "figures", "report"]


def many_columns(d: int) -> pd.DataFrame:
    """Return songs of three kinds that overlap, the features on scales far from one another."""
    rng = np.random.default_rng(d)
    kinds = np.repeat(np.arange(3), SONGS // 3)
    points = rng.normal(size=(SONGS, d)) + 3 * rng.normal(size=(3, d))[kinds] / math.sqrt(d / 2)
    values = pd.DataFrame(points, columns=[f"Column {name}" for name in NAMES[:d]])
    for name in NAMES[:d]:
        column = f"Column {name}"
        if name in ("acousticness", "liveness"):
            values[column] = 1 / (1 + np.exp(-values[column]))
        elif name in ("bandwidth", "tempo"):
            values[column] = 100 * np.exp(0.2 * values[column])
    values.insert(0, "genre", [f"kind {kind}" for kind in kinds])
    values.insert(0, "filename", [f"song {i}" for i in range(SONGS)])
    return values


def settings(d: int) -> dict[str, Any]:
    """Return the params of a run with d features; fifteen are too many for full covariances."""
    return {
        "input.columns": {name: f"Column {name}" for name in NAMES[:d]},
        "input.features": {name: words for name, words in WORDS.items() if name in NAMES[:d]},
        "choose_k.covariance_type": "full" if d < 10 else "diag",
        "k_sweep.k_max": 3,
        "stability.n_components": [2],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the folder of a finished run with so many features; each is made once."""

    @cache
    def finished(d: int) -> Path:
        folder = tmp_path_factory.mktemp(f"features_{d}")
        lay_out(folder, settings(d))
        many_columns(d).to_csv(folder / TABLE["input.table"], index=False)
        run_stages(folder, *WHOLE_RUN)
        return folder

    return finished


DIMENSIONS = pytest.mark.parametrize("d", [2, 9, 15])


@DIMENSIONS
def test_every_table_is_what_the_docs_say(run: Any, d: int) -> None:
    folder = run(d)
    for table, stage in written_tables().items():
        # Without a second reading of the tempo their table has no row, and no types.
        if stage not in BY_INPUT and table != "data/processed/tempo_readings":
            assert faults(read_table(folder / f"{table}.csv"), table, in_order(d), 3) == []


@DIMENSIONS
def test_every_number_is_finite_and_tells_how_many_features(run: Any, d: int) -> None:
    numbers = {path.stem: json.loads(path.read_text()) for path in run(d).glob("metrics/*.json")}
    assert len(numbers) == len(WHOLE_RUN) - 2  # input and report have none
    assert all(math.isfinite(value) for metrics in numbers.values() for value in metrics.values())
    assert numbers["preprocess"]["features_count"] == d
    own = 2 * d if d == 15 else d + d * (d + 1) // 2
    assert numbers["choose_k"]["songs_per_own_parameter"] == pytest.approx(SONGS / (3 * own))


@DIMENSIONS
def test_every_picture_is_drawn(run: Any, d: int) -> None:
    pictures = sorted(run(d).glob("plots/images/*.png"))
    assert len(pictures) == 16
    for path in pictures:
        with Image.open(path) as picture:
            assert min(picture.size) > 100


@DIMENSIONS
def test_the_report_has_a_column_for_each_feature_and_its_words(run: Any, d: int) -> None:
    report = (run(d) / "reports/summary.md").read_text()
    units = {"loudness": " (dB)", "bandwidth": " (Hz)", "tempo": " (BPM)"}
    headings = [f"{name}{units.get(name, '')}".replace("_", r"\_") for name in in_order(d)]
    plain = report.replace(r"\_", "_")
    assert f"| component | {' | '.join(headings)} |".replace(r"\_", "_") in plain
    assert f"Features: {', '.join(in_order(d))};" in plain
    profiles = read_table(run(d) / "data/processed/gmm_means.csv")["profile"]
    words = {word for profile in profiles for word in profile.split(", ")}
    known = {word for name in FEATURES for word in (FEATURES[name].low, FEATURES[name].high)}
    given = {"narrow", "broad", "much of everything there is", "average"}
    others = {f"{end} {name}" for name in NAMES for end in ("low", "high")}
    assert words <= known | given | others
    assert "narrow" in words or "broad" in words


@DIMENSIONS
def test_the_pipeline_of_scikit_learn_gives_the_same_posteriors(run: Any, d: int) -> None:
    folder = run(d)
    mixture = joblib.load(folder / "models/song_mixture.pkl")
    songs = read_table(folder / "data/processed/features_selected.csv")
    written = read_table(folder / "data/processed/posteriors.csv").filter(like="gmm_prob_")
    np.testing.assert_allclose(mixture.predict_proba(songs), written, atol=1e-6)


def test_few_songs_for_so_many_parameters_are_warned_of_with_a_line_that_helps(run: Any) -> None:
    report = (run(9) / "reports/summary.md").read_text()
    assert "only 2.2 songs for each parameter" in report
    assert "`dvc exp run -S choose_k.covariance_type=tied`" in report
    assert "songs for each parameter" not in (run(2) / "reports/summary.md").read_text()


def test_the_longest_name_is_among_those_tried() -> None:
    assert len(LONGEST) == LONGEST_NAME
