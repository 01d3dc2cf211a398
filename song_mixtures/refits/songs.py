"""What refits say of each song: its posteriors averaged over them, and whether it keeps its place.

A posterior of one fit takes the fit for the truth, which makes it overconfident. The average over
refits is the posterior of somebody who does not know the mixture (Breiman 1996, bagging), and its
entropy has two parts: what lies between the components in every refit, and what the refits differ
in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from song_mixtures.mixture.model import Mixture, blocks, posteriors
from song_mixtures.mixture.uncertainty import entropy
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar


@dataclass(frozen=True)
class Averaged:
    """Posteriors of songs averaged over mixtures, (N, K), and their entropy in two parts, nats."""

    posterior: FloatArray
    entropy: FloatArray  # of the averaged posterior, (N,)
    mutual_information: (
        FloatArray  # what the mixtures differ in, (N,); the rest lies between components
    )


def averaged(mixtures: Sequence[Mixture], points: FloatArray) -> Averaged:
    """Average the posteriors of points, (N, d), over mixtures whose components correspond.

    r_n = mean_b r_nb                                                              (13)
    H(r_n) = mean_b H(r_nb) + I_n, where the mutual information I_n of component and mixture is 0
    or more: Depeweg et al. (2018).                                         (14)
    """
    posterior = np.empty((len(points), len(mixtures[0].weights)))
    within = np.empty(len(points))  # mean of the entropies
    for block in with_bar(blocks(len(points)), "posteriors over refits, blocks of songs"):
        of_each = [posteriors(mixture, points[block])[0] for mixture in mixtures]
        posterior[block] = np.mean(of_each, axis=0)
        within[block] = np.mean([entropy(one) for one in of_each], axis=0)
    total = entropy(posterior)
    return Averaged(posterior, total, np.maximum(total - within, 0.0))  # below 0 by rounding alone


def kept_share(labels: IntArray, mixtures: Sequence[Mixture], points: FloatArray) -> FloatArray:
    """Return the share of mixtures that give a song its own component, (N,), 0 to 1.

    `labels`, (N,), are the songs' components, and component k of every mixture is the one matched
    to k, so a song keeps its component when the label is the same.
    """
    kept = np.empty(len(points))
    for block in with_bar(blocks(len(points)), "labels of refits, blocks of songs"):
        of_each = [posteriors(mixture, points[block])[0].argmax(axis=1) for mixture in mixtures]
        kept[block] = np.mean(np.array(of_each) == labels[block], axis=0)
    return kept
