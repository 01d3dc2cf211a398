"""What posteriors say of a song: entropy (8), margin (9), their bounds, overlap of components."""

from typing import TYPE_CHECKING

import numpy as np

from song_mixtures.mixture.model import blocks
from song_mixtures.pipeline.arrays import FloatArray

if TYPE_CHECKING:  # what places a song need not wait for its import
    import pandas as pd


def entropy(posterior: FloatArray) -> FloatArray:
    """Shannon entropy of each row of posteriors, (N, K) -> (N,), in nats, 0 to log K.

    H = -sum_k p_k log p_k with 0 log 0 = 0, nothing clipped.                      (8)
    """
    found = np.empty(len(posterior))
    for block in blocks(len(posterior)):
        found[block] = 0.0 - times_its_log(posterior[block]).sum(axis=1)
    return found


def times_its_log(share: FloatArray) -> FloatArray:
    """Return p log p of every share, 0 where p is 0."""
    logs = np.log(share, where=share > 0, out=np.zeros(share.shape))
    logs *= share
    return logs


def margin(posterior: FloatArray) -> FloatArray:
    """Return largest minus second largest posterior of each row, (N, K) -> (N,), 0 to 1.  (9)."""
    found = np.empty(len(posterior))
    for block in blocks(len(posterior)):
        second, best = np.partition(posterior[block], -2, axis=1)[:, -2:].T
        found[block] = best - second
    return found


def entropy_bounds(posterior: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most entropy of K posteriors whose maximum is `posterior`.

    Least: floor(1/p) components with p each and one with the rest. Most: one with p, the other
    K - 1 with equal shares of 1 - p.
    """
    equals = np.floor(1 / posterior + 1e-9)
    rest = np.clip(1 - equals * posterior, 0, None)
    least = -(equals * times_its_log(posterior) + times_its_log(rest))
    most = -(times_its_log(posterior) + (k - 1) * times_its_log((1 - posterior) / (k - 1)))
    return least, most


def mean_posteriors(songs: "pd.DataFrame", k: int) -> FloatArray:
    """Return the mean posteriors of each component's songs by hard label, (K, K).

    Zeros where a component has no song of its own.
    """
    posteriors = songs[[f"gmm_prob_{component}" for component in range(k)]]
    means = posteriors.groupby(songs["gmm_cluster"]).mean().reindex(range(k), fill_value=0)
    return means.to_numpy()
