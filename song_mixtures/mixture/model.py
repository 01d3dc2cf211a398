"""The Gaussian mixture: its density, the posteriors of points, its form as JSON.

    p(x) = sum_k w_k N(x | m_k, S_k)                                                 (1)

over standardized features x of d dimensions, with K components of weight w_k, mean m_k and
covariance S_k. It knows points (N, d) and not songs, and is plain arrays, so that later stages need
no scikit-learn and no pickle; the fit is in fitting/em.py. The equations are numbered as in
docs/method.md. Logarithms are natural, so entropies are in nats.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from song_mixtures.pipeline.arrays import FloatArray

BLOCK = 4096  # points that are computed at a time, so that what comes between is small
CovarianceType = Literal["full", "tied", "diag", "spherical"]


@dataclass(frozen=True)
class Mixture:
    """Weights (K,), means (K, d) and covariances (K, d, d), whatever type they were fitted as."""

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

    def in_order(self, order: NDArray[np.integer]) -> "Mixture":
        """Return the mixture with component k the one that was order[k], (K,)."""
        return replace(
            self,
            weights=self.weights[order],
            means=self.means[order],
            covariances=self.covariances[order],
        )

    def ordered_by_weight(self) -> "Mixture":
        """Return the mixture with its components in order of weight, largest first."""
        return self.in_order(np.argsort(-self.weights, kind="stable"))


@dataclass(frozen=True)
class FittedMixture:
    """Where EM arrived from one initialization, or from the best of several."""

    mixture: Mixture
    lower_bounds: list[float]  # log-likelihood per point before each M-step, nats
    converged: bool  # by the rule of the recipe that fitted it
    remaining_gain: float  # what the log-likelihood of all points may still gain, estimated, nats

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which from_json() reads."""
        return self.mixture.to_json() | {
            "lower_bounds": self.lower_bounds,
            "converged": self.converged,
            "remaining_gain_nats": self.remaining_gain,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "FittedMixture":
        """Return the fitted mixture that to_json() wrote."""
        return cls(
            Mixture.from_json(content),
            content["lower_bounds"],
            content["converged"],
            content["remaining_gain_nats"],
        )


def blocks(points: int) -> list[slice]:
    """Return the parts, of at most BLOCK points, in which so many are computed."""
    return [slice(start, start + BLOCK) for start in range(0, points, BLOCK)]


def log_densities(mixture: Mixture, points: FloatArray) -> FloatArray:
    """Return log N(x_n | m_k, S_k) of every point under every component, (N, K).

    With S = L L^T the Mahalanobis distance is |L^-1 (x - m)|^2 and log |S| = 2 sum log L_ii:
    -1/2 (d log 2 pi + log |S| + |L^-1 (x - m)|^2), Bishop (2006) eq. 2.43.       (2)
    """
    songs, d = points.shape
    # Component after component in memory: sums over them are quick.
    found = np.empty((len(mixture.weights), songs))
    for k, (mean, covariance) in enumerate(zip(mixture.means, mixture.covariances, strict=True)):
        cholesky = np.linalg.cholesky(covariance)
        inverse, log_determinant = np.linalg.inv(cholesky), 2 * np.log(np.diag(cholesky)).sum()
        for block in blocks(songs):
            whitened = inverse @ (points[block] - mean).T
            squares = (whitened**2).sum(axis=0)
            found[k, block] = -0.5 * (d * np.log(2 * np.pi) + log_determinant + squares)
    return found.T


def posteriors(mixture: Mixture, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return p(k | x_n), (N, K), rows summing to 1, and log p(x_n), (N,): the E-step.

    p(k | x) = w_k N(x | m_k, S_k) / p(x), Bishop (2006) eq. 9.23.                 (3)
    """
    joint = log_densities(mixture, points)
    joint += np.log(mixture.weights)
    maximum = joint.max(axis=1)
    joint -= maximum[:, None]
    posterior = np.exp(joint, out=joint)
    total = posterior.sum(axis=1)
    posterior /= total[:, None]
    log_likelihoods: FloatArray = maximum + np.log(total)
    return posterior, log_likelihoods


def effective_components(weights: FloatArray) -> float:
    """Return exp of the weights' entropy: K when all weigh the same, 1 when one has all."""
    return float(np.exp(-(weights * np.log(weights)).sum()))
