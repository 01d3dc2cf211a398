"""The sweep K = 2..20 and the final fit: scikit-learn as the notebooks call it, against ours.

And ours by varied initializations against ours by K-Means, the notebooks' recipe.
"""

from dataclasses import dataclass, replace
from functools import partial

from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from benchmarks.em import CORES, K, seconds
from benchmarks.made_songs import made_points
from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.params import read_params
from stages.k_sweep import Sweep, sweep_fits, tried

REPEATS, FEW = 3, 1_000  # of ours at few songs, where the start of processes counts


@dataclass(frozen=True)
class SweepCost:
    """Seconds of both, and how far apart they end."""

    reference: float
    ours: float
    apart: float  # log-likelihood of ours minus the reference's, nats per song: the worst K


def recipes(songs: int) -> SweepCost:
    """Run the sweep by K-Means, which is the reference, and by varied initializations."""
    points, (sweep, params) = made_points(songs), settings()
    repeats = REPEATS if songs <= FEW else 1
    run = {
        init: partial(our_sweep, points, sweep, replace(params, init=init))
        for init in ("kmeans", "varied")
    }
    theirs, expected = seconds(run["kmeans"], repeats)
    ours, found = seconds(run["varied"], repeats)
    apart = min(our - their for our, their in zip(found, expected, strict=True))
    return SweepCost(theirs, ours, apart / songs)


def settings() -> tuple[Sweep, MixtureParams]:
    """Return the sweep and the fits of params.yaml, full covariances."""
    sweep = replace(read_params("k_sweep", Sweep), covariance_types=("full",))
    return sweep, read_params("mixture", MixtureParams)


def notebook_fit(points: FloatArray, params: MixtureParams, k: int) -> float:
    """Fit and evaluate one mixture as the notebooks do; return ln L."""
    model = GaussianMixture(
        k,
        n_init=params.n_init,
        max_iter=params.max_iter,
        tol=params.tol,
        reg_covar=params.reg_covar,
        random_state=params.seed,
    ).fit(points)
    model.bic(points), model.aic(points)
    return float(model.score(points)) * len(points)


def our_sweep(points: FloatArray, sweep: Sweep, params: MixtureParams) -> list[float]:
    """Fit the sweep as the stage does, the final mixture with it; return ln L of every K."""
    return [
        fit.log_likelihood
        for _, fit in sweep_fits(points, tried(sweep, *points.shape), params, Compute())
        if fit.k > 1
    ]


def small_sweep(songs: int) -> SweepCost:
    """Run both; the reference on one thread, for at this size more of them slow it down."""
    points, (sweep, params) = made_points(songs), settings()
    ks = range(sweep.k_min, sweep.k_max + 1)
    ours, found = seconds(partial(our_sweep, points, sweep, params), REPEATS)
    with threadpool_limits(1):
        theirs, expected = seconds(lambda: [notebook_fit(points, params, k) for k in (*ks, K)])
    apart = min(our - their for our, their in zip(found, expected[:-1], strict=True))
    return SweepCost(theirs, ours, apart / songs)


def large_sweep(songs: int) -> SweepCost:
    """Run ours, and of the notebook one initialization of K = 10, from which its time is estimated.

    An iteration takes scikit-learn K times as long with K times the components; 10 is the middle of
    the sweep, so what other K cost more or less, in iterations as well, evens out. The
    log-likelihoods are those of K = 10: the one initialization on all songs, and ours.
    """
    points, (sweep, params) = made_points(songs), settings()
    ours, found = seconds(partial(our_sweep, points, sweep, params))
    one_start = partial(notebook_fit, points, replace(params, n_init=1), K)
    with threadpool_limits(CORES):
        first, expected = seconds(one_start)
    components = sum(range(sweep.k_min, sweep.k_max + 1)) + K
    theirs = params.n_init * first * components / K
    return SweepCost(theirs, ours, (found[K - sweep.k_min] - expected) / songs)
