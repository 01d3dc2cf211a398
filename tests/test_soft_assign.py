"""Posteriors and hard labels of every song."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from benchmarks.calibration import greatest_stated
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.files import write_json
from song_mixtures.pipeline.tables import Tables, read_table
from song_mixtures.songs.scaling import Scaling
from stages import soft_assign


def test_the_hard_label_is_the_arg_max_and_posteriors_are_rounded() -> None:
    posterior = np.array([[0.1234567, 0.8765433], [0.5000001, 0.4999999]])
    assigned = soft_assign.assignment(pd.DataFrame({"song": ["a", "b"]}), posterior)
    assert list(assigned.columns) == ["song", "gmm_cluster", "gmm_prob_0", "gmm_prob_1"]
    assert assigned["gmm_cluster"].tolist() == [1, 0]
    assert assigned["gmm_prob_0"].tolist() == [0.123457, 0.5]


def test_written_rows_sum_to_one(finished: Path) -> None:
    assigned = read_table(finished / soft_assign.POSTERIORS)
    sums = assigned.filter(like="gmm_prob_").sum(axis=1)
    assert len(assigned) == 240
    np.testing.assert_allclose(sums, 1.0, atol=1e-5)


def test_what_refits_say_of_each_song_is_written(finished: Path) -> None:
    songs = read_table(finished / soft_assign.POSTERIORS)
    averaged = songs.filter(like="averaged_prob_")
    np.testing.assert_allclose(averaged.sum(axis=1), 1.0, atol=1e-5)
    expected = -(averaged * np.log(averaged.where(averaged > 0, 1))).sum(axis=1)
    np.testing.assert_allclose(songs["averaged_entropy"], expected, atol=1e-4)
    assert (songs["mutual_information"] <= songs["averaged_entropy"]).all()
    np.testing.assert_allclose(20 * songs["kept_share"] % 1, 0, atol=1e-9)  # of 20 refits
    assert 0.5 < songs["kept_share"].mean() <= 1


def test_typicality_by_hand() -> None:
    # Of a standard Gaussian in two features exp(-r^2 / 2) lies further out than r.
    mixture = Mixture("full", np.array([0.5, 0.5]), np.zeros((2, 2)), np.eye(2) * [[[1]], [[4]]])
    points = np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]])
    found = soft_assign.typicality(mixture, points, np.array([0, 0, 1]))
    np.testing.assert_allclose(found, [1.0, np.exp(-25 / 2), np.exp(-25 / 8)])


def test_metrics_by_hand() -> None:
    posterior = np.array([[0.95, 0.05], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]])
    metrics = soft_assign.summarize(posterior)
    assert metrics["mean_max_posterior"] == np.mean([0.95, 0.6, 0.7, 0.9])
    assert metrics["above_90_percent_share"] == 0.25
    assert metrics["components_with_songs_count"] == 2


# ---- the second reading of the tempo


def test_a_fifth_of_tempos_doubled_is_said_to_be_a_fifth() -> None:
    # Four songs of tempo 100 and four of 200, and one of each with its tempo doubled. One that is
    # given as 200 is of the slow kind in one case of five; any other tempo leaves no doubt.
    mixture = Mixture("full", np.full(2, 0.5), np.array([[100.0], [200.0]]), np.full((2, 1, 1), 9))
    kind = np.repeat([0, 1], 5)
    given = np.array([100.0] * 4 + [200.0] * 5 + [400.0])[:, None]
    at_tempo, at_half = (posteriors(mixture, points)[0] for points in (given, given / 2))
    both = soft_assign.over_readings(at_tempo, at_half, np.full(10, 0.2))
    np.testing.assert_allclose(both[:, 0], [1] * 4 + [0.2] * 5 + [0], atol=1e-9)
    errors = [greatest_stated(one, kind).calibration_error() for one in (at_tempo, both)]
    np.testing.assert_allclose(errors, [0.1, 0.0], atol=1e-9)


RNG = np.random.default_rng(4)
SONGS = pd.DataFrame(
    {
        "song": [str(row) for row in range(60)],
        "tempo": np.exp2(RNG.normal(7, 0.5, 60)),
        "energy": RNG.uniform(0, 1, 60),
    }
)
SONGS_SCALING = Scaling(("tempo", "energy"), ("log2", "identity"), np.array([7.0, 0.5]), np.ones(2))
READINGS = pd.DataFrame(
    {"song": SONGS["song"], "tempo_other": SONGS["tempo"] / 2, "tempo_other_share": 0.3}
)
READINGS.loc[7, ["tempo_other", "tempo_other_share"]] = [SONGS["tempo"][7], 0.0]  # it has none


def mixture_at(tempo: float) -> Mixture:
    """Return two components, the first at a tempo and the other an octave below."""
    means = np.array([[tempo, 0.0], [tempo - 1, 0.1]])
    return Mixture("full", np.array([0.6, 0.4]), means, np.full((2, 1, 1), 0.1) * np.eye(2))


def assigned_with(readings: pd.DataFrame, suffix: str = "csv") -> pd.DataFrame:
    """Run the stage in the current folder and return what it writes."""
    Path("params.yaml").write_text(yaml.safe_dump({"tables": {"format": suffix}}))
    tables = Tables(suffix)  # type: ignore[arg-type]
    tables.write(soft_assign.FEATURES_SELECTED, SONGS, digits=None)
    tables.write(soft_assign.TEMPO_READINGS, readings, digits=None)
    if not soft_assign.INCOMPLETE.with_suffix(f".{suffix}").exists():
        none = SONGS.head(0).assign(name="", missing="")
        tables.write(soft_assign.INCOMPLETE, none, digits=None)
    write_json(soft_assign.SCALING, SONGS_SCALING.to_json())
    write_json(soft_assign.GMM, mixture_at(0).to_json())
    refits = {
        "cold": [mixture_at(0).to_json()],
        "warm": [mixture_at(shift).to_json() for shift in (-0.2, 0.1, 0.3)],
    }
    write_json(soft_assign.REFITS, refits)
    soft_assign.main()
    return tables.read(soft_assign.POSTERIORS)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_both_readings_of_a_song_are_averaged_over_refits_and_weighed(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    songs = assigned_with(READINGS, suffix)
    expected = np.zeros((60, 2))
    for row in range(60):
        share = READINGS["tempo_other_share"][row]
        for weight, bpm in ((1 - share, SONGS["tempo"]), (share, READINGS["tempo_other"])):
            place = np.array([[np.log2(bpm[row]) - 7, SONGS["energy"][row] - 0.5]])
            for shift in (-0.2, 0.1, 0.3):
                expected[row] += weight * posteriors(mixture_at(shift), place)[0][0] / 3
    np.testing.assert_allclose(songs.filter(like="readings_prob_"), expected, atol=1e-6)
    # The fit's components lie an octave apart: the group of many a song hangs on it, not of all.
    at_half = posteriors(
        mixture_at(0), SONGS_SCALING.standardize(SONGS.assign(tempo=READINGS["tempo_other"]))
    )
    assert songs["tempo_other_cluster"].tolist() == at_half[0].argmax(axis=1).tolist()
    assert 5 < (songs["tempo_other_cluster"] != songs["gmm_cluster"]).sum() < 55
    own = songs.loc[7]
    assert own["tempo_other_cluster"] == own["gmm_cluster"]
    assert own["readings_prob_0"] == own["averaged_prob_0"]


def test_without_second_readings_no_column_is_added_and_none_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    both, one = assigned_with(READINGS), assigned_with(READINGS.head(0))
    added = ["tempo_other", "tempo_other_share", "tempo_other_cluster"]
    assert list(both) == [*one, *added, "readings_prob_0", "readings_prob_1"]
    pd.testing.assert_frame_equal(both[list(one)], one)


# ---- songs with features missing


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_songs_with_a_feature_missing_are_placed_by_the_others(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = Tables(suffix)  # type: ignore[arg-type]
    incomplete = SONGS.head(2).assign(name=["a", "b"], tempo=np.nan, missing="tempo")
    tables.write(soft_assign.INCOMPLETE, incomplete, digits=None)
    assigned_with(READINGS, suffix)
    found = tables.read(soft_assign.PLACED)
    assert found["song"].tolist() == ["0", "1"]
    assert found["missing"].tolist() == ["tempo", "tempo"]
    # The components share a variance of .1, their energies are 0 and 0.1 standardized.
    energy = SONGS["energy"].to_numpy()[:2] - 0.5
    odds = 0.6 / 0.4 * np.exp((-(energy**2) + (energy - 0.1) ** 2) / 0.2)
    expected = odds / (1 + odds)
    np.testing.assert_allclose(found["gmm_prob_0"], expected, atol=1e-6)
    np.testing.assert_allclose(found["averaged_prob_0"], expected, atol=1e-6)  # tempo alone differs
    np.testing.assert_allclose(found["mutual_information"], 0, atol=1e-9)
