"""Values that many songs share: a component can shrink onto one, and what helps.

A mixture is one of densities, and a value that a tenth of the songs have has none: a component on
it gains likelihood without end as it shrinks. Often such a value is no measurement but the end of
one, as the 0 of Spotify's instrumentalness. Spread, its songs stay together and have a width.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import leave_out_line, spread_line
from song_mixtures.songs.scaling import Scaling, Transform

# Our choices. One value in a larger share of the songs than this is a spike.
SPIKE_SHARE, SPIKE_SONGS = 0.05, 3
# In a larger share than this, of more songs than that, it stops the run: of 34,143 songs from
# Spotify 34 % have an instrumentalness of 0, and 6 of 10 components collapse onto it. The tempo of
# GTZAN's table has one value in 9 %, and nothing breaks.
REFUSED_SHARE, REFUSED_SONGS = 0.10, 30
# How far a spike is spread, in standard deviations of the feature after its transform: wide enough
# for a component on it to be no layer (LARGEST_EIGENVALUE_RATIO in fitting/criteria.py).
SPREAD = 0.25


def spikes(values: pd.Series) -> pd.Series:
    """Return how many songs have each value that is a spike, by value, the commonest first."""
    counts = values.value_counts()
    return counts[(counts >= SPIKE_SONGS) & (counts > SPIKE_SHARE * len(values))]


def check_spikes(
    songs: pd.DataFrame, transform: Mapping[str, Transform], spread: Sequence[str]
) -> None:
    """Raise a StageError that names each feature with a spike too large to fit, and both cures.

    Parameters
    ----------
    songs : the features in original units
    transform : of each feature
    spread : features whose spikes are to be spread, which none is too large for
    """
    for name in spread:
        if name not in transform:
            raise StageError(
                f"preprocess.spread names {name}, expected features of this run: "
                f"{', '.join(transform)}"
            )
    if len(songs) <= REFUSED_SONGS:
        return
    found = {}
    for name in set(transform) - set(spread):
        counts = spikes(songs[name])
        if len(counts) and counts.iloc[0] > REFUSED_SHARE * len(songs):
            found[name] = (counts.index[0], int(counts.iloc[0]))
    refused = [name for name in transform if name in found]
    if not refused:
        return
    said = [
        f"{name} is {found[name][0]:.6g} in {found[name][1]:,} of {len(songs):,} songs "
        f"({found[name][1] / len(songs):.0%})"
        for name in refused
    ]
    out = "`, `".join(leave_out_line(name) for name in refused)
    logits = [
        f" -S ++preprocess.transform.{name}=logit"
        for name in refused
        if transform[name] == "identity" and songs[name].min() >= 0 and songs[name].max() <= 1
    ]
    raise StageError(
        f"{' and '.join(said)}: components would collapse onto one value. Leave the column out: "
        f"`{out}`; or spread what is there {SPREAD:g} standard deviations wide, at random: "
        f"`{spread_line([*spread, *refused])}{''.join(logits)}`"
    )


def spread_spikes(
    songs: pd.DataFrame, features: Sequence[str], scaling: Scaling, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the songs with the spikes of some features spread, and a row for each of these.

    Its columns: feature, spread_songs, spread (what was done, in words).

    A song at a spike gets z + e in place of z, its value after the transform, with e from a normal
    distribution of SPREAD standard deviations of z over all songs. At the lowest or highest value
    of all, e points inward, so that no song leaves the range there was.

    Parameters
    ----------
    songs : features in original units
    features : those whose spikes are spread
    scaling : with the transform and squeeze of each; its mean and scale do not matter
    seed : of the random numbers; what one feature gets does not depend on the others
    """
    done: list[tuple[str, int, str]] = []
    for name in features:
        counts = spikes(songs[name])
        rng = np.random.default_rng([seed, *name.encode()])
        moved = spread_values(songs[name], counts, of_one(scaling, name), rng)
        parts = [f"{value:.6g} in {count:,}" for value, count in counts.items()]
        said = f"{name} has no value to spread: preprocess.spread need not name it"
        if parts:
            said = (
                f"{name} was {' and '.join(parts)} of {len(songs):,} songs, which are spread "
                f"{SPREAD:g} standard deviations wide, at random"
            )
        songs = songs.assign(**{name: moved})
        done.append((name, int(counts.sum()), said))
    return songs, pd.DataFrame(done, columns=["feature", "spread_songs", "spread"])


def of_one(scaling: Scaling, feature: str) -> Scaling:
    """Return the transform and squeeze of one feature, without standardizing."""
    name = scaling.transforms[scaling.features.index(feature)]
    squeeze = {feature: scaling.squeeze[feature]} if feature in scaling.squeeze else {}
    return Scaling((feature,), (name,), np.zeros(1), np.ones(1), squeeze)


def spread_values(
    values: pd.Series, counts: pd.Series, scaling: Scaling, rng: np.random.Generator
) -> FloatArray:
    """Return the values, (N,), with their spikes spread.

    Parameters
    ----------
    values : of one feature
    counts : songs at each spike, by the value
    scaling : of this feature alone
    rng : of what is drawn
    """
    low, high = float(values.min()), float(values.max())
    z = scaling.standardize(values.to_frame())[:, 0]
    width = SPREAD * z.std()
    moved = z.copy()
    for value in sorted(counts.index):
        there = (values == value).to_numpy()
        drawn = width * rng.standard_normal(there.sum())
        if value in (low, high):
            drawn = np.abs(drawn) * (1 if value == low else -1)
        moved[there] += drawn
    back = np.clip(scaling.original_units(moved[:, None])[:, 0], low, high)
    # What was not spread keeps every digit.
    return np.where(values.isin(counts.index), back, values)
