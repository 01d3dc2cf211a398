"""The sweep: a row per fit, the best K among valid fits, the same on any number of workers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, FittedMixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages import k_sweep
from tests.conftest import FEATURES, SetParams, make_songs, run_stages
from tests.fitting.test_em import PARAMS, VARIED
from tests.mixture.test_mixture import POINTS


def table_of(**columns: Any) -> pd.DataFrame:
    rows = {"k": [2, 3, 4], "covariance_type": "full", "valid": 1, "converged": 1}
    scores = {"bic": [30.0, 10.0, 20.0], "aic": [3.0, 2.0, 1.0], "icl": [5.0, 6.0, 7.0]}
    return pd.DataFrame(rows | scores | columns)


def test_a_fit_that_is_not_sound_is_counted_and_said() -> None:
    assert k_sweep.summarize(table_of())["invalid_count"] == 0
    metrics = k_sweep.summarize(table_of(valid=[1, 0, 1], converged=[1, 0, 1]))
    assert (metrics["fits_count"], metrics["invalid_count"]) == (3, 1)
    assert metrics["not_converged_count"] == 1
    assert "1 not valid (full K = 3)" in k_sweep.outcome(table_of(valid=[1, 0, 1]))


def test_every_k_and_covariance_type_has_its_row_in_order() -> None:
    ks = k_sweep.tried(k_sweep.Sweep(2, 3, ("full", "spherical")), *POINTS.shape)
    swept = list(k_sweep.sweep_fits(POINTS, ks, VARIED, Compute()))
    fits = [(fit.k, fit.covariance_type) for _, fit in swept]
    assert [(len(m.mixture.weights), m.mixture.covariance_type) for m, _ in swept] == fits
    assert fits == [(k, kind) for kind in ("full", "spherical") for k in (1, 2, 3)]


@pytest.mark.parametrize(
    ("songs", "ends"),
    [
        (1000, {"full": 20}),
        (399, {"full": 19, "diag": 20, "spherical": 20}),
        (51, {"full": 2, "diag": 5, "spherical": 8}),
        (20, {"full": 1, "diag": 2, "spherical": 3}),
    ],
)
def test_few_songs_end_the_sweep_sooner_and_bring_types_with_fewer_parameters(
    songs: int, ends: dict[CovarianceType, int]
) -> None:
    sweep = k_sweep.Sweep(2, 20, ("full",))
    ks = k_sweep.tried(sweep, songs, 5)
    assert ks == {kind: range(2, end + 1) for kind, end in ends.items()}
    k_sweep.check_enough_songs(ks, sweep, np.zeros((songs, 5)))
    said = k_sweep.cut_short(ks, sweep, np.zeros((songs, 5)))
    assert ("full not at all" in said) == (songs == 20)
    assert (said == "") == (songs == 1000)


@pytest.mark.parametrize("mixture", [VARIED, PARAMS], ids=["threads", "processes"])
def test_fits_elsewhere_are_the_fits_made_here(mixture: MixtureParams) -> None:
    here = [k_sweep.fit_and_evaluate(POINTS, k, "full", mixture) for k in (1, 2, 3)]
    ks: k_sweep.Tried = {"full": range(2, 4)}
    found = list(k_sweep.sweep_fits(POINTS, ks, mixture, Compute(n_jobs=3)))
    assert [fit for _, fit in found] == [fit for _, fit in here]
    assert [m.to_json() for m, _ in found] == [m.to_json() for m, _ in here]


def test_the_sweep_keeps_every_mixture(finished: Path) -> None:
    kept = read_json(finished / k_sweep.SWEEP)
    table = read_table(finished / k_sweep.K_SWEEP)
    assert kept["features"] == FEATURES
    songs = read_table(finished / k_sweep.FEATURES_SELECTED)
    points = Scaling.from_json(read_json(finished / k_sweep.SCALING)).standardize(songs)
    for content, (_, row) in zip(kept["mixtures"], table.iterrows(), strict=True):
        mixture = FittedMixture.from_json(content).mixture
        assert (len(mixture.weights), row["songs"]) == (row["k"], len(points))
        log_likelihood = posteriors(mixture, points)[1].sum()
        assert row["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-7)
        assert row["remaining_gain_nats"] < 1e-7 * len(points)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"k_sweep.k_max": 2, "k_sweep.k_min": 3}, "k_sweep: k_max is 2, expected at least k_min"),
        ({"k_sweep.k_min": 1}, r"k_sweep\.k_min is 1, expected a whole number at least 2"),
        ({"k_sweep.covariance_types": ["full", "full"]}, "names one type twice"),
        ({"k_sweep.covariance_types": ["ful"]}, "expected one of full, tied, diag, spherical"),
    ],
)
def test_a_sweep_that_makes_no_sense_is_refused(
    workspace: Path, set_params: SetParams, changes: dict[str, Any], said: str
) -> None:
    set_params(changes)
    with pytest.raises(StageError, match=said):
        k_sweep.main()


def test_fewer_songs_than_two_spherical_components_need_are_refused() -> None:
    sweep = k_sweep.Sweep(2, 20, ("full",))
    with pytest.raises(StageError, match=r"11 songs, expected at least 12.*give more songs"):
        k_sweep.check_enough_songs(k_sweep.tried(sweep, 11, 5), sweep, np.zeros((11, 5)))


def test_the_row_of_the_trained_k_shows_what_training_shows(finished: Path) -> None:
    table = read_table(finished / k_sweep.K_SWEEP).set_index("k")
    trained = read_json(finished / "metrics/train_gmm.json")
    row = table.loc[trained["n_components"]]
    assert row["log_likelihood"] == trained["log_likelihood_nats"]
    assert [row["bic"], row["aic"]] == [trained["bic"], trained["aic"]]
    assert row["iterations"] == trained["iterations_count"]


def test_two_runs_give_the_same_bytes(finished: Path, workspace: Path) -> None:
    run_stages(workspace, "preprocess", "k_sweep")
    for path in (k_sweep.K_SWEEP, k_sweep.SWEEP, k_sweep.METRICS):
        assert (workspace / path).read_bytes() == (finished / path).read_bytes()


def test_criteria_of_transformed_features_are_in_units_of_the_original_ones(
    workspace: Path, set_params: SetParams
) -> None:
    """By a second way: the mixture's density of z times dz/du, song by song."""
    changes = {"preprocess.transform.tempo": "log2", "preprocess.transform.valence": "logit"}
    set_params(changes | {"k_sweep.k_max": 3})
    songs = make_songs()
    songs["valence"] = songs["valence"].clip(0, 1)
    songs.loc[0, "valence"] = 0.0
    songs.to_csv(workspace / "data/raw/songs.csv", index=False)
    run_stages(workspace, "preprocess", "k_sweep", "stability", "choose_k", "train_gmm")

    tempo, valence = songs["tempo"], (songs["valence"] * 239 + 0.5) / 240
    seen = songs.assign(tempo=np.log2(tempo), valence=np.log(valence / (1 - valence)))[FEATURES]
    points = StandardScaler().fit_transform(seen)
    slopes = np.log(1 / (tempo * np.log(2)) * tempo.std() / seen["tempo"].std())
    slopes += np.log(239 / 240 / (valence * (1 - valence)))
    slopes += np.log(songs["valence"].std() / seen["valence"].std())
    table = read_table(k_sweep.K_SWEEP).set_index("k")
    for content in read_json(k_sweep.SWEEP)["mixtures"]:
        mixture = FittedMixture.from_json(content).mixture
        log_likelihood = posteriors(mixture, points)[1].sum() + slopes.sum()
        row = table.loc[len(mixture.weights)]
        assert row["log_likelihood"] == pytest.approx(log_likelihood, rel=1e-7)
        penalty = row["parameters"] * np.log(240)
        assert row["bic"] == pytest.approx(penalty - 2 * log_likelihood, rel=1e-7)
    trained = read_json(workspace / "metrics/train_gmm.json")
    assert trained["bic"] == table.loc[3, "bic"]
    assert trained["icl"] == table.loc[3, "icl"]
