"""The two principal axes of the songs: directions, shares of the variance, names, coordinates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.songs.scaling import Scaling

# Least absolute loading of a feature that is named on a principal axis; the largest always is.
WORTH_NAMING = 0.4


def principal_axes(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the principal axes of points (N, d), as columns, and each one's share of variance.

    Eigenvectors of the covariance, largest first, each turned so that its largest loading is
    positive: its sign is arbitrary otherwise.
    """
    values, vectors = np.linalg.eigh(np.cov(points, rowvar=False, bias=True))
    values, vectors = values[::-1], vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.sign(vectors[largest, np.arange(len(values))])
    return vectors * signs, values / values.sum()


@dataclass(frozen=True)
class Plane:
    """The plane of the two first principal axes: directions (d, 2), center (d,), shares (2,)."""

    scaling: Scaling
    directions: FloatArray
    center: FloatArray
    shares: FloatArray

    @classmethod
    def through(cls, songs: pd.DataFrame, scaling: Scaling) -> "Plane":
        """Return the plane of these songs."""
        points = scaling.standardize(songs)
        directions, shares = principal_axes(points)
        return cls(scaling, directions[:, :2], points.mean(axis=0), shares[:2])

    def to_json(self) -> dict[str, Any]:
        """Return the axes as plain numbers; the scaling has a file of its own."""
        return {
            "directions": self.directions.tolist(),
            "center": self.center.tolist(),
            "shares": self.shares.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], scaling: Scaling) -> "Plane":
        """Return the plane that to_json() wrote, of songs with this scaling."""
        directions, center, shares = (
            np.array(content[name]) for name in ("directions", "center", "shares")
        )
        return cls(scaling, directions, center, shares)

    def coordinates(self, songs: pd.DataFrame) -> FloatArray:
        """Return where songs lie on the plane, (N, 2), in standard deviations."""
        return (self.scaling.standardize(songs) - self.center) @ self.directions

    def name(self, axis: int) -> str:
        """Name a principal axis by its share of the variance and the features it runs along."""
        loadings = self.directions[:, axis]
        order = np.argsort(-np.abs(loadings), kind="stable")
        named = [
            f"{'+' if loadings[j] > 0 else '−'} {self.scaling.features[j]}"
            for j in order
            if abs(loadings[j]) >= min(WORTH_NAMING, np.abs(loadings).max())
        ]
        title = f"principal axis {axis + 1} (standard deviations)"
        return f"{title}\n{self.shares[axis]:.1%} of the variance\n{' '.join(named)}"
