"""Which of the songs that are not fitted can still be placed."""

import numpy as np
import pandas as pd

from song_mixtures.songs.features import features_of
from song_mixtures.songs.scaling import Scaling
from song_mixtures.sources.incomplete import incomplete_songs

COLUMNS: dict[str, str | None] = {
    "tempo": "tempo",
    "energy": "energy",
    "valence": "valence",
    "noise": "noise",
}
DESCRIBED = features_of(COLUMNS, {})


def scaling_of(*features: str, **transforms: str) -> Scaling:
    names = tuple(transforms.get(name, "identity") for name in features)
    return Scaling(features, names, np.zeros(len(features)), np.ones(len(features)))  # type: ignore[arg-type]


SONGS = pd.DataFrame(
    [
        ["one", 120.0, np.nan, 0.4, 1.0],
        ["two", 0.0, 0.3, np.inf, 1.0],
        ["three", np.nan, np.nan, np.nan, 1.0],
        ["whole", 120.0, 0.3, 0.4, 1.0],
        ["huge", 120.0, 0.3, 0.4, 1e200],
    ],
    columns=["song", "tempo", "energy", "valence", "noise"],
)


def test_one_or_two_missing_features_are_named_and_three_are_too_many() -> None:
    found = incomplete_songs(SONGS, DESCRIBED, scaling_of("tempo", "energy", "valence", "noise"))
    assert found["song"].tolist() == ["one", "two", "huge"]
    assert found["missing"].tolist() == ["energy", "tempo and valence", "noise"]
    assert found["tempo"].isna().tolist() == [False, True, False]  # 0 is no tempo
    assert found["noise"].isna().tolist() == [False, False, True]


def test_of_two_features_one_must_be_known_and_others_do_not_count() -> None:
    found = incomplete_songs(SONGS, DESCRIBED, scaling_of("tempo", "valence"))
    assert found["song"].tolist() == []
    found = incomplete_songs(SONGS, DESCRIBED, scaling_of("tempo", "energy"))
    assert found["missing"].tolist() == ["energy", "tempo"]


def test_a_value_that_the_transform_has_none_of_is_missing() -> None:
    songs = SONGS.assign(energy=[0.0, 0.5, 0.5, 0.5, 1.5], valence=0.5, tempo=100.0, noise=1.0)
    found = incomplete_songs(songs, DESCRIBED, scaling_of("tempo", "energy", energy="logit"))
    assert found["song"].tolist() == ["one", "huge"]
    assert found["missing"].tolist() == ["energy", "energy"]
