"""A mixture fitted to points: the best of several initializations; of many points, on a sample."""

from functools import partial

import numpy as np

from song_mixtures.fitting.em import Run, feature_rows, run_em, start_from_labels
from song_mixtures.fitting.initialization import (
    best_of_kmeans,
    carried_on,
    merit,
    most_promising,
    short_runs,
)
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, FittedMixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import one_thread
from song_mixtures.sampling.rows import sampled_rows


def fit_mixture(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    *,
    progress: bool = False,
) -> FittedMixture:
    """Fit a mixture to points, (N, d), by the recipe `init`; components in order of weight.

    One thread: sums then have the same order, hence the same bytes, on any number of cores.
    Raises StageError where a covariance is not positive definite.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 1 or more
    covariance_type : covariance type
    params : the recipe, section `mixture`
    progress : whether a bar shows the initializations where a person watches
    """
    recipe = varied if params.init == "varied" else kmeans
    with one_thread():
        if k == 1:
            return one_gaussian(points, covariance_type, params).fitted()
        return recipe(points, k, covariance_type, params, progress).fitted()


def one_gaussian(points: FloatArray, covariance_type: CovarianceType, params: MixtureParams) -> Run:
    """Return the one component of all points, which no iteration changes."""
    x = feature_rows(points)
    everywhere = np.zeros(len(points), dtype=np.int64)
    start = start_from_labels(x, everywhere, 1, covariance_type, params.reg_covar)
    return run_em(x, start, covariance_type, params)


def varied(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    progress: bool,
) -> Run:
    """Return the best valid of the most promising short runs, carried on with all points.

    Of more than `short_sample` points short runs see a random sample of that size. The most
    promising ones then go on, as short runs still, with all points, and a third of them further.
    Of more than `sample_above` points they see a random sample; the winner alone sees all.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 2 or more
    covariance_type : covariance type
    params : the recipe, section `mixture`
    progress : whether a bar shows the initializations where a person watches
    """
    few = sample(points, params.short_sample, params.seed)
    many = sample(points, params.sample_above, params.seed)
    runs = short_runs(few, k, covariance_type, params, progress)
    runs = most_promising(runs, params.carried_on, params)
    if len(few) < len(many):
        runs = carried_on(runs, many, params.short_tol, params)
        runs = most_promising(runs, max(1, params.carried_on // 3), params)
    ends = carried_on(runs, many, params.remaining_gain, params)
    best = max(ends, key=partial(merit, params=params))  # the first of equals
    if len(many) == len(points):
        return best
    return carried_on([best], points, params.remaining_gain, params)[0]


def kmeans(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    progress: bool,
) -> Run:
    """Return the best of n_init initializations by K-Means, as scikit-learn's GaussianMixture.

    Of more than `sample_above` points they see a random sample of that size, and the best of them
    is carried on with all.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 2 or more
    covariance_type : covariance type
    params : the recipe, section `mixture`
    progress : whether a bar shows the initializations where a person watches
    """
    many = sample(points, params.sample_above, params.seed)
    best = best_of_kmeans(many, k, covariance_type, params, progress)
    if len(many) == len(points):
        return best
    return run_em(feature_rows(points), best.parameters, covariance_type, params)


def sample(points: FloatArray, size: int, seed: int) -> FloatArray:
    """Return a random sample of that many points, or all of fewer."""
    if len(points) <= size:
        return points
    return points[sampled_rows(len(points), size, seed)]
