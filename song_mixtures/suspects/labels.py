"""What genre can be read from the features at all, and which songs read as another genre.

A classifier that knows the genres is the ceiling of what a mixture that does not know them could
reach, and where it is sure of another genre than a song's own, one of the two is to be looked at.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar

TREES = 100


@dataclass(frozen=True)
class Read:
    """What a forest that has not seen them says of songs whose genre is known."""

    genres: NDArray[np.str_]  # all of them, (G,)
    own: IntArray  # of each song, as a place in these, (N,)
    probabilities: FloatArray  # out of fold, (N, G)

    def predicted(self) -> IntArray:
        """Return the likeliest genre of each song, (N,)."""
        found: IntArray = self.probabilities.argmax(axis=1)
        return found

    def scores(self) -> dict[str, float]:
        """Return accuracy, ARI and NMI of the predicted genres."""
        from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

        predicted = self.predicted()
        return {
            "accuracy_share": float((predicted == self.own).mean()),
            "ari": float(adjusted_rand_score(self.own, predicted)),
            "nmi": float(normalized_mutual_info_score(self.own, predicted)),
        }

    def of_own(self) -> FloatArray:
        """Return the probability of each song's own genre, (N,)."""
        return self.probabilities[np.arange(len(self.own)), self.own]


def read_genres(points: FloatArray, genres: NDArray[np.str_], folds: int, seed: int) -> Read:
    """Return what random forests (Breiman 2001) say of the songs that they were grown without.

    Parameters
    ----------
    points : standardized features, (N, d)
    genres : of each, (N,)
    folds : that the songs are shared among, 2 to N
    seed : of folds and forests
    """
    # Songs without genres need not wait for its import.
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import KFold

    names, own = np.unique(genres, return_inverse=True)
    probabilities = np.zeros((len(points), len(names)))
    splits = KFold(folds, shuffle=True, random_state=seed).split(points)
    for grown, left_out in with_bar(splits, "forests", folds):
        forest = RandomForestClassifier(TREES, random_state=seed, n_jobs=1).fit(
            points[grown], own[grown]
        )
        probabilities[np.ix_(left_out, forest.classes_)] = forest.predict_proba(points[left_out])
    return Read(names, own, probabilities)
