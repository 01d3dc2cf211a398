"""What a fit is worth: log-likelihood, BIC, AIC and ICL, and whether it is valid.

Equation numbers are those of docs/method.md.
"""

from dataclasses import dataclass

import numpy as np

from song_mixtures.mixture.model import BLOCK, CovarianceType, FittedMixture, Mixture, posteriors
from song_mixtures.mixture.uncertainty import entropy
from song_mixtures.pipeline.arrays import BoolArray, FloatArray


def free_parameters(k: int, d: int, covariance_type: CovarianceType) -> int:
    """Return the number p of free parameters.

    p = K - 1 weights + K d means + the covariances' own: K d (d + 1) / 2 when full, d (d + 1) / 2
    when tied, K d when diag, K when spherical.                                     (5)
    """
    per_covariance = d * (d + 1) // 2
    covariance = {
        "full": k * per_covariance,
        "tied": per_covariance,
        "diag": k * d,
        "spherical": k,
    }
    return k - 1 + k * d + covariance[covariance_type]


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
    degenerate: int  # components that hold no spread or no songs of their own
    valid: int  # 1: converged and nothing degenerate

    def faults(self) -> str:
        """Return in words what is wrong with the fit, "" where it is valid."""
        not_converged = "" if self.converged else f"not converged in {self.iterations} iterations"
        degenerate = f"{self.degenerate} degenerate" if self.degenerate else ""
        return ", ".join(fault for fault in (not_converged, degenerate) if fault)


def evaluate_fit(
    fitted: FittedMixture, points: FloatArray, reg_covar: float, log_jacobian: float = 0.0
) -> Fit:
    """Evaluate a mixture on the points it was fitted on.

    BIC = -2 ln L + p ln N, AIC = -2 ln L + 2 p                                    (6)
    ICL = BIC + 2 sum_n H_n, Biernacki, Celeux & Govaert (2000), with posteriors   (7)

    Parameters
    ----------
    fitted : the mixture and how EM went
    points : standardized features, (N, d)
    reg_covar : what EM adds to every variance
    log_jacobian : added to ln L, Scaling.log_jacobian() of the same songs, nats  (0b)
    """
    mixture = fitted.mixture
    log_likelihood, total_entropy = log_likelihood_and_entropy(mixture, points)
    log_likelihood += log_jacobian
    songs, d = points.shape
    k = len(mixture.weights)
    parameters = free_parameters(k, d, mixture.covariance_type)
    bic = -2 * log_likelihood + parameters * np.log(songs)
    degenerate = degenerate_components(mixture, songs, reg_covar)
    return Fit(
        k=k,
        covariance_type=mixture.covariance_type,
        songs=songs,
        parameters=parameters,
        log_likelihood=log_likelihood,
        bic=float(bic),
        aic=float(-2 * log_likelihood + 2 * parameters),
        icl=float(bic + 2 * total_entropy),
        iterations=len(fitted.lower_bounds),
        converged=int(fitted.converged),
        remaining_gain_nats=fitted.remaining_gain,
        min_weight=float(mixture.weights.min()),
        min_eigenvalue=float(np.linalg.eigvalsh(mixture.covariances).min()),
        degenerate=int(degenerate.sum()),
        valid=int(fitted.converged and not degenerate.any()),
    )


def log_likelihood_and_entropy(mixture: Mixture, points: FloatArray) -> tuple[float, float]:
    """Return ln L and sum_n H_n of points, (N, d), from one E-step, block by block."""
    log_likelihood = total_entropy = 0.0
    for start in range(0, len(points), BLOCK):
        posterior, log_likelihoods = posteriors(mixture, points[start : start + BLOCK])
        log_likelihood += float(log_likelihoods.sum())
        total_entropy += float(entropy(posterior).sum())
    return log_likelihood, total_entropy


def degenerate_components(mixture: Mixture, songs: int, reg_covar: float) -> BoolArray:
    """Tell which components, (K,), describe no group of songs but a spike of the density.

    Our choice: at least half of the smallest variance is reg_covar's own (EM adds it to every
    variance), or the weight amounts to two songs or fewer.
    """
    smallest = np.linalg.eigvalsh(mixture.covariances).min(axis=1)
    degenerate: BoolArray = (smallest <= 2 * reg_covar) | (mixture.weights * songs <= 2)
    return degenerate
