"""The estimators are those that scikit-learn would have fitted, in functions that others have."""

import io
import pickle
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.preprocessing import StandardScaler

from song_mixtures.estimators.scikit_learn import (
    gaussian_mixture,
    in_original_units,
    named_scaler,
)
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import CovarianceType, FittedMixture, posteriors
from song_mixtures.songs.scaling import Scaling, Transform, squeezed, transformed
from tests.conftest import FEATURES, make_songs
from tests.fitting.test_em import PARAMS, scikit_learn
from tests.mixture.test_mixture import POINTS, TYPES


@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_model_is_the_one_scikit_learn_would_have_fitted_but_for_the_order(
    covariance_type: CovarianceType,
) -> None:
    fitted = fit_mixture(POINTS, 4, covariance_type, PARAMS)
    model = gaussian_mixture(fitted, PARAMS)
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


def songs_of_shares() -> pd.DataFrame:
    """Return songs whose energy, valence and danceability lie between 0 and 1."""
    songs = make_songs()
    shares = ["energy", "valence", "danceability"]
    return songs.assign(**songs[shares].clip(0.001, 0.999))


SHARES = songs_of_shares()


def mixture_in_original_units(
    transform: Transform, covariance_type: CovarianceType = "full"
) -> tuple[Any, FittedMixture, Scaling]:
    """Return the Pipeline of a mixture of SHARES, `transform` on two features; what it holds."""
    transforms: tuple[Transform, ...] = ("log2", transform, "identity", "identity", transform)
    squeeze = {"danceability": len(SHARES)} if transform == "logit" else {}
    values = transformed(squeezed(SHARES[FEATURES], squeeze).to_numpy(), transforms)
    scaling = Scaling(tuple(FEATURES), transforms, values.mean(axis=0), values.std(axis=0), squeeze)
    fitted = fit_mixture(scaling.standardize(SHARES), 3, covariance_type, PARAMS)
    model = gaussian_mixture(fitted, PARAMS)
    return in_original_units(model, scaling, SHARES), fitted, scaling


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("transform", get_args(Transform))
def test_the_pipeline_of_original_units_gives_our_posteriors(
    transform: Transform, covariance_type: CovarianceType
) -> None:
    pipeline, fitted, scaling = mixture_in_original_units(transform, covariance_type)
    expected, log_likelihoods = posteriors(fitted.mixture, scaling.standardize(SHARES))
    np.testing.assert_allclose(pipeline.predict_proba(SHARES), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(pipeline.score_samples(SHARES), log_likelihoods, rtol=1e-10)
    np.testing.assert_array_equal(pipeline.predict(SHARES), expected.argmax(axis=1))


@pytest.mark.parametrize("transform", get_args(Transform))
def test_the_pipeline_takes_any_table_that_has_the_features(transform: Transform) -> None:
    pipeline, fitted, scaling = mixture_in_original_units(transform)
    # With columns of text, in another order, of whole numbers and of 32 bits, as Parquet may be.
    table = SHARES[SHARES.columns[::-1]].astype({"tempo": int, "energy": "float32"})
    expected, _ = posteriors(fitted.mixture, scaling.standardize(table))
    for output in ("default", "pandas"):
        with config_context(transform_output=output):
            found = pipeline.predict_proba(table)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_the_pipeline_scales_as_a_fitted_scaler_does() -> None:
    pipeline, _, scaling = mixture_in_original_units("logit")
    values = transformed(scaling.inside(SHARES), scaling.transforms)
    expected = StandardScaler().fit(values)
    found = vars(pipeline["scaler"])
    assert {name for name in vars(expected) if name not in found} == set()
    for name in ("mean_", "scale_", "var_", "n_features_in_", "n_samples_seen_"):
        np.testing.assert_allclose(found[name], getattr(expected, name), rtol=1e-12, atol=1e-12)
    assert [name for name, _, _ in pipeline["transform"].transformers_] == FEATURES
    np.testing.assert_allclose(pipeline["transform"].transform(SHARES), values, atol=1e-12)


class Names(pickle.Unpickler):
    """Loads a pickle and keeps the names it asks for."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.found: set[str] = set()

    def find_class(self, module: str, name: str, /) -> Any:
        self.found.add(f"{module}.{name}")
        return super().find_class(module, name)


def test_the_pickle_names_the_functions_of_its_transforms_as_numpy_makes_them_public() -> None:
    pipeline, _, _ = mixture_in_original_units("logit")
    names = Names(pickle.dumps(pipeline["transform"]))
    names.load()
    # Classes are scikit-learn's, wherever it keeps them; NumPy's core makes arrays and numbers.
    foreign = {name for name in names.found if not name.startswith(("sklearn.", "numpy._core"))}
    functions = {"numpy.positive", "numpy.log2", "numpy.arctanh"}
    functions |= {"numpy.polynomial.polynomial.polyval"}
    assert functions <= foreign
    assert foreign - functions <= {
        "numpy.float64",
        "numpy.dtype",
        "numpy.ndarray",
        "builtins.slice",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"energy": 0.0}, "infinity"),
        ({"energy": 1.0}, "infinity"),
        ({"energy": 1.1}, "NaN"),
        ({"danceability": 1.1}, "NaN"),
        ({"tempo": np.nan}, "NaN"),
    ],
)
def test_the_pipeline_refuses_a_song_that_has_no_place(change: dict[str, float], said: str) -> None:
    pipeline, _, _ = mixture_in_original_units("logit")
    with pytest.raises(ValueError, match=said), np.errstate(all="ignore"):
        pipeline.predict_proba(SHARES.assign(**change))


def test_the_pipeline_takes_the_ends_of_a_feature_that_is_squeezed() -> None:
    pipeline, fitted, scaling = mixture_in_original_units("logit")
    table = SHARES.head(2).assign(danceability=[0.0, 1.0])
    expected, _ = posteriors(fitted.mixture, scaling.standardize(table))
    np.testing.assert_allclose(pipeline.predict_proba(table), expected, rtol=0, atol=1e-10)


def test_the_pipeline_names_the_feature_that_is_missing() -> None:
    pipeline, _, _ = mixture_in_original_units("identity")
    with pytest.raises(ValueError, match="valence"):
        pipeline.predict_proba(SHARES.drop(columns="valence"))


def test_the_named_scaler_refuses_raw_values_where_a_transform_comes_first() -> None:
    _, _, scaling = mixture_in_original_units("logit")
    scaler = named_scaler(scaling, len(SHARES))
    names = ["log2_tempo", "logit_energy", "loudness", "valence", "logit_squeezed_danceability"]
    assert scaler.feature_names_in_.tolist() == names
    with pytest.raises(ValueError, match="feature names should match"):
        scaler.transform(SHARES[FEATURES])
    values = transformed(scaling.inside(SHARES), scaling.transforms)
    standardized = scaler.transform(pd.DataFrame(values, columns=names))
    np.testing.assert_array_equal(standardized, scaling.standardize(SHARES))


def test_the_named_scaler_is_that_of_a_fit() -> None:
    _, _, scaling = mixture_in_original_units("logit")
    found = named_scaler(scaling, len(SHARES))
    values = transformed(scaling.inside(SHARES), scaling.transforms)
    expected = StandardScaler().fit(pd.DataFrame(values, columns=found.feature_names_in_))
    assert vars(found).keys() == vars(expected).keys()
    assert found.feature_names_in_.dtype == expected.feature_names_in_.dtype
