"""Songs that belong nowhere: how dense songs lie under mixtures fitted without them.

A song that the mixture was fitted to has raised its own density, and a rank among the densities of
a table calls one song in a hundred strange whatever the songs are. So a song is judged by a mixture
that never saw it, and by how many songs of that mixture would be less dense still.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType, Mixture, blocks, posteriors
from song_mixtures.mixture.simulation import drawn_points
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.progress.bars import with_bar
from song_mixtures.sampling.rows import sampled_rows

SIMULATED = 100_000  # songs of each fold's mixture: a p-value of 1 % is off by .03 %


@dataclass(frozen=True)
class Fold:
    """A mixture fitted without some of the songs, and the log-densities of songs drawn from it."""

    mixture: Mixture
    simulated: FloatArray  # (SIMULATED,), rising

    def p_values(self, points: FloatArray) -> FloatArray:
        """Return the share of simulated songs that are not denser than each point, (N,).

        p_n = (1 + #{s : log p(x_s) <= log p(x_n)}) / (1 + S), Davison & Hinkley (1997), section
        4.2.                                                                       (19)
        """
        found = np.empty(len(points))
        for block in blocks(len(points)):
            found[block] = posteriors(self.mixture, points[block])[1]
        less = np.searchsorted(self.simulated, found, side="right")
        shares: FloatArray = (1 + less) / (1 + len(self.simulated))
        return shares


def folds_of(songs: int, folds: int, sample_above: int, seed: int) -> IntArray:
    """Return which fold each song is left out of, (N,), and of no other; -1: it is in none.

    Parameters
    ----------
    songs : how many there are
    folds : 2 or more
    sample_above : of more songs only a random sample of so many is in any fold
    seed : of sample and folds
    """
    rows = sampled_rows(songs, sample_above, seed)
    numbers = np.full(songs, -1)
    numbers[rows] = np.random.default_rng(seed).permutation(len(rows)) % folds
    return numbers


def fold(
    points: FloatArray, k: int, covariance_type: CovarianceType, seed: int, recipe: MixtureParams
) -> Fold:
    """Fit a mixture to the points that are not left out, and draw songs from it.

    Parameters
    ----------
    points : standardized features, (N, d), without those left out
    k : components, 1 or more
    covariance_type : covariance type
    seed : of the songs drawn
    recipe : how it is fitted
    """
    mixture = fit_mixture(points, k, covariance_type, recipe).mixture
    drawn, _ = drawn_points(mixture, SIMULATED, np.random.default_rng(seed))
    return Fold(mixture, np.sort(posteriors(mixture, drawn)[1]))


def fitted_folds(
    points: FloatArray,
    left_out: IntArray,
    kind: tuple[int, CovarianceType],
    recipe: MixtureParams,
    compute: Compute,
) -> Iterator[Fold]:
    """Yield the fold of each number from 0, fitted in parallel.

    Parameters
    ----------
    points : standardized features, (N, d)
    left_out : as folds_of() gives it, (N,)
    kind : components and covariance type
    recipe : how mixtures are fitted
    compute : where they are fitted
    """
    inside = left_out >= 0
    calls = [
        (points[inside & (left_out != number)], *kind, recipe.seed + number, recipe)
        for number in range(left_out.max() + 1)
    ]
    threads = recipe.init == "varied"  # scikit-learn's K-Means would hold Python's lock
    found = parallel_map(fold, calls, compute, threads=threads)
    return with_bar(found, "mixtures of folds", len(calls))


def out_of_fold(points: FloatArray, left_out: IntArray, folds: Sequence[Fold]) -> FloatArray:
    """Return the p-value of each point, (N,), under a mixture that was fitted without it.

    `left_out`, (N,), as folds_of() gives it: songs in no fold are shared among all.
    """
    judge = np.where(left_out >= 0, left_out, np.arange(len(points)) % len(folds))
    p = np.empty(len(points))
    for number, one in enumerate(folds):
        own = judge == number
        p[own] = one.p_values(points[own])
    return p
