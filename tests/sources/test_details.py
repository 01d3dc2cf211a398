"""What goes along with a song: what may be kept, and what a song is called."""

import pandas as pd
import pytest

from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import FEATURES
from song_mixtures.sources.details import MOST_KEPT, called, kept_columns, rows_described


def test_a_column_that_is_null_is_not_kept() -> None:
    assert kept_columns({"artist": "Artist", "uri": None}, FEATURES) == {"artist": "Artist"}
    assert kept_columns({"曲名": "title"}, FEATURES) == {"曲名": "title"}


@pytest.mark.parametrize(
    "name",
    [
        "song", "name", "genre", "kind", "reason", "rank", "end", "component", "log_density",
        "kept_share", "gmm_cluster", "gmm_words", "averaged_entropy", "readings_prob_0",
        "density_p_value", "deciding_feature", "tempo_other", "other_name",
    ],
)  # fmt: skip
def test_a_kept_column_cannot_have_the_name_of_one_of_ours(name: str) -> None:
    with pytest.raises(
        StageError, match=rf"input\.keep: no column can be called '{name}': a column"
    ):
        kept_columns({"artist": "a", name: "b"}, FEATURES)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tempo", "a feature in input.columns has that name"),
        ("my artist", "letters, digits and _ are allowed"),
        ("2nd", "letters, digits and _ are allowed"),
        ("_artist", "letters, digits and _ are allowed"),
        ("", "letters, digits and _ are allowed"),
        ("a" * 31, "it has 31 letters, expected at most 30"),
    ],
)
def test_a_kept_column_needs_a_name_of_its_own(name: str, said: str) -> None:
    with pytest.raises(StageError, match=said):
        kept_columns({name: "a"}, FEATURES)


def test_as_many_columns_are_kept_as_tables_hold() -> None:
    many = {f"c{i}": "a" for i in range(MOST_KEPT)}
    assert len(kept_columns({**many, "unused": None}, FEATURES)) == MOST_KEPT
    with pytest.raises(StageError, match=r"input\.keep has 21 columns, expected at most 20"):
        kept_columns({**many, "more": "a"}, FEATURES)


def test_a_song_is_called_by_what_is_given_else_by_artist_and_title() -> None:
    given = pd.Series(["Mine", "", "", "", ""])
    kept = pd.DataFrame({"artist": ["A", "A", "", "A", ""], "title": ["T", "T", "T", "", ""]})
    assert called(given, kept).tolist() == ["Mine", "A – T", "T", "", ""]
    assert called(given, kept[["title"]]).tolist() == ["Mine", "T", "T", "", ""]
    assert called(given, kept[["artist"]]).tolist() == ["Mine", "", "", "", ""]


def test_values_that_describe_a_row_are_written_as_everywhere_else() -> None:
    songs = pd.DataFrame(
        {"tempo": [89.6, 120.4], "energy": [0.5, 0.0], "loudness": [-7.31, -0.01], "valence": 1.0},
        index=[2, 40],
    )
    features = {name: FEATURES[name] for name in ("tempo", "energy", "loudness", "valence")}
    assert rows_described(songs, features) == [
        "row 2: 90 BPM, energy 0.50, −7.3 dB",
        "row 40: 120 BPM, energy 0.00, 0.0 dB",
    ]
    assert rows_described(songs.head(0), features) == []
