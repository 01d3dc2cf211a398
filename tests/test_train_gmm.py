"""The trained mixture: ordered, readable without scikit-learn, usable with it."""

from pathlib import Path

import joblib
import numpy as np
import pytest

from song_mixtures.fitting.fit import check_enough_songs, fit_mixture
from song_mixtures.mixture.model import CovarianceType, Mixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.scaling import Scaling
from stages import train_gmm
from tests.conftest import FEATURES, SetParams, run_stages
from tests.test_em import PARAMS, scikit_learn
from tests.test_mixture import POINTS, TYPES


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_model_is_the_one_scikit_learn_would_have_fitted_but_for_the_order(
    covariance_type: CovarianceType,
) -> None:
    fitted = fit_mixture(POINTS, 4, covariance_type, PARAMS)
    model = train_gmm.as_scikit_learn(fitted, PARAMS)
    expected = scikit_learn(POINTS, 4, covariance_type, PARAMS)
    order = np.argsort(-expected.weights_)
    assert (np.diff(model.weights_) <= 0).all()
    assert vars(model).keys() == vars(expected).keys()
    for name in ("covariances_", "precisions_", "precisions_cholesky_"):
        matrices = getattr(expected, name)
        if covariance_type != "tied":
            matrices = matrices[order]
        np.testing.assert_allclose(getattr(model, name), matrices, rtol=1e-5, atol=1e-8)
    probabilities = expected.predict_proba(POINTS)[:, order]
    np.testing.assert_allclose(model.predict_proba(POINTS), probabilities, atol=1e-6)
    assert model.bic(POINTS) == pytest.approx(expected.bic(POINTS), rel=1e-9)
    assert model.sample(5)[0].shape == (5, 5)


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
    run_stages(workspace, "preprocess", "k_sweep", "choose_k", "train_gmm")
    assert read_json(workspace / train_gmm.CHOSEN_MIXTURE) is None
    fitted_here = (workspace / train_gmm.GMM).read_bytes()
    set_params(changes | {"k_sweep.k_max": 4})
    run_stages(workspace, "k_sweep", "choose_k")
    assert read_json(workspace / train_gmm.CHOSEN_MIXTURE) is not None
    run_stages(workspace, "train_gmm")
    assert (workspace / train_gmm.GMM).read_bytes() == fitted_here


def test_fewer_songs_than_two_a_component_are_refused() -> None:
    check_enough_songs(20, 10, "choose_k.n_components")
    said = r"19 songs for 10 components, expected at least 20.* set choose_k\.n_components lower"
    with pytest.raises(StageError, match=said):
        check_enough_songs(19, 10, "choose_k.n_components")
