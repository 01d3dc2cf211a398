"""What makes a feature unusable, at the edges of what floats hold."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler

from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import LARGEST_VALUE
from song_mixtures.sources.checks import check_constant

VALUES = np.random.default_rng(0).normal(size=200)


@pytest.mark.parametrize(
    "values", [VALUES * 1e-101, VALUES * 1e-163, VALUES * 1e-320, VALUES + 1e15]
)
def test_a_feature_that_varies_by_too_little_to_compute_with_is_refused(
    values: np.ndarray,
) -> None:
    with pytest.raises(StageError, match=r"^x deviates by \d.* too little .*input\.columns\.x"):
        check_constant(pd.DataFrame({"x": values}), ["x"])


@pytest.mark.parametrize("scale", [1e-99, 1e-12, 1.0, 1e12, LARGEST_VALUE / 10])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e10])
def test_a_feature_that_passes_can_be_standardized(scale: float, offset: float) -> None:
    songs = pd.DataFrame({"x": (VALUES + offset) * scale})
    check_constant(songs, ["x"])
    assert StandardScaler().fit_transform(songs).std() == pytest.approx(1)
