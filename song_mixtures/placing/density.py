"""Whether a new song belongs anywhere: how dense songs lie where it does, as stage suspects asks.

That stage keeps, of each fold, the mixture that was fitted without it and the quantiles of the
log-densities of songs drawn from it. A song that is in no fold has been seen by none of these
mixtures, so each of them may judge it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from song_mixtures.mixture.model import Mixture, blocks, posteriors
from song_mixtures.pipeline.arrays import FloatArray


@dataclass(frozen=True)
class Judges:
    """The mixtures of the folds, F of them, and the log-densities of songs drawn from each."""

    levels: FloatArray  # shares of the songs drawn, (L,), rising to 1
    mixtures: Sequence[Mixture]
    log_densities: FloatArray  # below which these shares lie, (F, L), nats

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Judges":
        """Return what stage suspects wrote."""
        return cls(
            np.array(content["levels"]),
            [Mixture.from_json(one) for one in content["folds"]],
            np.array([one["log_densities"] for one in content["folds"]]),
        )

    def p_values(self, points: FloatArray) -> FloatArray:
        """Return the share of the songs drawn that are not denser than each point, (N,).

        p_n = mean_f q_f(log p_f(x_n)), q_f the distribution function of the log-densities of songs
        drawn from the mixture without fold f, between its quantiles by interpolation, and at least
        the lowest level, 1e-5.                                                   (19a)

        Parameters
        ----------
        points : standardized features of songs that are in no fold, (N, d); NaN gives NaN
        """
        found = np.empty((len(self.mixtures), len(points)))
        for own, mixture, quantiles in zip(found, self.mixtures, self.log_densities, strict=True):
            for block in blocks(len(points)):
                own[block] = np.interp(
                    posteriors(mixture, points[block])[1], quantiles, self.levels
                )
        mean: FloatArray = found.mean(axis=0)
        return mean
