"""Points drawn from a mixture."""

import numpy as np

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray, IntArray


def drawn_points(
    mixture: Mixture, count: int, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Return points drawn from a mixture, (N, d), and the component of each, (N,)."""
    components = rng.choice(len(mixture.weights), count, p=mixture.weights)
    factors = np.linalg.cholesky(mixture.covariances)[components]
    noise = rng.standard_normal((count, mixture.means.shape[1]))
    return mixture.means[components] + np.einsum("nij,nj->ni", factors, noise), components
