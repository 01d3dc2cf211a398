"""The stage suspects: every kind with its reason, its song and its score."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from song_mixtures.suspects.kinds import DUPLICATE, LABEL, NOWHERE
from stages import suspects
from tests.conftest import run_stages


@pytest.fixture(scope="module")
def run_folder(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished run, with a copy of a song, a stranger and a song with another's label."""
    folder = tmp_path_factory.mktemp("suspects") / "run"
    shutil.copytree(finished, folder)
    songs = read_table(folder / suspects.FEATURES_SELECTED)
    songs.loc[9, "tempo":] = songs.loc[3, "tempo":]
    songs.loc[20, "tempo":] = songs.loc[:, "tempo":].max() * 1.5
    songs.loc[30, "genre"] = next(kind for kind in songs["genre"] if kind != songs["genre"][30])
    songs.to_csv(folder / suspects.FEATURES_SELECTED, index=False)
    run_stages(folder, "suspects")
    return folder


def test_each_kind_names_its_songs_the_most_suspicious_first(run_folder: Path) -> None:
    found = read_table(run_folder / suspects.SUSPECTS)
    of_kind = dict(list(found.groupby("kind", sort=False)))
    pair = of_kind[DUPLICATE].iloc[0]
    assert (pair["row"], pair["other_row"], pair["score"]) == (9, 3, 0)
    assert pair["reason"] == "equal in every feature"
    assert of_kind[NOWHERE]["row"].iloc[0] == 20
    assert set(of_kind[NOWHERE]["other_row"]) == {-1}
    assert 30 in set(of_kind[LABEL]["row"])
    assert len(of_kind[LABEL]) <= 3  # of 240
    for _, songs in found.groupby("kind"):
        assert songs["score"].is_monotonic_increasing


def test_metrics_count_what_the_table_lists(run_folder: Path) -> None:
    found = read_table(run_folder / suspects.SUSPECTS)["kind"].value_counts()
    metrics = read_json(run_folder / suspects.METRICS)
    assert metrics["near_duplicate_pairs_count"] == found[DUPLICATE]
    assert metrics["equal_pairs_count"] == 1
    assert metrics["belongs_nowhere_count"] == found[NOWHERE]
    assert metrics["belongs_nowhere_by_chance"] == pytest.approx(2.4)
    assert metrics["label_looks_wrong_count"] == found[LABEL]
    assert metrics["genre_accuracy_share"] > 0.95


def test_what_is_kept_of_the_folds_judges_a_new_song_as_the_stage_does(run_folder: Path) -> None:
    kept = read_json(run_folder / suspects.DENSITIES)
    songs = read_table(run_folder / suspects.FEATURES_SELECTED)
    scaling = Scaling.from_json(read_json(run_folder / suspects.SCALING))
    points = scaling.standardize(songs)
    by_fold = [
        np.interp(
            posteriors(Mixture.from_json(fold), points)[1], fold["log_densities"], kept["levels"]
        )
        for fold in kept["folds"]
    ]
    stated = read_table(run_folder / suspects.OUT_OF_FOLD)["density_p_value"].to_numpy()
    # Of five folds one is that of the song.
    apart = np.abs(np.array(by_fold) - stated).min(axis=0)
    assert apart.max() < 0.002
    assert len(kept["folds"]) == 5


def test_without_genres_none_is_read(run_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    songs = read_table(folder / suspects.FEATURES_SELECTED).drop(columns="genre")
    songs.to_csv(folder / suspects.FEATURES_SELECTED, index=False)
    run_stages(folder, "suspects")
    assert LABEL not in set(read_table(folder / suspects.SUSPECTS)["kind"])
    assert not [key for key in read_json(folder / suspects.METRICS) if key.startswith("genre_")]
    seen = read_table(folder / suspects.OUT_OF_FOLD)
    assert list(seen.columns) == ["song", "density_p_value"]
