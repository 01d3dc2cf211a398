"""Cold refits: a mixture initialized and fitted anew on bootstrap samples of the songs.

Would these components come back, had other songs of the same kind been drawn? And would a table
without groups have given components that come back as often?
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import numpy as np

from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.labels.agreement import adjusted_rand, best_jaccards, contingency, matching
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.arrays import FloatArray, IntArray
from song_mixtures.pipeline.params import Range
from song_mixtures.progress.bars import with_bar
from song_mixtures.refits.resampling import (
    COLD,
    REFERENCE,
    bootstrap_rows,
    generator,
    reference_points,
)

MANY = 8  # components, from which on `refits.reference_tables` itself is enough


@dataclass(frozen=True)
class ColdParams:
    """How often mixtures are fitted anew, on which songs, from how many initializations."""

    cold: Annotated[int, Range(20)]  # refits of a mixture, initialized anew
    reference_tables: Annotated[int, Range(10)]  # without groups, from MANY components on
    sample_above: Annotated[int, Range(1000)]  # songs; of more, cold refits see a sample
    short_runs: Annotated[int, Range(1)]  # initializations of a cold refit
    carried_on: Annotated[int, Range(1)]  # of its short runs
    seed: Annotated[int, Range(0, 2**32 - 1)]


@dataclass(frozen=True)
class Refit:
    """One refit, and how far it agrees with the fit."""

    mixture: Mixture  # component k is the one matched to the fit's k
    ari: float
    jaccards: FloatArray  # of each component of the fit, (K,)


@dataclass(frozen=True)
class Stability:
    """What cold refits of a mixture, and of mixtures of tables without groups, came to."""

    refits: Sequence[Refit]
    reference: FloatArray  # ARI of refit and fit of each table without groups, (R,)

    def ari(self) -> tuple[float, float]:
        """Return the mean ARI of refit and fit, and its standard error."""
        mean, error = mean_and_error(np.array([refit.ari for refit in self.refits]))
        return float(mean), float(error)

    def reference_ari(self) -> tuple[float, float]:
        """Return the mean ARI of the tables without groups, and its standard error."""
        mean, error = mean_and_error(self.reference)
        return float(mean), float(error)

    def jaccards(self) -> tuple[FloatArray, FloatArray]:
        """Return the mean Jaccard index of each component, (K,), and their standard errors."""
        return mean_and_error(np.array([refit.jaccards for refit in self.refits]))


def mean_and_error(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means over the first axis, (B, ...), and their standard errors, s / sqrt(B)."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def hard_labels(mixture: Mixture, points: FloatArray) -> IntArray:
    """Return the component of maximum posterior of points, (N, d) -> (N,)."""
    labels: IntArray = posteriors(mixture, points)[0].argmax(axis=1)
    return labels


def fitted_anew(
    points: FloatArray,
    mixture: Mixture,
    rng: np.random.Generator,
    params: ColdParams,
    recipe: MixtureParams,
) -> Mixture:
    """Return a mixture of the same K and covariance type, from fewer initializations.

    Parameters
    ----------
    points : standardized features, (N, d)
    mixture : K and the covariance type are its own
    rng : of the initializations
    params : section `refits`, but for its warm refits
    recipe : section `mixture`
    """
    seed = int(rng.integers(2**32))
    fewer = recipe.with_fewer_runs(params.short_runs, params.carried_on, seed)
    return fit_mixture(points, len(mixture.weights), mixture.covariance_type, fewer).mixture


def cold_refit(
    points: FloatArray, mixture: Mixture, number: int, params: ColdParams, recipe: MixtureParams
) -> Refit:
    """Fit a mixture anew to a bootstrap sample of points, and compare it with the given one.

    The ARI is that of all points' hard labels; the Jaccard indices are those of the points drawn,
    each once, as in Hennig (2007) and in clusterboot of R's fpc.

    Parameters
    ----------
    points : standardized features, (N, d)
    mixture : the fit
    number : of the refit, 0 or more: it decides on the sample and the initializations
    params : section `refits`, but for its warm refits
    recipe : section `mixture`
    """
    rng = generator(params.seed, COLD, number)
    rows = bootstrap_rows(len(points), rng)
    again = fitted_anew(points[rows], mixture, rng, params, recipe)
    k = len(mixture.weights)
    fitted, refitted = hard_labels(mixture, points), hard_labels(again, points)
    drawn = np.unique(rows)
    return Refit(
        again.in_order(matching(fitted, refitted, k)),
        adjusted_rand(contingency(fitted, refitted, k)),
        best_jaccards(contingency(fitted[drawn], refitted[drawn], k)),
    )


def reference_ari(
    points: FloatArray, mixture: Mixture, number: int, params: ColdParams, recipe: MixtureParams
) -> float:
    """Return the ARI of refit and fit on a table without groups.

    Parameters
    ----------
    points : standardized features, (N, d), whose distributions and correlations the table has
    mixture : K and the covariance type are its own
    number : of the table, 0 or more
    params : section `refits`, but for its warm refits
    recipe : section `mixture`
    """
    rng = generator(params.seed, REFERENCE, number)
    lump = reference_points(points, rng)
    fit = fitted_anew(lump, mixture, rng, params, recipe)
    return cold_refit(lump, fit, number, params, recipe).ari


def tables_without_groups(k: int, params: ColdParams) -> int:
    """Return to how many tables without groups a mixture of k components is compared (our choice).

    The fewer the components, the more the ARI differs between these tables, and the less a fit
    takes: either is about proportional to 1 / k and k. So all k are the same work.
    """
    return max(params.reference_tables, math.ceil(params.reference_tables * MANY / k))


def refit_all(
    points: FloatArray,
    mixtures: Sequence[Mixture],
    params: ColdParams,
    recipe: MixtureParams,
    compute: Compute,
) -> Iterator[Stability]:
    """Yield the stability of each mixture of the points, (N, d); refits run in parallel.

    Parameters
    ----------
    points : standardized features, (N, d), all of them or a sample
    mixtures : fits, of all songs
    params : section `refits`, but for its warm refits
    recipe : section `mixture`
    compute : where they are fitted
    """
    references = [tables_without_groups(len(mixture.weights), params) for mixture in mixtures]
    calls = [
        (function, points, mixture, number, params, recipe)
        for mixture, tables in zip(mixtures, references, strict=True)
        for function, count in ((cold_refit, params.cold), (reference_ari, tables))
        for number in range(count)
    ]
    threads = recipe.init == "varied"  # scikit-learn's K-Means would hold Python's lock
    results = parallel_map(called, calls, compute, large=[points], threads=threads)
    shown = with_bar(results, "refits", len(calls))
    for tables in references:
        refits = list(islice(shown, params.cold))
        yield Stability(refits, np.array(list(islice(shown, tables))))


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what the function returns: calls of two functions are one list for parallel_map()."""
    return function(*arguments)
