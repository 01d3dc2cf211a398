"""From original units to the standardized space the models are fitted in, and back.

A feature is transformed (identity, log2 or logit), then standardized: minus the mean, over the
standard deviation (divisor N, as scikit-learn's StandardScaler). Distances and covariances are
taken there, or tempo in BPM would drown an energy between 0 and 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray

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


@dataclass(frozen=True)
class Scaling:
    """Features in their order, with the transform, mean and standard deviation of each, (d,)."""

    features: tuple[str, ...]
    transforms: tuple[Transform, ...]
    mean: FloatArray
    scale: FloatArray

    def standardize(self, songs: pd.DataFrame) -> FloatArray:
        """Return the features of `songs` (original units) as standardized values, (N, d)."""
        values = songs[list(self.features)].to_numpy(dtype=np.float64)
        return (transformed(values, self.transforms) - self.mean) / self.scale

    def original_units(self, standardized: FloatArray) -> FloatArray:
        """Return standardized values, (..., d), in original units."""
        values = standardized * self.scale + self.mean
        columns = [BACK[name](values[..., j]) for j, name in enumerate(self.transforms)]
        return np.stack(columns, axis=-1)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, which from_json() reads."""
        return {
            "features": list(self.features),
            "transforms": list(self.transforms),
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
        )


def transformed(values: FloatArray, transforms: tuple[Transform, ...]) -> FloatArray:
    """Apply each feature's transform to its column of `values`, (N, d)."""
    return np.column_stack([FORWARD[name](values[:, j]) for j, name in enumerate(transforms)])
