"""Posteriors of songs by what is known of them: a missing feature is integrated out, not guessed.

A guess, such as the mean, would move the song to where it may not be and call it sure. The marginal
of a Gaussian mixture over the features that are known is exact, and its posteriors are as right as
those of the whole mixture: less sure, where the missing feature would have told components apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from song_mixtures.mixture.marginals import known_parts, marginal
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.refits.songs import averaged, kept_share


@dataclass(frozen=True)
class Placed:
    """What mixture and refits say of N songs, K components."""

    posterior: FloatArray  # of the one fit, (N, K)
    averaged: FloatArray  # over warm refits, (N, K)
    entropy: FloatArray  # of the averaged posteriors, (N,), nats
    mutual_information: FloatArray  # the part of it that the refits differ in, (N,), nats
    kept_share: FloatArray  # of cold refits with the same component, (N,), 0 to 1


def placed(
    mixture: Mixture, cold: Sequence[Mixture], warm: Sequence[Mixture], points: FloatArray
) -> Placed:
    """Return what mixture and refits say of points, of each by the marginal of what is known.

    Parameters
    ----------
    mixture : the trained one, of K components and d features
    cold : refits that were initialized anew, component k the one matched to k
    warm : refits that started at the mixture
    points : standardized features, (N, d), NaN where one is not known; of no song all

    Raises
    ------
    ValueError
        where of a song nothing is known
    """
    n, k = len(points), len(mixture.weights)
    found = Placed(np.empty((n, k)), np.empty((n, k)), np.empty(n), np.empty(n), np.empty(n))
    for kept, rows in known_parts(points):
        if not len(kept):
            raise ValueError(f"{len(rows)} songs have no feature, the first in row {rows[0]}")
        known = points[np.ix_(rows, kept)]
        one, cold_ones, warm_ones = (
            [marginal(each, kept.tolist()) for each in mixtures]
            for mixtures in ([mixture], cold, warm)
        )
        posterior = posteriors(one[0], known)[0]
        over = averaged(warm_ones, known)
        found.posterior[rows], found.averaged[rows] = posterior, over.posterior
        found.entropy[rows] = over.entropy
        found.mutual_information[rows] = over.mutual_information
        found.kept_share[rows] = kept_share(posterior.argmax(axis=1), cold_ones, known)
    return found
