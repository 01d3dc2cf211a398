"""EM for Gaussian mixtures by moments: scikit-learn's iterations and optimum, in less time.

The log-density of a Gaussian is linear in the monomials 1, x_i and x_i x_j of a point, so the
E-step of all components is one matrix product of their natural parameters, a row each, with the
monomials of the points. The M-step needs only the sufficient statistics, which are the same
monomials summed with responsibilities as weights: a second matrix product. Points go through in
blocks, so no N x K array ever exists. Large tables take compiled.py, which does both in one
compiled pass, to the same statistics.

A covariance comes out as E[x x^T] - m m^T. That loses digits where a component is much narrower
than it is far from the origin, so points must be standardized; then the loss stays orders of
magnitude below any reg_covar in use. The tests compare with scikit-learn on offset, badly scaled
and nearly singular songs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from song_mixtures.mixture.model import CovarianceType, FittedMixture, Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import Range
from song_mixtures.pipeline.stage import StageError

BLOCK = 2048  # points at a time: a block with its responsibilities stays in the processor's cache
# Below it iterations are so short that loading numba costs a sweep as much as it saves.
COMPILED_FROM = 2_000
# scikit-learn adds this to every component's total, so that an empty one is no division by zero.
TINY = 10 * np.finfo(np.float64).eps


@dataclass(frozen=True)
class MixtureParams:
    """How every mixture is fitted, in k_sweep and train_gmm alike."""

    n_init: Annotated[int, Range(1)]  # initializations
    max_iter: Annotated[int, Range(1)]  # EM iterations per initialization
    tol: Annotated[float, Range(above=0)]  # nats per song
    reg_covar: Annotated[float, Range(0)]  # variance, standardized units
    sample_above: Annotated[int, Range(1000)]  # songs; of more, initializations run on a sample
    seed: Annotated[int, Range(0, 2**32 - 1)]


def run_em(points: FloatArray, mixture: Mixture, params: MixtureParams) -> FittedMixture:
    """Run EM, equations (3) and (4), on points, (N, d), from a mixture."""
    expect = e_step_over(points)
    lower_bounds: list[float] = []
    before, gain = -np.inf, np.inf
    while len(lower_bounds) < params.max_iter and gain >= params.tol:
        statistics, log_likelihood = expect(natural_parameters(mixture))
        mixture = m_step(statistics, mixture.covariance_type, params.reg_covar)
        lower_bounds.append(log_likelihood / len(points))
        gain = abs(lower_bounds[-1] - before)
        before = lower_bounds[-1]
    return FittedMixture(mixture, lower_bounds, converged=bool(gain < params.tol))


def e_step_over(points: FloatArray) -> Callable[[FloatArray], tuple[FloatArray, float]]:
    """Return the E-step over these points as a function of natural parameters, (K, M)."""
    if len(points) < COMPILED_FROM:
        return partial(e_step, list(monomial_blocks(points)))
    from song_mixtures.fitting.compiled import compiled_e_step  # imports numba; may compile

    return partial(compiled_e_step, np.ascontiguousarray(points))


def label_statistics(
    blocks: Iterable[FloatArray], labels: NDArray[np.integer], k: int
) -> FloatArray:
    """Return the sufficient statistics of hard labels, (K, M)."""
    one_hot = np.eye(k)
    starts = range(0, len(labels), BLOCK)
    total: FloatArray = sum(
        (one_hot[:, labels[start : start + BLOCK]] @ block.T)
        for start, block in zip(starts, blocks, strict=True)
    )  # type: ignore[assignment]
    return total


def monomial_blocks(points: FloatArray) -> Iterator[FloatArray]:
    """Yield the monomials 1, x_i, x_i x_j with i <= j of each block of points, (M, block)."""
    rows, columns = np.triu_indices(points.shape[1])
    for start in range(0, len(points), BLOCK):
        x = np.ascontiguousarray(points[start : start + BLOCK].T)
        yield np.concatenate([np.ones((1, x.shape[1])), x, x[rows] * x[columns]])


def natural_parameters(mixture: Mixture) -> FloatArray:
    """Return log w_k + log N(x | m_k, S_k), (2), as coefficients of the monomials of x, (K, M)."""
    d = mixture.means.shape[1]
    try:
        cholesky = np.linalg.cholesky(mixture.covariances)
    except np.linalg.LinAlgError:
        raise StageError(
            "a component's covariance is not positive definite: its songs vary in fewer "
            "directions than there are features; set mixture.reg_covar higher"
        ) from None
    inverse = np.linalg.inv(cholesky)
    precisions = inverse.transpose(0, 2, 1) @ inverse
    linear = np.einsum("kij,kj->ki", precisions, mixture.means)
    half_log_determinant = np.log(np.diagonal(cholesky, axis1=1, axis2=2)).sum(axis=1)
    half_distance = 0.5 * (mixture.means * linear).sum(axis=1)
    constant = np.log(mixture.weights) - 0.5 * d * np.log(2 * np.pi)
    constant -= half_log_determinant + half_distance
    rows, columns = np.triu_indices(d)
    # x_i x_j stands for x_j x_i as well, but x_i x_i only for itself.
    quadratic = precisions[:, rows, columns] * np.where(rows == columns, -0.5, -1.0)
    return np.concatenate([constant[:, None], linear, quadratic], axis=1)


def e_step(blocks: Iterable[FloatArray], parameters: FloatArray) -> tuple[FloatArray, float]:
    """Return the sufficient statistics, (K, M), and ln L of all points.

    Blocks are those of monomial_blocks(), `parameters`, (K, M), those of natural_parameters().
    """
    statistics = np.zeros_like(parameters)
    log_likelihood = 0.0
    for block in blocks:
        joint = parameters @ block
        maximum = joint.max(axis=0)
        joint -= maximum
        np.exp(joint, out=joint)
        total = joint.sum(axis=0)
        log_likelihood += float((maximum + np.log(total)).sum())
        joint /= total
        statistics += joint @ block.T
    return statistics, log_likelihood


def m_step(statistics: FloatArray, covariance_type: CovarianceType, reg_covar: float) -> Mixture:
    """Return the mixture that sufficient statistics, (K, M), amount to."""
    k, monomials = statistics.shape
    d = int((np.sqrt(8 * monomials + 1) - 3) / 2)  # M = (d + 1) (d + 2) / 2
    rows, columns = np.triu_indices(d)
    totals = statistics[:, 0] + TINY
    means = statistics[:, 1 : d + 1] / totals[:, None]
    second = np.empty((k, d, d))
    second[:, rows, columns] = second[:, columns, rows] = statistics[:, d + 1 :] / totals[:, None]
    weights = totals / totals.sum()
    spread = constrained(second - means[:, :, None] * means[:, None, :], weights, covariance_type)
    return Mixture(covariance_type, weights, means, spread + reg_covar * np.eye(d))


def constrained(
    covariances: FloatArray, weights: FloatArray, covariance_type: CovarianceType
) -> FloatArray:
    """Return covariances, (K, d, d), constrained as their type demands."""
    d = covariances.shape[1]
    if covariance_type == "full":
        return covariances
    if covariance_type == "tied":
        shared = np.einsum("k,kij->ij", weights, covariances)
        return np.broadcast_to(shared, covariances.shape)
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if covariance_type == "spherical":
        variances = np.repeat(variances.mean(axis=1, keepdims=True), d, axis=1)
    return variances[:, :, None] * np.eye(d)
