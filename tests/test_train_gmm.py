"""The trained mixture: ordered, readable without scikit-learn, usable with it."""

from dataclasses import replace
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
from tests.conftest import FEATURES
from tests.fitting.test_em import PARAMS, scikit_learn
from tests.mixture.test_mixture import POINTS, TYPES


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_model_is_the_one_scikit_learn_would_have_fitted_but_for_the_order(
    covariance_type: CovarianceType,
) -> None:
    fitted = fit_mixture(POINTS, 4, covariance_type, PARAMS)
    ordered = replace(fitted, mixture=train_gmm.ordered_by_weight(fitted.mixture))
    model = train_gmm.as_scikit_learn(ordered, PARAMS)
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


def test_fewer_songs_than_two_a_component_are_refused() -> None:
    check_enough_songs(20, 10, "choose_k.n_components")
    said = r"19 songs for 10 components, expected at least 20.* set choose_k\.n_components lower"
    with pytest.raises(StageError, match=said):
        check_enough_songs(19, 10, "choose_k.n_components")
