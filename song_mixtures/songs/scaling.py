"""From original units to the standardized space the models are fitted in, and back.

A feature is transformed (identity, log2 or logit), then standardized: minus the mean, over the
standard deviation (divisor N, as scikit-learn's StandardScaler). Distances and covariances are
taken there, or tempo in BPM would drown an energy between 0 and 1. What a transform does to a
density, its Jacobian, is taken back in likelihoods, so that they can be compared.

Songs come as a DataFrame with the features among its columns, or as an array of the features alone,
in their order; pandas, which takes longer to import than a song to place, is not imported here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from song_mixtures.pipeline.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd

Transform = Literal["identity", "log2", "logit"]
Curve = Callable[[FloatArray], FloatArray]


def log_odds(share: FloatArray) -> FloatArray:
    """Return log p / (1 - p) of shares between 0 and 1."""
    odds: FloatArray = np.log(share) - np.log1p(-share)
    return odds


def share_of(odds: FloatArray) -> FloatArray:
    """Return the shares whose log odds these are: 1 / (1 + exp -x), without overflow."""
    share: FloatArray = np.exp(-np.logaddexp(0, -odds))
    return share


FORWARD: dict[Transform, Curve] = {"identity": np.positive, "log2": np.log2, "logit": log_odds}
BACK: dict[Transform, Curve] = {"identity": np.positive, "log2": np.exp2, "logit": share_of}
# The logarithm of a transform's slope: of 1, of 1 / (x ln 2), of 1 / (p (1 - p)).
LOG_SLOPE: dict[Transform, Curve] = {
    "identity": np.zeros_like,
    "log2": lambda values: -np.log(values) - np.log(np.log(2)),
    "logit": lambda share: -np.log(share) - np.log1p(-share),
}


def squeeze_of(songs: "pd.DataFrame", transform: Mapping[str, Transform]) -> dict[str, int]:
    """Return the number of songs n for each feature that (0a) must squeeze for its logit.

    These are the features with a value at exactly 0 or 1, where log odds are infinite.
    """
    return {
        feature: len(songs)
        for feature, name in transform.items()
        if name == "logit" and songs[feature].isin([0, 1]).any()
    }


def squeezed(songs: "pd.DataFrame", squeeze: Mapping[str, int]) -> "pd.DataFrame":
    """Return the songs with x' = (x (n - 1) + 1/2) / n in the features of `squeeze`.

    Equation (0a), Smithson & Verkuilen (2006): 0 to 1 becomes 1/2n to 1 - 1/2n. All values move,
    those between too, so that the order of the songs stays.
    """
    return songs.assign(**{name: moved_inside(songs[name], n) for name, n in squeeze.items()})


def moved_inside(share: Any, n: int) -> Any:
    """Return (0a) of a column of shares, an array or a Series."""
    return (share * (n - 1) + 0.5) / n


@dataclass(frozen=True)
class Scaling:
    """Features in their order, with the transform, mean and standard deviation of each, (d,).

    `squeeze` has the n of (0a) for every feature that is squeezed before its logit.
    """

    features: tuple[str, ...]
    transforms: tuple[Transform, ...]
    mean: FloatArray
    scale: FloatArray
    squeeze: Mapping[str, int] = field(default_factory=dict)

    def standardize(self, songs: "pd.DataFrame") -> FloatArray:
        """Return the features of `songs` (original units) as standardized values, (N, d)."""
        return self.standardized(songs[list(self.features)].to_numpy(dtype=np.float64))

    def standardized(self, values: FloatArray) -> FloatArray:
        """Return the same of an array of the features in their order, (N, d); NaN stays NaN."""
        points = transformed(self._inside(values), self.transforms)
        points -= self.mean  # in place: of a million songs a copy is 40 MB
        points /= self.scale
        return points

    def original_units(self, standardized: FloatArray) -> FloatArray:
        """Return standardized values, (..., d), in original units."""
        values = standardized * self.scale + self.mean
        columns = [BACK[name](values[..., j]) for j, name in enumerate(self.transforms)]
        for feature, n in self.squeeze.items():
            j = self.features.index(feature)
            columns[j] = (columns[j] * n - 0.5) / (n - 1)
        return np.stack(columns, axis=-1)

    def log_slopes(self, songs: "pd.DataFrame") -> FloatArray:
        """Return sum_j ln |dz_nj / dx_nj| of every song, (N,): z of standardize(), x as given.

        Added to the logarithm of a density of z it makes that of a density of the features.
        """
        inside = self.inside(songs)
        found = np.zeros(len(inside))
        for j, name in enumerate(self.transforms):
            found += LOG_SLOPE[name](inside[:, j])
        shrunk = sum(np.log1p(-1 / n) for n in self.squeeze.values())
        slopes: FloatArray = found + shrunk - np.log(self.scale).sum()
        return slopes

    def log_jacobian(self, songs: "pd.DataFrame") -> float:
        """Return what ln L of the standardized values lacks to that of the original features, nats.

        sum_n sum_j ln |dz_nj / du_nj|, with u the original features, standardized over `songs`.
        (0b) It is 0 without transforms, and would be with linear ones.

        Parameters
        ----------
        songs : features in original units, (N, d) or more; the songs that the scaling was made of
        """
        spread = songs[list(self.features)].to_numpy(dtype=np.float64).std(axis=0)
        return float((self.log_slopes(songs) + np.log(spread).sum()).sum())

    def inside(self, songs: "pd.DataFrame") -> FloatArray:
        """Return the features of `songs`, (N, d), within what their transforms are defined for."""
        return self._inside(songs[list(self.features)].to_numpy(dtype=np.float64))

    def _inside(self, values: FloatArray) -> FloatArray:
        inside = values.copy() if self.squeeze else values
        for feature, n in self.squeeze.items():
            j = self.features.index(feature)
            inside[:, j] = moved_inside(values[:, j], n)
        return inside

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which from_json() reads."""
        return {
            "features": list(self.features),
            "transforms": list(self.transforms),
            "squeeze": dict(self.squeeze),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Scaling":
        """Return the scaling that to_json() wrote; keys of other things are left alone."""
        return cls(
            features=tuple(content["features"]),
            transforms=tuple(content["transforms"]),
            mean=np.array(content["mean"]),
            scale=np.array(content["scale"]),
            squeeze=content["squeeze"],
        )


def transformed(values: FloatArray, transforms: tuple[Transform, ...]) -> FloatArray:
    """Apply each feature's transform to its column of `values`, (N, d)."""
    found = np.empty(values.shape)
    for j, name in enumerate(transforms):
        found[:, j] = FORWARD[name](values[:, j])
    return found
