"""A mixture fitted to points: the best of several initializations; of many points, on a sample."""

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from song_mixtures.fitting.em import (
    MixtureParams,
    label_statistics,
    m_step,
    monomial_blocks,
    run_em,
)
from song_mixtures.mixture.model import CovarianceType, FittedMixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError, one_thread
from song_mixtures.sampling.rows import sampled_rows


def check_enough_songs(songs: int, k: int, key: str) -> None:
    """Raise a StageError where K components could not hold two songs each; `key` names K."""
    if songs < 2 * k:
        raise StageError(
            f"{songs} songs for {k} components, expected at least {2 * k}, two a component; give "
            f"more songs or set {key} lower"
        )


def fit_mixture(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    *,
    progress: bool = False,
) -> FittedMixture:
    """Fit a mixture to points, (N, d): the best of n_init initializations by K-Means.

    Initializations, iterations and optimum are those of scikit-learn's GaussianMixture with the
    same settings, up to sample_above points. Of more, initializations run on one random sample of
    that size, and the best of them is carried on with all points.
    One thread: sums then have the same order, hence the same bytes, on any number of cores.
    Raises StageError where a covariance is not positive definite.
    """
    with one_thread():
        if len(points) <= params.sample_above:
            return best_initialization(points, k, covariance_type, params, progress)
        sample = points[sampled_rows(len(points), params.sample_above, params.seed)]
        fit = best_initialization(sample, k, covariance_type, params, progress)
        return run_em(points, fit.mixture, params)


def best_initialization(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    progress: bool = False,
) -> FittedMixture:
    """Run EM on points, (N, d), n_init times; return the fit of maximum likelihood."""
    random_state = np.random.RandomState(params.seed)
    fits = []
    hidden = None if progress else True  # None: shown where a person watches
    for _ in tqdm(range(params.n_init), "initializations", delay=2, leave=False, disable=hidden):
        labels = kmeans_labels(points, k, random_state)
        statistics = label_statistics(monomial_blocks(points), labels, k)
        fits.append(run_em(points, m_step(statistics, covariance_type, params.reg_covar), params))
    return max(fits, key=lambda fit: fit.lower_bounds[-1])


def kmeans_labels(
    points: FloatArray, k: int, random_state: np.random.RandomState
) -> NDArray[np.integer]:
    """Return the hard labels, (N,), of one initialization, drawn as GaussianMixture draws them."""
    from sklearn.cluster import KMeans  # 1.2 s to import, and only fits need it

    model = KMeans(k, n_init=1, random_state=random_state).fit(points)
    labels: NDArray[np.integer] = model.labels_
    return labels
