"""Original units → standardized → original units."""

import numpy as np
import pandas as pd
import pytest

from song_mixtures.songs.scaling import Scaling, transformed

SONGS = pd.DataFrame({"tempo": [60.0, 120.0, 240.0], "energy": [0.2, 0.5, 0.8], "other": [1, 2, 3]})


def scaling() -> Scaling:
    return Scaling(("tempo", "energy"), ("log2", "logit"), np.array([6.9, 0.1]), np.array([2.0, 3]))


def test_standardized_by_hand() -> None:
    plain = Scaling(("energy",), ("identity",), np.array([0.5]), np.array([0.3]))
    np.testing.assert_allclose(plain.standardize(SONGS), [[-1.0], [0.0], [1.0]], atol=1e-12)


def test_transforms_by_hand() -> None:
    values = np.array([[8.0, 0.5], [1.0, 0.75]])
    expected = [[3.0, 0.0], [0.0, np.log(3)]]
    np.testing.assert_allclose(transformed(values, ("log2", "logit")), expected, atol=1e-15)


def test_original_units_undo_standardize() -> None:
    back = scaling().original_units(scaling().standardize(SONGS))
    np.testing.assert_allclose(back, SONGS[["tempo", "energy"]], rtol=1e-12)


def test_original_units_of_one_point_and_of_many() -> None:
    points = scaling().standardize(SONGS)
    np.testing.assert_array_equal(
        scaling().original_units(points[1]), scaling().original_units(points)[1]
    )


def test_json_keeps_the_scaling() -> None:
    found = Scaling.from_json(scaling().to_json() | {"weights": []})
    np.testing.assert_array_equal(found.standardize(SONGS), scaling().standardize(SONGS))


def test_a_table_without_the_feature_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError, match="energy"):
        scaling().standardize(SONGS[["tempo"]])
