"""What a fit is worth: log-likelihood, BIC, AIC and ICL, and whether it is valid.

Equation numbers are those of docs/method.md.
"""

from dataclasses import dataclass

import numpy as np

from song_mixtures.mixture.model import CovarianceType, FittedMixture, Mixture, blocks, posteriors
from song_mixtures.pipeline.arrays import BoolArray, FloatArray

# Our choice. A component 32 times wider than it is thin is a layer and not a group: a few dozen
# songs that share a value of a feature, or that lie on a plane by chance.
LARGEST_EIGENVALUE_RATIO = 1000.0


def own_parameters(d: int, covariance_type: CovarianceType) -> int:
    """Return the number q of parameters that a component has of its own, but for its weight.

    q = d of its mean, and of its covariance d (d + 1) / 2 when full, d when diag, 1 when
    spherical, none when tied.                                                     (5a)
    """
    return d + {"full": d * (d + 1) // 2, "tied": 0, "diag": d, "spherical": 1}[covariance_type]


def free_parameters(k: int, d: int, covariance_type: CovarianceType) -> int:
    """Return the number p of free parameters.

    p = K - 1 weights + K q, and d (d + 1) / 2 of the one covariance when tied.     (5)
    """
    shared = d * (d + 1) // 2 if covariance_type == "tied" else 0
    return k - 1 + k * own_parameters(d, covariance_type) + shared


def largest_k(songs: int, d: int, covariance_type: CovarianceType) -> int:
    """Return the most components of which each can have as many songs as parameters of its own."""
    return songs // own_parameters(d, covariance_type)


@dataclass(frozen=True)
class Fit:
    """What a fit is worth on the songs it was fitted on; the criteria are better when lower."""

    k: int
    covariance_type: CovarianceType
    songs: int  # that it was fitted on and its criteria are of
    parameters: int  # p, the number of free parameters
    log_likelihood: float  # ln L, the sum over songs, in nats
    bic: float
    aic: float
    icl: float
    iterations: int  # of EM, of the best initialization
    converged: int  # 1: EM has converged, by the rule of its recipe
    remaining_gain_nats: float  # what ln L may still gain, estimated
    min_weight: float
    min_eigenvalue: float  # of any component's covariance, standardized units
    max_eigenvalue_ratio: float  # largest to smallest, of any component's covariance
    degenerate: int  # components that are no group of songs
    valid: int  # 1: converged and nothing degenerate
    fault: str  # why it is not valid, "" where it is


def evaluate_fit(
    fitted: FittedMixture, points: FloatArray, reg_covar: float, log_jacobian: float = 0.0
) -> Fit:
    """Evaluate a mixture on the points it was fitted on.

    BIC = -2 ln L + p ln N, AIC = -2 ln L + 2 p                                    (6)
    ICL = BIC - 2 sum_n log max_k r_nk, Biernacki, Celeux & Govaert (2000)         (7)

    Parameters
    ----------
    fitted : the mixture and how EM went
    points : standardized features, (N, d)
    reg_covar : what EM adds to every variance
    log_jacobian : added to ln L, Scaling.log_jacobian() of the same songs, nats  (0b)
    """
    mixture = fitted.mixture
    log_likelihood, log_certainty = log_likelihood_and_certainty(mixture, points)
    log_likelihood += log_jacobian
    songs, d = points.shape
    k = len(mixture.weights)
    parameters = free_parameters(k, d, mixture.covariance_type)
    bic = -2 * log_likelihood + parameters * np.log(songs)
    eigenvalues = np.linalg.eigvalsh(mixture.covariances)
    reasons = degeneracies(mixture, songs, reg_covar)
    faults = [f"{which.sum()} of {k} with {reason}" for reason, which in reasons.items()]
    if not fitted.converged:
        faults.insert(0, f"not converged in {len(fitted.lower_bounds)} iterations")
    return Fit(
        k=k,
        covariance_type=mixture.covariance_type,
        songs=songs,
        parameters=parameters,
        log_likelihood=log_likelihood,
        bic=float(bic),
        aic=float(-2 * log_likelihood + 2 * parameters),
        icl=float(bic - 2 * log_certainty),
        iterations=len(fitted.lower_bounds),
        converged=int(fitted.converged),
        remaining_gain_nats=fitted.remaining_gain,
        min_weight=float(mixture.weights.min()),
        min_eigenvalue=float(eigenvalues.min()),
        max_eigenvalue_ratio=float((eigenvalues[:, -1] / eigenvalues[:, 0]).max()),
        degenerate=int(any_of(reasons, k).sum()),
        valid=int(not faults),
        fault=", ".join(faults),
    )


def log_likelihood_and_certainty(mixture: Mixture, points: FloatArray) -> tuple[float, float]:
    """Return ln L and sum_n log max_k r_nk of points, (N, d), from one E-step, block by block."""
    log_likelihood = log_certainty = 0.0
    for block in blocks(len(points)):
        posterior, log_likelihoods = posteriors(mixture, points[block])
        log_likelihood += float(log_likelihoods.sum())
        log_certainty += float(np.log(posterior.max(axis=1)).sum())
    return log_likelihood, log_certainty


def degeneracies(mixture: Mixture, songs: int, reg_covar: float) -> dict[str, BoolArray]:
    """Return why components are no group of songs, and which, (K,).

    A reason that holds for none is left out. Our choices: fewer songs (the sum of their posteriors)
    than parameters of its own; half of the smallest variance or more is reg_covar's own, which EM
    adds to every variance; an eigenvalue ratio beyond LARGEST_EIGENVALUE_RATIO.
    """
    own = own_parameters(mixture.means.shape[1], mixture.covariance_type)
    eigenvalues = np.linalg.eigvalsh(mixture.covariances)
    smallest, largest = eigenvalues[:, 0], eigenvalues[:, -1]
    reasons = {
        f"fewer songs than the {own} parameters of their own": mixture.weights * songs < own,
        "a variance that is mixture.reg_covar's": smallest <= 2 * reg_covar,
        f"an eigenvalue ratio above {LARGEST_EIGENVALUE_RATIO:,.0f}": (
            largest > LARGEST_EIGENVALUE_RATIO * smallest
        ),
    }
    return {reason: which for reason, which in reasons.items() if which.any()}


def degenerate_components(mixture: Mixture, songs: int, reg_covar: float) -> BoolArray:
    """Tell which components, (K,), are no group of songs, for any of the reasons above."""
    return any_of(degeneracies(mixture, songs, reg_covar), len(mixture.weights))


def any_of(reasons: dict[str, BoolArray], k: int) -> BoolArray:
    """Tell which of K components any reason holds for, (K,)."""
    return np.any([np.zeros(k, dtype=bool), *reasons.values()], axis=0)
