"""Where EM starts from, and which of its ends is kept: two recipes.

`varied` is emEM (Biernacki, Celeux & Govaert 2003): many short runs from different starts, the best
few carried on until they have converged, the best valid one kept. `kmeans` is scikit-learn's:
n_init runs to convergence, each from the clusters of a K-Means, the best one kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from song_mixtures.fitting.compiled import cluster
from song_mixtures.fitting.criteria import degenerate_components
from song_mixtures.fitting.em import (
    NOT_POSITIVE_DEFINITE,
    Run,
    empty_parameters,
    feature_rows,
    kind_of,
    run_accelerated_em,
    run_em,
    start_from_labels,
)
from song_mixtures.fitting.recipe import MixtureParams
from song_mixtures.mixture.model import CovarianceType
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError
from song_mixtures.progress.bars import with_bar

# Every fourth short run starts from K-Means, the others from k-means++ alone: clusters of K-Means
# alike lead to optima alike, and on the measured tables seldom to the best; but where songs fall
# apart into round groups they do.
KMEANS_EVERY = 4
LLOYD_ITERATIONS = 30  # at most: EM goes on from there


def short_runs(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    progress: bool,
) -> list[Run]:
    """Return short runs of accelerated EM on points, (N, d), from k-means++ and K-Means in turn.

    Each ends when it can gain less than `short_tol` per song. Raises StageError where the
    covariances of all are not positive definite.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 2 or more
    covariance_type : covariance type
    params : the recipe, section `mixture`
    progress : whether a bar shows the initializations where a person watches
    """
    x = feature_rows(points)
    candidates = 2 + int(np.log(k))  # as many as scikit-learn's k-means++ draws
    draws = np.random.default_rng(params.seed).random((params.short_runs, k, candidates))
    kind, parameters = kind_of(covariance_type), empty_parameters(k, len(x))
    runs = []
    for i in shown(range(params.short_runs), progress):
        lloyd = 0 if i % KMEANS_EVERY else LLOYD_ITERATIONS
        if cluster(x, draws[i], lloyd, kind, params.reg_covar, parameters):
            runs.append(
                run_accelerated_em(x, parameters, covariance_type, params.short_tol, params)
            )
    if not runs:
        raise StageError(NOT_POSITIVE_DEFINITE)
    return runs


def most_promising(runs: Sequence[Run], count: int, params: MixtureParams) -> list[Run]:
    """Return the best of some runs on the same songs, at most so many, best first.

    Valid ones come before others. Runs within `short_tol` per song of one another are most likely
    on their way to the same optimum: only the best of them is returned.
    """
    # Most runs are never looked into: only as many as are kept, and those before them.
    likeliest = sorted(runs, key=Run.log_likelihood, reverse=True)  # keeps equals' order
    kept: list[Run] = []
    invalid: list[Run] = []
    for run in likeliest:
        if len(kept) == count:
            return kept
        if is_apart(run, kept, params):
            (kept if merit(run, params)[0] else invalid).append(run)
    for run in invalid:
        if len(kept) < count and is_apart(run, kept, params):
            kept.append(run)
    return kept


def is_apart(run: Run, others: Iterable[Run], params: MixtureParams) -> bool:
    """Tell whether a run differs by more than `short_tol` per song from all others."""
    least = params.short_tol * run.songs
    return all(abs(run.log_likelihood() - other.log_likelihood()) > least for other in others)


def merit(run: Run, params: MixtureParams) -> tuple[bool, float]:
    """Return what runs on the same songs are compared by: nothing degenerate, then ln L.

    A better degenerate one buys its likelihood with a spike of the density.
    """
    degenerate = degenerate_components(run.mixture(), run.songs, params.reg_covar)
    return not degenerate.any(), run.log_likelihood()


def carried_on(
    runs: Iterable[Run], points: FloatArray, least_gain: float, params: MixtureParams
) -> list[Run]:
    """Return runs carried on by accelerated EM with points, (N, d).

    Each until it can gain less than `least_gain` nats per song.

    Parameters
    ----------
    runs : where EM has come to, on the same songs
    points : standardized features, (N, d)
    least_gain : nats per song, above 0, below which EM stops
    params : the recipe, section `mixture`
    """
    x = feature_rows(points)
    return [carried_on_with(x, run, least_gain, params) for run in runs]


def carried_on_with(x: FloatArray, run: Run, least_gain: float, params: MixtureParams) -> Run:
    """Return a run carried on with points x, (d, N); as one run where it saw as many before.

    Parameters
    ----------
    x : points, a feature a row, (d, N)
    run : where EM has come to
    least_gain : nats per song, above 0, below which EM stops
    params : the recipe, section `mixture`
    """
    further = run_accelerated_em(x, run.parameters, run.covariance_type, least_gain, params)
    if run.songs != further.songs:
        return further
    both = np.concatenate([run.log_likelihoods, further.log_likelihoods])
    return replace(further, log_likelihoods=both)


def best_of_kmeans(
    points: FloatArray,
    k: int,
    covariance_type: CovarianceType,
    params: MixtureParams,
    progress: bool,
) -> Run:
    """Run EM on points, (N, d), from n_init K-Means; return the run of maximum likelihood.

    Initializations, iterations and optimum are those of scikit-learn's GaussianMixture with the
    same settings.

    Parameters
    ----------
    points : standardized features, (N, d)
    k : components, 2 or more
    covariance_type : covariance type
    params : the recipe, section `mixture`
    progress : whether a bar shows the initializations where a person watches
    """
    random_state = np.random.RandomState(params.seed)
    x = feature_rows(points)
    runs = []
    for _ in shown(range(params.n_init), progress):
        labels = kmeans_labels(points, k, random_state)
        start = start_from_labels(x, labels, k, covariance_type, params.reg_covar)
        runs.append(run_em(x, start, covariance_type, params))
    return max(runs, key=Run.log_likelihood)


def kmeans_labels(
    points: FloatArray, k: int, random_state: np.random.RandomState
) -> NDArray[np.integer]:
    """Return the hard labels, (N,), of one initialization, drawn as GaussianMixture draws them."""
    from sklearn.cluster import KMeans  # 1.2 s to import, and only this recipe needs it

    model = KMeans(k, n_init=1, random_state=random_state).fit(points)
    labels: NDArray[np.integer] = model.labels_
    return labels


def shown(numbers: range, progress: bool) -> Iterable[int]:
    """Return the numbers of the initializations, shown as they pass where a person watches."""
    return with_bar(numbers, "initializations") if progress else numbers
