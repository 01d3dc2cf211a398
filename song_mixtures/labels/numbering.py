"""Components that keep the number they had in an earlier run, told by the songs they share."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from song_mixtures.labels.agreement import contingency, jaccards, matching
from song_mixtures.pipeline.arrays import BoolArray, FloatArray, IntArray

# Hennig (2007): a cluster whose Jaccard index with another is below 0.6 is not that one. The bound
# from which a component comes back in refits, mixture.selection.TRUSTED; tests hold them equal.
SAME = 0.6
Status = Literal["kept", "renumbered", "new"]


@dataclass(frozen=True)
class Numbering:
    """The components of a mixture in the order of their numbers, beside an earlier run's."""

    order: IntArray  # the component that gets number k, (K,)
    earlier: IntArray  # the earlier number of the component with number k, -1: new, (K,)
    jaccard: FloatArray  # index of that component with the most similar earlier one, (K,)

    def statuses(self) -> list[Status]:
        """Return of each number whether its component had it before, another, or is new.

        A component is renumbered where the mixture has no such number: it has fewer components.
        """
        return [
            "new" if was < 0 else "kept" if was == number else "renumbered"
            for number, was in enumerate(self.earlier)
        ]

    def kept(self) -> BoolArray:
        """Tell which numbers are those of the earlier run, (K,)."""
        return np.array([status == "kept" for status in self.statuses()])


def keep_numbers(
    earlier: IntArray, labels: IntArray, k_earlier: int, weights: FloatArray
) -> Numbering:
    """Give components the numbers of earlier ones whose songs they have, the others by weight.

    A pair corresponds when its Jaccard index is SAME or more. Above 1/2 a group shares more than
    half of its songs with the other, so no group is in two such pairs, and every optimal matching,
    by songs in common or by the index, has all of them (docs/method.md).

    Parameters
    ----------
    earlier : the songs' components in the earlier mixture, (N,), 0 to k_earlier - 1
    labels : the songs' components in the new one, (N,), 0 to K - 1
    k_earlier : components of the earlier mixture
    weights : of the new mixture's components, (K,)
    """
    k = len(weights)
    index = jaccards(contingency(labels, earlier, max(k, k_earlier)))[:k]
    best = index.max(axis=1)
    found = np.where(best >= SAME, index.argmax(axis=1), -1)
    stays = (found >= 0) & (found < k)
    order = np.empty(k, dtype=np.int64)
    order[found[stays]] = np.flatnonzero(stays)
    free = np.setdiff1d(np.arange(k), found[stays])
    others = np.flatnonzero(~stays)
    order[free] = others[np.argsort(-weights[others], kind="stable")]
    return Numbering(order, found[order], best[order])


def kept_songs_share(earlier: IntArray, labels: IntArray, numbering: Numbering) -> float:
    """Return the share of songs whose component has the number that theirs had, 0 to 1.

    Parameters
    ----------
    earlier : the songs' components in the earlier mixture, (N,)
    labels : their components in the new one, (N,), before it was numbered
    numbering : of the new one
    """
    number = np.argsort(numbering.order)[labels]
    return float(((number == earlier) & numbering.kept()[number]).mean())


def corresponding(
    earlier: IntArray, labels: IntArray, k_earlier: int, k: int
) -> tuple[IntArray, FloatArray]:
    """Return of each earlier component the one matched to it, (k_earlier,), and their Jaccard.

    The matching is optimal, with most songs in common; -1 where it leaves a component without one,
    and so where the two share no song.

    Parameters
    ----------
    earlier : the songs' components in the earlier run, (N,), 0 to k_earlier - 1
    labels : the same songs' components in the later run, (N,), 0 to k - 1
    k_earlier : components of the earlier run
    k : components of the later run
    """
    most = max(k_earlier, k)
    matched = matching(earlier, labels, most)[:k_earlier]
    index = jaccards(contingency(earlier, labels, most))[np.arange(k_earlier), matched]
    return np.where(index > 0, matched, -1), index
