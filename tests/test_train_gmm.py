"""The trained mixture: ordered, readable without scikit-learn, usable with it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.files import read_json, write_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages import train_gmm
from tests.conftest import FEATURES, ROOT, SetParams, run_stages, write_params
from tests.estimators.test_scikit_learn import SHARES, mixture_in_original_units
from tests.fitting.test_em import PARAMS


def test_the_pickle_is_a_plain_gaussian_mixture_of_the_standardized_features(
    finished: Path,
) -> None:
    model = joblib.load(finished / train_gmm.GMM_MODEL)
    scaler = joblib.load(finished / "models/scaler.pkl")
    songs = read_table(finished / train_gmm.FEATURES_SELECTED)
    assert type(model).__module__.startswith("sklearn.mixture")
    probabilities = model.predict_proba(scaler.transform(songs[FEATURES]))
    assigned = read_table(finished / "data/processed/gmm_cluster_assignments.csv")
    written = assigned.filter(like="gmm_prob_").to_numpy()
    np.testing.assert_allclose(written, probabilities, atol=5.1e-7)
    assert assigned["gmm_cluster"].tolist() == probabilities.argmax(axis=1).tolist()


def test_the_pipeline_gives_the_posteriors_that_soft_assign_wrote(finished: Path) -> None:
    pipeline = joblib.load(finished / train_gmm.SONG_MIXTURE)
    songs = read_table(finished / "data/raw/songs.csv")  # the user's, with other columns
    assigned = read_table(finished / "data/processed/posteriors.csv")
    probabilities = pipeline.predict_proba(songs)
    assert assigned["song"].tolist() == songs["filename"].tolist()
    written = assigned.filter(like="gmm_prob_").to_numpy()
    np.testing.assert_allclose(written, probabilities, rtol=0, atol=5.1e-7)
    assert assigned["gmm_cluster"].tolist() == pipeline.predict(songs).tolist()


def test_both_pickles_are_the_same_bytes_in_a_second_process(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "second")
    subprocess.run(
        [sys.executable, "-m", "stages.train_gmm"],
        cwd=tmp_path / "second",
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "1"},
        capture_output=True,
        check=True,
    )
    for path in (train_gmm.GMM_MODEL, train_gmm.SONG_MIXTURE):
        assert (tmp_path / "second" / path).read_bytes() == (finished / path).read_bytes()


def test_json_and_pickle_are_the_same_mixture(finished: Path) -> None:
    content = read_json(finished / train_gmm.GMM)
    model = joblib.load(finished / train_gmm.GMM_MODEL)
    mixture = Mixture.from_json(content)
    np.testing.assert_array_equal(mixture.means, model.means_)
    np.testing.assert_array_equal(mixture.covariances, model.covariances_)
    songs = read_table(finished / train_gmm.FEATURES_SELECTED)
    points = Scaling.from_json(read_json(finished / train_gmm.SCALING)).standardize(songs)
    np.testing.assert_allclose(
        posteriors(mixture, points)[0], model.predict_proba(points), rtol=1e-9, atol=1e-15
    )


def test_the_mixture_of_the_sweep_is_taken_and_nothing_is_fitted(finished: Path) -> None:
    swept = read_json(finished / train_gmm.CHOSEN_MIXTURE)
    taken = train_gmm.trained(swept, {}, np.empty((0, 5)), PARAMS).mixture
    np.testing.assert_array_equal(taken.means, swept["means"])
    written = Mixture.from_json(read_json(finished / train_gmm.GMM))
    np.testing.assert_array_equal(taken.covariances, written.covariances)


def test_what_the_sweep_did_not_try_is_fitted_as_the_sweep_would(
    workspace: Path, set_params: SetParams
) -> None:
    changes = {"k_sweep.k_max": 3, "choose_k.n_components": 4}
    set_params(changes)
    run_stages(workspace, "preprocess", "k_sweep", "stability", "choose_k", "train_gmm")
    assert read_json(workspace / train_gmm.CHOSEN_MIXTURE) is None
    fitted_here = (workspace / train_gmm.GMM).read_bytes()
    set_params(changes | {"k_sweep.k_max": 4})
    run_stages(workspace, "k_sweep", "stability", "choose_k")
    assert read_json(workspace / train_gmm.CHOSEN_MIXTURE) is not None
    run_stages(workspace, "train_gmm")
    assert (workspace / train_gmm.GMM).read_bytes() == fitted_here


def test_a_mixture_that_is_not_valid_is_refused(workspace: Path, set_params: SetParams) -> None:
    set_params({"k_sweep.k_max": 3, "choose_k.n_components": 12})
    run_stages(workspace, "preprocess", "k_sweep", "stability", "choose_k")
    said = r"K = 12, full, .* is not valid: .* fewer songs than the 20.*; set choose_k\.n_comp"
    with pytest.raises(StageError, match=said):
        train_gmm.main()


def name_reference(folder: Path, name: str, mixture: Mixture, scaling: Scaling) -> None:
    """Put a model and its scaling where train_gmm.reference looks for them."""
    place = folder / train_gmm.REFERENCES / name
    content = {"features": list(scaling.features)} | mixture.to_json()
    write_json(place / train_gmm.GMM.name, content)
    write_json(place / train_gmm.SCALING.name, scaling.to_json())


@pytest.fixture
def trained(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished run, and the tests run inside of it."""
    shutil.copytree(finished, tmp_path / "trained")
    monkeypatch.chdir(tmp_path / "trained")
    return tmp_path / "trained"


def own_model() -> tuple[Mixture, Scaling]:
    """Return mixture and scaling of the folder that the test runs in."""
    scaling = Scaling.from_json(read_json(train_gmm.SCALING))
    return Mixture.from_json(read_json(train_gmm.GMM)), scaling


def test_components_get_the_numbers_of_the_run_that_is_named(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixture, scaling = own_model()
    order = np.array([2, 0, 1])
    name_reference(trained, "turned", mixture.in_order(order), scaling)
    write_params(trained, {"train_gmm.reference": "turned"})
    train_gmm.main()
    found = Mixture.from_json(read_json(train_gmm.GMM))
    np.testing.assert_array_equal(found.means, mixture.means[order])
    np.testing.assert_array_equal(joblib.load(train_gmm.GMM_MODEL).means_, found.means)
    assert "3 of 3 components keep their number in references/turned, and 100.0%" in said(capsys)
    reference = read_json(train_gmm.GMM)["reference"]
    assert [one["jaccard"] for one in reference["components"]] == [1.0] * 3


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_without_a_reference_the_model_is_that_of_the_sweep_byte_for_byte(trained: Path) -> None:
    before = {path: path.read_bytes() for path in (train_gmm.GMM, train_gmm.GMM_MODEL)}
    mixture, scaling = own_model()
    name_reference(trained, "turned", mixture.in_order(np.array([2, 0, 1])), scaling)
    train_gmm.main()
    assert {path: path.read_bytes() for path in before} == before
    assert "reference" not in read_json(train_gmm.GMM)


@pytest.mark.parametrize("order", [[0, 2, 1], [1, 2, 0], [2, 1, 0]])
def test_whatever_order_the_sweep_had_its_components_in_the_model_is_the_same(
    trained: Path, order: list[int]
) -> None:
    mixture, scaling = own_model()
    # One component is recognized, and two go by weight.
    name_reference(trained, "one", mixture.in_order(np.array([1])), scaling)
    far = replace(mixture.in_order(np.array([1, 0])), means=mixture.means[[1, 0]] * [[1], [9]])
    name_reference(trained, "two", far, scaling)
    for name in ("one", "two"):
        write_params(trained, {"train_gmm.reference": name})
        swept = read_json(train_gmm.CHOSEN_MIXTURE)
        train_gmm.main()
        expected = train_gmm.GMM.read_bytes()
        parts = ("weights", "means", "covariances")
        turned = {key: [swept[key][i] for i in order] for key in parts}
        write_json(train_gmm.CHOSEN_MIXTURE, swept | turned)
        train_gmm.main()
        assert train_gmm.GMM.read_bytes() == expected
        write_json(train_gmm.CHOSEN_MIXTURE, swept)


def test_a_reference_of_another_scaling_and_fewer_components_labels_the_songs_of_today(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixture, scaling = own_model()
    songs = read_table(train_gmm.FEATURES_SELECTED)
    turned = replace(
        scaling,
        features=scaling.features[::-1],
        mean=scaling.mean[::-1] + 1,
        scale=2 * scaling.scale[::-1],
    )
    # The third and the first of today's components, in the units of that scaling.
    kept = mixture.in_order(np.array([2, 0]))
    earlier = Mixture(
        "full",
        kept.weights / kept.weights.sum(),
        ((kept.means * scaling.scale + scaling.mean)[:, ::-1] - turned.mean) / turned.scale,
        kept.covariances[:, ::-1, ::-1] / 4,
    )
    labels = train_gmm.labels_under(turned, earlier, songs)
    own = posteriors(kept, scaling.standardize(songs))[0].argmax(axis=1)
    np.testing.assert_array_equal(labels, own)
    name_reference(trained, "fewer", earlier, turned)
    write_params(trained, {"train_gmm.reference": "fewer"})
    train_gmm.main()
    reference = read_json(train_gmm.GMM)["reference"]
    now = posteriors(mixture, scaling.standardize(songs))[0].argmax(axis=1)
    for one in reference["components"]:
        was = one["reference_component"]
        if was is not None:
            today = (2, 0)[was]
            both = ((labels == was) & (now == today)).sum()
            either = ((labels == was) | (now == today)).sum()
            assert one["jaccard"] == both / either >= 0.6
    assert [one["status"] for one in reference["components"]].count("new") >= 1
    assert "; new: " in said(capsys)


def test_the_line_names_what_is_new_and_what_has_another_number() -> None:
    components = [
        {"component": 0, "reference_component": 0, "jaccard": 0.9, "status": "kept"},
        {"component": 1, "reference_component": None, "jaccard": 0.4, "status": "new"},
        {"component": 2, "reference_component": 7, "jaccard": 0.8, "status": "renumbered"},
    ]
    found = {"folder": "references/v1", "kept_songs_share": 0.25, "components": components}
    line = train_gmm.kept_numbers(found)
    assert "1 of 3 components" in line
    assert "25.0% of the songs" in line
    assert line.endswith("new: 1; 2 was 7")


def test_a_song_that_the_earlier_scaling_cannot_take_has_no_place_in_that_run() -> None:
    _, fitted, scaling = mixture_in_original_units("logit")
    table = SHARES.head(3).assign(energy=[0.5, 1.0, 0.5])
    labels = train_gmm.labels_under(scaling, fitted.mixture, table)
    assert labels[1] == -1
    expected, _ = posteriors(fitted.mixture, scaling.standardize(table.iloc[[0, 2]]))
    assert labels[[0, 2]].tolist() == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda place: shutil.rmtree(place), r"references/v1/gmm\.json is not there; copy models"),
        (lambda place: (place / "scaling.json").unlink(), r"v1/scaling\.json is not there"),
        (lambda place: write_json(place / "gmm.json", {"weights": [1]}), "is not as stages"),
        (lambda place: write_json(place / "gmm.json", [1, 2]), "v1: gmm.json or scaling"),
        (lambda place: (place / "gmm.json").write_text("{"), "references/v1/gmm.json: "),
        (lambda place: rename_feature(place / "gmm.json"), "are of two runs"),
        (
            lambda place: rename_feature(place / "gmm.json", place / "scaling.json"),
            "only references/v1 has width and only this run has tempo",
        ),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused(
    trained: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    name_reference(trained, "v1", *own_model())
    write_params(trained, {"train_gmm.reference": "v1"})
    spoil(trained / "references/v1")
    before = train_gmm.GMM.read_bytes()
    with pytest.raises(StageError, match=said):
        train_gmm.main()
    assert train_gmm.GMM.read_bytes() == before


def rename_feature(*paths: Path) -> None:
    for path in paths:
        content = read_json(path)
        write_json(path, content | {"features": ["width", *content["features"][1:]]})
