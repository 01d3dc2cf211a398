"""Warm refits: EM carried on from the fit, on bootstrap samples of all songs.

They tell how far the same components move, not whether they come back: a start at the fit stays
in its basin. So their components keep their numbers, and one takes a fraction of a fit's time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from song_mixtures.compute.parallel import Compute, parallel_map
from song_mixtures.fitting.em import feature_rows, parameters_of, run_accelerated_em
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import Range
from song_mixtures.progress.bars import with_bar
from song_mixtures.refits.cold import ColdParams
from song_mixtures.refits.resampling import WARM, bootstrap_rows, generator


@dataclass(frozen=True)
class RefitParams(ColdParams):
    """How often the trained mixture is fitted again, anew and from where it is."""

    warm: Annotated[int, Range(2)]  # refits that start at the fit


def warm_refit(
    points: FloatArray, mixture: Mixture, number: int, params: RefitParams, recipe: MixtureParams
) -> Mixture:
    """Return where EM on a bootstrap sample of points arrives from a mixture.

    Parameters
    ----------
    points : standardized features, (N, d)
    mixture : the fit
    number : of the refit, 0 or more: it decides on the sample
    params : section `refits`
    recipe : section `mixture`
    """
    rows = bootstrap_rows(len(points), generator(params.seed, WARM, number))
    x, kind = feature_rows(points[rows]), mixture.covariance_type
    return run_accelerated_em(
        x, parameters_of(mixture), kind, recipe.remaining_gain, recipe
    ).mixture()


def warm_refits(
    points: FloatArray,
    mixture: Mixture,
    params: RefitParams,
    recipe: MixtureParams,
    compute: Compute,
) -> Iterator[Mixture]:
    """Yield the warm refits of a mixture of the points, (N, d), computed in parallel.

    Parameters
    ----------
    points : standardized features, (N, d)
    mixture : the fit
    params : section `refits`
    recipe : section `mixture`
    compute : where they are fitted
    """
    calls = [(points, mixture, number, params, recipe) for number in range(params.warm)]
    results = parallel_map(warm_refit, calls, compute, large=[points], threads=True)
    return with_bar(results, "warm refits", len(calls))
