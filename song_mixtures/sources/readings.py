"""The second reading of a song's tempo, in another octave: what a table has of it, checked."""

import pandas as pd

from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import LARGEST_VALUE

READING = ("tempo_other", "tempo_other_share")


def second_readings(songs: pd.DataFrame) -> pd.DataFrame:
    """Return song, tempo_other [BPM] and tempo_other_share (0 to 1) of songs, none of them missing.

    A song without a second reading has its own tempo there, with share 0, so that averages over
    both readings leave it as it is. `songs` has columns song, tempo and READING, in the last two
    NaN where a cell is empty. Raises StageError that names the first song with a tempo_other not
    above 0 or above 1e100, a share outside 0 to 1, or one of the two without the other.
    """
    other, share = (songs[name] for name in READING)
    none = other.isna() & (share.isna() | (share == 0))
    faults = {
        "tempo_other is {other:g}, expected a tempo above 0": (other <= 0)
        | (other > LARGEST_VALUE),
        "tempo_other_share is {share:g}, expected 0 to 1": (share < 0) | (share > 1),
        "tempo_other is {other:g} and tempo_other_share is no number": ~none & share.isna(),
        "tempo_other is no number and tempo_other_share is {share:g}": ~none & other.isna(),
    }
    for said, wrong in faults.items():
        if wrong.any():
            row = songs.index[wrong][0]
            raise StageError(
                f"{wrong.sum()} of {len(songs)} songs have a second reading that cannot be used, "
                f"the first in row {row} counted from 0 ({songs['song'][row]!r}: "
                f"{said.format(other=other[row], share=share[row])}); mend it, or leave both cells "
                "empty: a song without a second reading has neither"
            )
    return pd.DataFrame(
        {
            "song": songs["song"],
            "tempo_other": other.where(~none, songs["tempo"]),
            "tempo_other_share": share.where(~none, 0.0),
        }
    )
