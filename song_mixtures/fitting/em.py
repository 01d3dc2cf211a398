"""EM for Gaussian mixtures by moments: scikit-learn's iterations and optimum, in less time.

The arithmetic is in compiled.py. Here is what goes into it and what comes out: points a feature a
row, a mixture as an array of parameters, how far EM has come.
"""

from dataclasses import dataclass
from functools import cache
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from song_mixtures.fitting.compiled import NOT_POSITIVE_DEFINITE as NOT_DONE
from song_mixtures.fitting.compiled import accelerated_em, em, label_statistics, m_step
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, FittedMixture, Mixture
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.stage import StageError

NOT_POSITIVE_DEFINITE = (
    "a component's covariance is not positive definite: its songs vary in fewer directions than "
    "there are features; set mixture.reg_covar higher"
)
# Of a gain that shrinks by less than this from iteration to iteration no estimate is made.
SLOWEST = 0.999


@dataclass(frozen=True)
class Run:
    """Where EM has come to from one initialization, on some points."""

    covariance_type: CovarianceType
    songs: int  # that it has seen
    parameters: FloatArray  # (K, M), see compiled.py
    log_likelihoods: FloatArray  # before each M-step, nats
    remaining_gain: float  # an estimate, nats
    converged: bool

    def log_likelihood(self) -> float:
        """Return the last log-likelihood, rounded so that no processor's last digit decides."""
        return round(float(self.log_likelihoods[-1]), 6)

    def mixture(self) -> Mixture:
        """Return the mixture that its parameters amount to."""
        return mixture_of(self.parameters, self.covariance_type)

    def fitted(self) -> FittedMixture:
        """Return the mixture, its components in order of weight, and how EM came to it."""
        return FittedMixture(
            self.mixture().ordered_by_weight(),
            (self.log_likelihoods / self.songs).tolist(),
            self.converged,
            self.remaining_gain,
        )


def feature_rows(points: FloatArray) -> FloatArray:
    """Return points, (N, d), a feature a row, (d, N), as compiled.py reads them."""
    # Arrays that joblib maps from disk may not be written: a copy is what one code serves.
    return np.array(points.T, dtype=np.float64, order="C")


def kind_of(covariance_type: CovarianceType) -> int:
    """Return the number by which compiled.py knows a covariance type."""
    return get_args(CovarianceType).index(covariance_type)


def parameters_of(mixture: Mixture) -> FloatArray:
    """Return a mixture as an array of parameters, (K, M)."""
    d = mixture.means.shape[1]
    try:
        factors = np.linalg.cholesky(mixture.covariances)
    except np.linalg.LinAlgError:
        raise StageError(NOT_POSITIVE_DEFINITE) from None
    rows, columns = lower_triangle(d)
    log_weights = np.log(mixture.weights)[:, None]
    return np.concatenate([log_weights, mixture.means, factors[:, rows, columns]], axis=1)


def mixture_of(parameters: FloatArray, covariance_type: CovarianceType) -> Mixture:
    """Return the mixture of an array of parameters, (K, M)."""
    k, m = parameters.shape
    d = int((np.sqrt(8 * m + 1) - 3) / 2)  # M = (d + 1) (d + 2) / 2
    factors = np.zeros((k, d, d))
    rows, columns = lower_triangle(d)
    factors[:, rows, columns] = parameters[:, 1 + d :]
    weights = np.exp(parameters[:, 0])
    covariances = factors @ factors.transpose(0, 2, 1)
    return Mixture(
        covariance_type, weights / weights.sum(), parameters[:, 1 : 1 + d].copy(), covariances
    )


@cache
def lower_triangle(d: int) -> tuple[IntArray, IntArray]:
    """Return rows and columns of a lower triangle, as compiled.py numbers a Cholesky factor."""
    rows, columns = np.tril_indices(d)  # takes as long as all else that is made of a short run
    return rows, columns


def empty_parameters(k: int, d: int) -> FloatArray:
    """Return room for the parameters or the sufficient statistics, (K, M), of K components."""
    return np.empty((k, (d + 1) * (d + 2) // 2))


def start_from_labels(
    x: FloatArray,
    labels: NDArray[np.integer],
    k: int,
    covariance_type: CovarianceType,
    reg_covar: float,
) -> FloatArray:
    """Return the parameters, (K, M), that hard labels, (N,), of points x, (d, N), amount to.

    Parameters
    ----------
    x : points, a feature a row, (d, N)
    labels : hard labels, (N,), 0 to K - 1
    k : components, 2 or more
    covariance_type : covariance type
    reg_covar : added to every variance, 0 or more, standardized units
    """
    statistics, parameters = empty_parameters(k, len(x)), empty_parameters(k, len(x))
    label_statistics(x, labels.astype(np.int64), statistics)
    if not m_step(statistics, kind_of(covariance_type), reg_covar, parameters):
        raise StageError(NOT_POSITIVE_DEFINITE)
    return parameters


def run_em(
    x: FloatArray, start: FloatArray, covariance_type: CovarianceType, params: MixtureParams
) -> Run:
    """Run EM, equations (3) and (4), on points x, (d, N), from parameters, (K, M).

    It has converged when an iteration gains less than `tol` per song, as in scikit-learn.

    Parameters
    ----------
    x : points, a feature a row, (d, N)
    start : parameters of the first mixture, (K, M), see compiled.py
    covariance_type : covariance type
    params : the recipe, section `mixture`
    """
    parameters, bounds = start.copy(), np.empty(params.max_iter)
    least_gain = params.tol * x.shape[1]
    kind = kind_of(covariance_type)
    used = em(x, parameters, kind, params.reg_covar, least_gain, bounds)
    if used == NOT_DONE:
        raise StageError(NOT_POSITIVE_DEFINITE)
    bounds = bounds[:used]
    converged = bool(used > 1 and abs(bounds[-1] - bounds[-2]) < least_gain)
    return Run(covariance_type, x.shape[1], parameters, bounds, aitken_gain(bounds), converged)


def aitken_gain(bounds: FloatArray) -> float:
    """Return what log-likelihoods of iterations may still gain, g q / (1 - q), nats.

    g is the last gain and q its ratio to the one before (Aitken; Boehning et al. 1994).
    """
    if len(bounds) < 3:
        return float(np.abs(np.diff(bounds)).sum()) * SLOWEST / (1 - SLOWEST)
    before, gain = (max(float(g), 0.0) for g in np.diff(bounds[-3:]))
    ratio = min(gain / before, SLOWEST) if before else 0.0
    return gain * ratio / (1 - ratio)


def run_accelerated_em(
    x: FloatArray,
    start: FloatArray,
    covariance_type: CovarianceType,
    least_gain: float,
    params: MixtureParams,
) -> Run:
    """Run accelerated EM on points x, (d, N), from parameters, (K, M).

    It has converged when it can gain less than `least_gain` nats per song, as it estimates.

    Parameters
    ----------
    x : points, a feature a row, (d, N)
    start : parameters of the first mixture, (K, M), see compiled.py
    covariance_type : covariance type
    least_gain : nats per song, above 0, below which EM stops
    params : the recipe, section `mixture`
    """
    parameters, bounds = start.copy(), np.empty(params.max_iter)
    songs, kind = x.shape[1], kind_of(covariance_type)
    used, remaining = accelerated_em(
        x, parameters, kind, params.reg_covar, least_gain * songs, bounds
    )
    if used == NOT_DONE:
        raise StageError(NOT_POSITIVE_DEFINITE)
    converged = bool(remaining < least_gain * songs)
    return Run(covariance_type, songs, parameters, bounds[:used].copy(), remaining, converged)
