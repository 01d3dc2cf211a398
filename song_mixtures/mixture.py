"""The Gaussian mixture: its density, its posteriors, its fit and what the fit is worth.

    p(x) = sum_k w_k N(x | m_k, S_k)                                                 (1)

over standardized features x of d dimensions, with K components of weight w_k, mean m_k and
covariance S_k. The fit is in em.py; what follows from a fitted mixture is computed here, from
plain arrays, so that later stages need no scikit-learn and no pickle.
The equations are numbered as in docs/method.md. Logarithms are natural, so entropies are in nats.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from song_mixtures.scaling import FloatArray

BoolArray = NDArray[np.bool_]
BLOCK = 4096  # points whose posteriors are held at a time when only their sums are wanted
CovarianceType = Literal["full", "tied", "diag", "spherical"]


@dataclass(frozen=True)
class Mixture:
    """Weights (K,), means (K, d) and covariances (K, d, d), whatever form they were fitted in."""

    covariance_type: CovarianceType
    weights: FloatArray
    means: FloatArray
    covariances: FloatArray

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which from_json() reads."""
        return {
            "covariance_type": self.covariance_type,
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": self.covariances.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Mixture":
        """Return the mixture that to_json() wrote; keys of other things are left alone."""
        return cls(
            covariance_type=content["covariance_type"],
            weights=np.array(content["weights"]),
            means=np.array(content["means"]),
            covariances=np.array(content["covariances"]),
        )


@dataclass(frozen=True)
class FittedMixture:
    """Where EM arrived from one start, or from the best of several."""

    mixture: Mixture
    lower_bounds: list[float]  # log-likelihood per point before each M-step, nats
    converged: bool  # the last step gained less than tol


def log_densities(mixture: Mixture, points: FloatArray) -> FloatArray:
    """Return log N(x_n | m_k, S_k) of every point under every component, (N, K).

    With S = L L^T the Mahalanobis distance is |L^-1 (x - m)|^2 and log |S| = 2 sum log L_ii:
    -1/2 (d log 2 pi + log |S| + |L^-1 (x - m)|^2), Bishop (2006) eq. 2.43.       (2)
    """
    d = points.shape[1]
    columns = []
    for mean, covariance in zip(mixture.means, mixture.covariances, strict=True):
        cholesky = np.linalg.cholesky(covariance)
        whitened = np.linalg.inv(cholesky) @ (points - mean).T
        log_determinant = 2 * np.log(np.diag(cholesky)).sum()
        columns.append(-0.5 * (d * np.log(2 * np.pi) + log_determinant + (whitened**2).sum(axis=0)))
    return np.array(columns).T  # component after component in memory: sums over them are quick


def posteriors(mixture: Mixture, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return p(k | x_n), (N, K), rows summing to 1, and log p(x_n), (N,): the E-step.

    p(k | x) = w_k N(x | m_k, S_k) / p(x), Bishop (2006) eq. 9.23.                 (3)
    """
    joint = log_densities(mixture, points)
    joint += np.log(mixture.weights)
    highest = joint.max(axis=1)
    joint -= highest[:, None]
    posterior = np.exp(joint, out=joint)
    total = posterior.sum(axis=1)
    posterior /= total[:, None]
    log_likelihoods: FloatArray = highest + np.log(total)
    return posterior, log_likelihoods


def entropy(posterior: FloatArray) -> FloatArray:
    """Shannon entropy of each row of posteriors, (N, K) -> (N,), in nats, 0 to log K.

    H = -sum_k p_k log p_k with 0 log 0 = 0, nothing clipped.                      (8)
    """
    logs = np.log(posterior, where=posterior > 0, out=np.zeros(posterior.shape))
    logs *= posterior
    return 0.0 - logs.sum(axis=1)


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
    parameters: int  # p, the number of free parameters
    log_likelihood: float  # ln L, the sum over songs, in nats
    bic: float
    aic: float
    icl: float
    iterations: int  # EM steps of the best start
    converged: int  # 1: the last step gained less than tol per song
    smallest_weight: float
    smallest_eigenvalue: float  # of any component's covariance, standardized units
    collapsed: int  # components that hold no spread or no songs of their own
    sound: int  # 1: converged and nothing collapsed

    def faults(self) -> str:
        """Return in words what is wrong with the fit, "" where it is sound."""
        not_converged = "" if self.converged else f"not converged in {self.iterations} steps"
        collapsed = f"{self.collapsed} collapsed" if self.collapsed else ""
        return ", ".join(fault for fault in (not_converged, collapsed) if fault)


def rate_fit(fitted: FittedMixture, points: FloatArray, reg_covar: float) -> Fit:
    """Rate a mixture on the points it was fitted on.

    BIC = -2 ln L + p ln N, AIC = -2 ln L + 2 p                                    (6)
    ICL = BIC + 2 sum_n H_n, Biernacki, Celeux & Govaert (2000), with posteriors   (7)
    """
    mixture = fitted.mixture
    log_likelihood, doubt = log_likelihood_and_entropy(mixture, points)
    songs, d = points.shape
    k = len(mixture.weights)
    parameters = free_parameters(k, d, mixture.covariance_type)
    bic = -2 * log_likelihood + parameters * np.log(songs)
    collapsed = collapsed_components(mixture, songs, reg_covar)
    return Fit(
        k=k,
        covariance_type=mixture.covariance_type,
        parameters=parameters,
        log_likelihood=log_likelihood,
        bic=float(bic),
        aic=float(-2 * log_likelihood + 2 * parameters),
        icl=float(bic + 2 * doubt),
        iterations=len(fitted.lower_bounds),
        converged=int(fitted.converged),
        smallest_weight=float(mixture.weights.min()),
        smallest_eigenvalue=float(np.linalg.eigvalsh(mixture.covariances).min()),
        collapsed=int(collapsed.sum()),
        sound=int(fitted.converged and not collapsed.any()),
    )


def log_likelihood_and_entropy(mixture: Mixture, points: FloatArray) -> tuple[float, float]:
    """Return ln L and sum_n H_n of points, (N, d), from one E-step, block by block."""
    log_likelihood = doubt = 0.0
    for start in range(0, len(points), BLOCK):
        posterior, log_likelihoods = posteriors(mixture, points[start : start + BLOCK])
        log_likelihood += float(log_likelihoods.sum())
        doubt += float(entropy(posterior).sum())
    return log_likelihood, doubt


def collapsed_components(mixture: Mixture, songs: int, reg_covar: float) -> BoolArray:
    """Tell which components, (K,), describe no group of songs but a spike of the density.

    Our choice: at least half of the smallest variance is reg_covar's own (EM adds it to every
    variance), or the weight amounts to two songs or fewer.
    """
    smallest = np.linalg.eigvalsh(mixture.covariances).min(axis=1)
    collapsed: BoolArray = (smallest <= 2 * reg_covar) | (mixture.weights * songs <= 2)
    return collapsed


def effective_components(weights: FloatArray) -> float:
    """Return exp of the weights' entropy: K when all weigh the same, 1 when one has all."""
    return float(np.exp(-(weights * np.log(weights)).sum()))


def mixture_name(fit: pd.Series, fits: pd.DataFrame) -> str:
    """Return a fit's K, and its covariance type where that is not the only one among the fits."""
    only = set(fits["covariance_type"]) == {fit["covariance_type"]}
    return f"K = {fit['k']}" if only else f"K = {fit['k']}, {fit['covariance_type']}"


def best_fit(fits: pd.DataFrame, criterion: str) -> pd.Series:
    """Return the row of a table of fits where a criterion is lowest.

    A fit that is not sound does not stand: a collapsed component buys likelihood with a spike.
    Where none is sound, all of them stand.
    """
    standing = fits[fits["sound"] == 1] if fits["sound"].any() else fits
    return standing.iloc[int(standing[criterion].to_numpy().argmin())]
