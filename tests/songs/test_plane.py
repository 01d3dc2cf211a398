"""The plane of the two principal axes: directions, shares of the variance, names."""

import numpy as np
import pandas as pd

from song_mixtures.songs.plane import Plane, principal_axes
from song_mixtures.songs.scaling import Scaling
from tests.conftest import FEATURES


def test_principal_axes_are_those_of_a_singular_value_decomposition() -> None:
    points = np.random.default_rng(3).normal(size=(80, 5)) * [5, 1, 3, 2, 0.5]
    axes, shares = principal_axes(points)
    _, singular, rows = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(shares, singular**2 / (singular**2).sum())
    np.testing.assert_allclose(np.abs((axes * rows.T).sum(axis=0)), 1)
    assert (axes[np.abs(axes).argmax(axis=0), range(5)] > 0).all()


def test_an_axis_is_named_by_its_variance_and_features() -> None:
    points = np.random.default_rng(0).normal(size=(60, 5)) * [10, 1, 1, 1, 1]
    scaling = Scaling(tuple(FEATURES), ("identity",) * 5, np.zeros(5), np.ones(5))
    plane = Plane.through(pd.DataFrame(points, columns=FEATURES), scaling)
    values = np.linalg.eigvalsh(np.cov(points, rowvar=False))[::-1]
    assert plane.name(0).splitlines() == [
        "principal axis 1 (standard deviations)",
        f"{values[0] / values.sum():.1%} of the variance",
        "+ tempo",
    ]
