"""What makes a song or a feature unusable for a mixture, and why."""

import numpy as np
import pandas as pd

from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.features import LARGEST_VALUE, Features, signed
from song_mixtures.songs.scaling import Transform, transformed
from song_mixtures.sources.spikes import spikes

# Our choices. An eigenvalue of the correlation matrix below this: along some direction all songs
# lie within a hundredth of a standard deviation, which is rounding rather than music.
COLLINEAR_EIGENVALUE = 1e-4
# Fewer distinct values than this (or than half the songs) put songs on a grid, and a component
# can shrink onto one value of the grid: librosa's lag-grid tempo has 35 values in 1,000 songs.
FEW_DISTINCT_VALUES = 100
# What others explain of a feature, above which it says little of its own: R² of .9 at the least
# trebles the error of what is estimated along it. Of our features none has more than .4.
REDUNDANT = 0.9
# Nor does one deviate by so little; squares of smaller numbers vanish.
SMALLEST_DEVIATION = 1e-100


def drop_reasons(songs: pd.DataFrame, features: Features, duplicates: str) -> pd.Series:
    """Return why each song cannot be used, "" where it can: the gravest reason that applies."""
    values = songs[list(features)]
    tests = {
        "not a number": values.isna().any(axis=1),
        "beyond 1e100": (values.abs() > LARGEST_VALUE).any(axis=1),
    }
    for name, one in features.items():
        if str(one.range):
            # As Range.holds() has it, of all songs at once.
            low, high, above = one.range.low, one.range.high, one.range.above
            beyond = (values[name] < low) | (values[name] > high) | (values[name] <= above)
            tests[f"{name} not {one.range}"] = beyond
    if duplicates == "drop":
        tests["duplicate"] = values.duplicated()
    reasons = pd.Series("", index=songs.index)
    for reason, applies in reversed(tests.items()):
        reasons[applies] = reason
    return reasons


def check_missing(songs: pd.DataFrame, reasons: pd.Series, missing: str) -> None:
    """With preprocess.missing: error, raise a StageError that names the first song it is for."""
    unusable = reasons[~reasons.isin(["", "duplicate"])]
    if missing == "error" and not unusable.empty:
        row = unusable.index[0]
        raise StageError(
            f"{len(unusable)} songs have a missing value, the first in row {row} counted from 0 "
            f"({songs['song'][row]!r}: {unusable[row]}); mend them or set preprocess.missing: drop"
        )


def check_constant(songs: pd.DataFrame, features: list[str]) -> None:
    """Raise a StageError that names the first feature that does not vary, or only by rounding."""
    for feature in features:
        values = songs[feature]
        deviation = float(values.std(ddof=0))
        # What the mean of so many values may be wrong by; below it scikit-learn does not scale.
        rounding = len(values) * np.finfo(float).eps * float(values.abs().max())
        if values.nunique() > 1 and deviation > max(rounding, SMALLEST_DEVIATION):
            continue
        found = f"is {values.iloc[0]:g} in every song"
        if values.nunique() > 1:
            found = (
                f"deviates by {deviation:.1g} from {values.mean():g}, too little to compute with"
            )
        raise StageError(
            f"{feature} {found}, so it separates nothing and cannot be standardized; is "
            f"input.columns.{feature} the right column?"
        )


def check_untransformable(songs: pd.DataFrame, transform: dict[str, Transform]) -> None:
    """Raise a StageError where a transform is not defined for a feature's values."""
    for feature, name in transform.items():
        low, high = songs[feature].min(), songs[feature].max()
        needs, defined = {
            "identity": ("", True),
            "log2": ("values above 0", low > 0),
            "logit": ("values from 0 to 1", low >= 0 and high <= 1),
        }[name]
        if not defined:
            raise StageError(
                f"preprocess.transform.{feature} is {name}, which needs {needs}; "
                f"{feature} goes from {low:g} to {high:g}; use identity"
            )


def transformed_features(
    songs: pd.DataFrame, features: list[str], transform: dict[str, Transform]
) -> FloatArray:
    """Return the chosen features after their transforms, (N, d)."""
    return transformed(songs[features].to_numpy(), tuple(transform[name] for name in features))


def collinear_features(values: FloatArray, features: list[str]) -> list[str]:
    """Return the features that determine one another, in their order, none if there are none."""
    eigenvalues, vectors = np.linalg.eigh(np.corrcoef(values, rowvar=False))
    if eigenvalues[0] >= COLLINEAR_EIGENVALUE:
        return []
    # The eigenvector of a vanishing eigenvalue is the linear relation; a share of 1 % is noise.
    return [name for name, share in zip(features, vectors[:, 0] ** 2, strict=True) if share > 0.01]


def independent_features(
    songs: pd.DataFrame, transform: dict[str, Transform], collinear: str
) -> list[str]:
    """Return the features to fit, by preprocess.collinear; raises StageError for `error`."""
    features = list(transform)
    while collinear != "keep" and len(features) > 1:
        dependent = collinear_features(transformed_features(songs, features, transform), features)
        if not dependent:
            break
        if collinear == "error":
            raise StageError(
                f"{' and '.join(dependent)} determine one another, so covariances are singular "
                "and BIC would depend on mixture.reg_covar alone; name another column for one of "
                "them in input.columns, leave one out "
                f"(`dvc exp run -S input.columns.{dependent[-1]}=null`), or set "
                f"preprocess.collinear: drop (drops {dependent[-1]})"
            )
        features.remove(dependent[-1])
    if len(features) == 1:
        raise StageError(
            f"all features follow from {features[0]}, and one feature has no groups to tell "
            "apart; name other columns in input.columns"
        )
    return features


def feature_values(songs: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    """Return a row per feature: how many values it takes, the commonest one, what that may spoil.

    `few_values` and `spike` are 0 or 1; `warning` says either in words, "" where there is neither.
    """
    rows = []
    for feature in features:
        counts = songs[feature].value_counts()
        value, most = counts.index[0], int(counts.iloc[0])
        few = len(counts) < min(FEW_DISTINCT_VALUES, len(songs) / 2)
        spike = not spikes(songs[feature]).empty
        warnings = [f"takes only {len(counts)} values in {len(songs):,} songs"] if few else []
        if spike:
            warnings.append(f"is {value:.6g} in {most:,} of {len(songs):,} songs")
        rows.append(
            {
                "feature": feature,
                "distinct_values": len(counts),
                "commonest_value": value,
                "commonest_share": most / len(songs),
                "few_values": int(few),
                "spike": int(spike),
                "warning": f"{feature} {' and '.join(warnings)}" if warnings else "",
            }
        )
    return pd.DataFrame(rows)


def redundancy(values: FloatArray, features: list[str]) -> pd.DataFrame:
    """Return a row per feature: how far the others explain it, and which is nearest to it.

    R² of feature j on the others is c^T R^+ c, with c its correlations with them and R theirs with
    one another. `warning` names both where it is above REDUNDANT, once for a pair; else it is "".

    Parameters
    ----------
    values : features after their transforms, (N, d)
    features : their names
    """
    correlations: FloatArray = np.atleast_2d(np.corrcoef(values, rowvar=False))
    rows: list[dict[str, str | float]] = []
    pairs = set()
    for j, feature in enumerate(features):
        others = np.arange(len(features)) != j
        own = correlations[j, others]
        inverse = np.linalg.pinv(correlations[np.ix_(others, others)], hermitian=True)
        r_squared = float(np.clip(own @ inverse @ own, 0, 1))
        nearest = int(np.abs(np.where(others, correlations[j], 0)).argmax())
        other, r = features[nearest], float(correlations[j, nearest])
        warning = ""
        if r_squared > REDUNDANT and (pair := frozenset((feature, other))) not in pairs:
            pairs.add(pair)
            warning = (
                f"the other features explain {r_squared:.0%} of {feature}, nearest to it is "
                f"{other} (correlation {signed(r)}): the two are nearly one feature that counts "
                "twice"
            )
        rows.append(
            {
                "feature": feature,
                "r_squared": r_squared,
                "nearest_feature": other,
                "nearest_correlation": r,
                "warning": warning,
            }
        )
    return pd.DataFrame(rows)


def condition_number(standardized: FloatArray) -> float:
    """Return the condition number of the features' correlation matrix; 1: uncorrelated."""
    return float(np.linalg.cond(np.corrcoef(standardized, rowvar=False)))
