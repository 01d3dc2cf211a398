"""Second readings of a tempo: whole, or not there, or refused with the song that is at fault."""

import numpy as np
import pandas as pd
import pytest

from song_mixtures.pipeline.stage import StageError
from song_mixtures.sources.readings import second_readings

NAN = np.nan


def songs(other: float, share: float) -> pd.DataFrame:
    """Two songs in rows 3 and 7 of their table, the second with these cells."""
    return pd.DataFrame(
        {
            "song": ["a", "b"],
            "tempo": [90.0, 120.0],
            "tempo_other": [180.0, other],
            "tempo_other_share": [0.25, share],
        },
        index=[3, 7],
    )


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        ((60.0, 0.4), (60.0, 0.4)),
        ((60.0, 0.0), (60.0, 0.0)),
        ((60.0, 1.0), (60.0, 1.0)),
        ((NAN, NAN), (120.0, 0.0)),  # none: its own tempo, and nothing to average
        ((NAN, 0.0), (120.0, 0.0)),
    ],
)
def test_a_song_without_a_second_reading_has_its_own_tempo(
    cells: tuple[float, float], read: tuple[float, float]
) -> None:
    found = second_readings(songs(*cells))
    assert found["song"].tolist() == ["a", "b"]
    assert found["tempo_other"].tolist() == [180.0, read[0]]
    assert found["tempo_other_share"].tolist() == [0.25, read[1]]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((0.0, 0.4), "tempo_other is 0, expected a tempo above 0"),
        ((-np.inf, 0.4), "tempo_other is -inf, expected"),
        ((1e101, 0.4), r"tempo_other is 1e\+101, expected"),
        ((60.0, 1.01), "tempo_other_share is 1.01, expected 0 to 1"),
        ((60.0, -0.1), "tempo_other_share is -0.1, expected"),
        ((NAN, 40.0), "tempo_other_share is 40, expected"),
        ((60.0, NAN), "tempo_other is 60 and tempo_other_share is no number"),
        ((NAN, 0.4), "tempo_other is no number and tempo_other_share is 0.4"),
    ],
)
def test_what_is_half_a_reading_or_none_at_all_is_refused(
    cells: tuple[float, float], said: str
) -> None:
    where = r"^1 of 2 songs .* the first in row 7 counted from 0 \('b': "
    with pytest.raises(StageError, match=rf"{where}{said}.*leave both cells empty"):
        second_readings(songs(*cells))
