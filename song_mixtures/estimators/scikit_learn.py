"""Scaling and mixture as the estimators that scikit-learn would have fitted.

They are made of numbers that are there already: nothing is fitted. A pickle of them needs no module
of this project where it is loaded.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.polynomial.polynomial import polyval
from sklearn.compose import ColumnTransformer
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, FittedMixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.songs.scaling import FORWARD, Scaling, Transform


def gaussian_mixture(fitted: FittedMixture, params: MixtureParams) -> Any:
    """Return the mixture as the GaussianMixture that scikit-learn would have fitted."""
    mixture = fitted.mixture
    k, d = mixture.means.shape
    model = GaussianMixture(
        k,
        covariance_type=mixture.covariance_type,
        tol=params.tol,
        reg_covar=params.reg_covar,
        max_iter=params.max_iter,
        n_init=params.n_init,
        random_state=params.seed,
    )
    model.weights_, model.means_, model.n_features_in_ = mixture.weights, mixture.means, d
    inverse = np.linalg.inv(np.linalg.cholesky(mixture.covariances)).transpose(0, 2, 1)
    model.covariances_ = in_sklearn_shape(mixture.covariances, mixture.covariance_type)
    model.precisions_cholesky_ = in_sklearn_shape(inverse, mixture.covariance_type)
    precisions = inverse @ inverse.transpose(0, 2, 1)
    model.precisions_ = in_sklearn_shape(precisions, mixture.covariance_type)
    model.converged_, model.n_iter_ = fitted.converged, len(fitted.lower_bounds)
    model.lower_bound_, model.lower_bounds_ = fitted.lower_bounds[-1], fitted.lower_bounds
    return model


def in_sklearn_shape(matrices: FloatArray, covariance_type: CovarianceType) -> FloatArray:
    """Return (K, d, d) matrices in the shape scikit-learn keeps them in for their type."""
    if covariance_type == "tied":
        return matrices[0]
    if covariance_type == "full":
        return matrices
    diagonals = np.diagonal(matrices, axis1=1, axis2=2)
    return diagonals.copy() if covariance_type == "diag" else diagonals[:, 0].copy()


def standard_scaler(scaling: Scaling, songs: int) -> Any:
    """Return the standardization as the StandardScaler that was fitted to so many songs."""
    scaler = StandardScaler()
    scaler.mean_, scaler.scale_, scaler.var_ = scaling.mean, scaling.scale, scaling.scale**2
    scaler.n_features_in_, scaler.n_samples_seen_ = len(scaling.features), np.int64(songs)
    return scaler


def named_scaler(scaling: Scaling, songs: int) -> Any:
    """Return the same with the names of what it takes: `log2_tempo`, `logit_squeezed_valence`.

    So a DataFrame with raw values under their own names is refused where a transform comes first.
    """
    scaler = standard_scaler(scaling, songs)
    pairs = zip(scaling.features, scaling.transforms, strict=True)
    names = [
        transformed_name(name, transform, name in scaling.squeeze) for name, transform in pairs
    ]
    scaler.feature_names_in_ = np.array(names, dtype=object)
    return scaler


def transformed_name(feature: str, transform: Transform, is_squeezed: bool) -> str:
    """Return what models/scaler.pkl calls a feature."""
    words = [transform] * (transform != "identity") + ["squeezed"] * is_squeezed + [feature]
    return "_".join(words)


def transformer(feature: str, scaling: Scaling) -> Any:
    """Return a feature's squeeze and transform in functions that others have, too.

    A pickle holds a function by the name of its module, so it must not be one of ours, and
    scipy.special.logit would stand there under a private name. A logit is twice what this gives:
    ln p / (1 - p) = 2 artanh(2 p - 1), and with (0a) 2 x' - 1 = (2 x - 1) (n - 1) / n.
    """
    name = scaling.transforms[scaling.features.index(feature)]
    # In float64 throughout, as the mixture was fitted; a table may have float32.
    curve = np.positive if name == "logit" else FORWARD[name]
    first = FunctionTransformer(curve, kw_args={"dtype": np.float64})
    if name != "logit":
        return first
    n = scaling.squeeze.get(feature)
    end = 1.0 if n is None else (n - 1) / n
    center = FunctionTransformer(polyval, kw_args={"c": [-end, 2 * end]})
    return Pipeline(
        [("first", first), ("center", center), ("artanh", FunctionTransformer(np.arctanh))]
    )


def in_original_units(model: Any, scaling: Scaling, songs: pd.DataFrame) -> Any:
    """Return transforms, scaling and mixture as the Pipeline that scikit-learn would have fitted.

    It takes a DataFrame in original units, with the features among its columns, in any order, as
    `songs` has them, (N, d) or more. Raises ValueError where a feature is missing, or a value is
    or becomes NaN or infinite: a transform does not clip, here as in Scaling.standardize().
    """
    entries = [(name, transformer(name, scaling), [name]) for name in scaling.features]
    pairs = zip(scaling.features, scaling.transforms, strict=True)
    twice = {feature: 2.0 for feature, name in pairs if name == "logit"}
    # One song is enough, for it learns the names of the columns and nothing else.
    transform = ColumnTransformer(entries, transformer_weights=twice).fit(
        songs[list(scaling.features)].head(1)
    )
    scaler = standard_scaler(scaling, len(songs))
    pipeline = Pipeline([("transform", transform), ("scaler", scaler), ("mixture", model)])
    # Arrays between the steps, whatever sklearn.set_config says where it is used: frames would
    # make the scaler and the mixture warn of names that they were fitted without.
    return pipeline.set_output(transform="default")
