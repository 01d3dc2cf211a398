"""Songs of which a feature or two are missing: not fitted, but known well enough to be placed."""

import numpy as np
import pandas as pd

from song_mixtures.songs.features import Features, possible
from song_mixtures.songs.scaling import Scaling

# Of a song with more missing too little is known to say where it belongs.
MOST_MISSING = 2


def incomplete_songs(songs: pd.DataFrame, described: Features, scaling: Scaling) -> pd.DataFrame:
    """Return the songs with one or two fitted features missing and another known, NaN there.

    A value is missing where it is no number, is outside its feature's range, or is none that the
    feature's transform is defined for. What is missing stands in words in the last column.

    Parameters
    ----------
    songs : song, name, genre where known, and the features in original units
    described : what is known of each feature
    scaling : of the features that are fitted
    """
    features = list(scaling.features)
    can_be = [possible(songs[name].to_numpy(), described[name].range) for name in features]
    values = songs[features].where(np.column_stack(can_be))
    with np.errstate(all="ignore"):
        values = values.where(np.isfinite(scaling.standardize(values)))
    missing = values.isna().to_numpy()
    counts = missing.sum(axis=1)
    some = (counts > 0) & (counts <= min(MOST_MISSING, len(features) - 1))
    said = [" and ".join(np.array(features)[row]) for row in missing[some]]
    names = [name for name in ("song", "name", "genre") if name in songs]
    return songs.loc[some, names].join(values).assign(missing=said)
