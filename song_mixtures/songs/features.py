"""What a feature is: its unit, range and transform, how it is written, its words for low and high.

The one home of all that is said of a feature. Of ours and of those that Spotify gives it stands
here, of others in section `input.features` of params.yaml, with defaults that work. Stage
preprocess writes what people read of the features of a run into a file of its own, so that no word
is part of what mixtures are fitted to. How ours are measured stands in audio/extraction.py.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np

from song_mixtures.pipeline.arrays import BoolArray, FloatArray
from song_mixtures.pipeline.params import PARAMS, Range
from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.scaling import Transform

MOST_DECIMALS = 8
FEWEST, MOST = 2, 15  # features: one has no groups to tell apart, more no picture holds
LONGEST_NAME = 30  # letters: what fits beside a picture
FIRST_BEYOND = 0x590  # the fonts of the pictures have Latin, Greek and Cyrillic letters
# Columns that stand beside the features in our own tables, and arguments of scikit-learn's
# ColumnTransformer, which has a step of each feature's name.
TAKEN = {
    "song", "name", "genre", "end", "component", "profile", "weight", "weight_percent",
    "effective_songs", "hard_songs", "jaccard", "songs", "comes_back", "mean_entropy",
    "mean_margin", "ambiguous_share", "mutual_information", "kept_share", "log_density",
    "typicality", "missing", "profile_shares", "weight_low", "weight_high", "tempo_other",
    "tempo_other_share", "tempo_other_cluster", "deciding_feature", "density_p_value",
    "transformers", "remainder", "sparse_threshold", "n_jobs", "transformer_weights", "verbose",
    "verbose_feature_names_out", "force_int_remainder_cols",
}  # fmt: skip
TAKEN_BEGINNINGS = ("gmm_", "kmeans_", "averaged_", "readings_")


@dataclass(frozen=True)
class Feature:
    """How people read a feature, what its values can be, and what is done to them for a fit."""

    name: str
    unit: str  # "" for a number without one
    decimals: int | None  # that a mean is written with; None: as many as its values need
    low: str  # a component whose mean is below that of all songs
    high: str  # one whose mean is above it
    range: Range = field(default_factory=Range)  # a song beyond it has no such value
    transform: Transform = "identity"  # where preprocess.transform does not name it

    @property
    def heading(self) -> str:
        """Return its name with its unit, where it has one: `tempo (BPM)`."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def written(self, value: float) -> str:
        """Return one of its values to its decimals, with a true minus sign and no `−0`.

        Large ones in thousands or millions, 130k, so that fifteen columns have room for them.
        """
        for least, size, unit in ((1e8, 1e6, "M"), (1e5, 1e3, "k")):
            if abs(value) >= least:
                return f"{signed(value / size, 0)}{unit}"
        return signed(value, 2 if self.decimals is None else self.decimals)


# No feature is measured in such units; squares of larger numbers overflow.
LARGEST_VALUE = 1e100


def possible(values: FloatArray, within: Range) -> BoolArray:
    """Tell which values, of any shape, a feature of that range can have; NaN and larger ones not.

    As Range.holds() has it, of all songs at once.
    """
    inside = (values >= within.low) & (values <= within.high) & (values > within.above)
    found: BoolArray = inside & (np.abs(values) <= LARGEST_VALUE)
    return found


Features = Mapping[str, Feature]  # by name, in the order of tables, charts and report

# Valence gets no feeling's name: from audio it is majorness, in other tables something else.
# Spotify's other four, which come next, crowd at one end, instrumentalness within millionths of 0.
FEATURES = {
    known.name: known
    for known in (
        Feature("tempo", "BPM", 0, "slow", "fast", Range(above=0)),
        Feature("energy", "", 2, "calm", "energetic"),
        Feature("loudness", "dB", 1, "quiet", "loud"),
        Feature("valence", "", 2, "low valence", "high valence"),
        Feature("danceability", "", 2, "hard to dance to", "danceable"),
        Feature("speechiness", "", 2, "few words", "wordy", transform="logit"),
        Feature("acousticness", "", 2, "electric", "acoustic", transform="logit"),
        Feature("instrumentalness", "", 2, "sung", "instrumental", transform="logit"),
        Feature("liveness", "", 2, "studio", "live", transform="logit"),
        Feature("beat_strength", "dB per frame", 2, "weak beat", "strong beat"),
        Feature("chroma_entropy", "", 2, "few notes", "many notes"),
        Feature("bass_share", "dB", 1, "little bass", "much bass"),
    )
}


@dataclass(frozen=True)
class Description:
    """An entry of `input.features` in params.yaml; what is left out is as known, or a default."""

    unit: str | None = None
    decimals: Annotated[int, Range(0, MOST_DECIMALS)] | None = None
    low: str | None = None
    high: str | None = None
    least: float | None = None  # a song with a lower value is dropped
    greatest: float | None = None  # and one with a higher one

    def __post_init__(self) -> None:
        if self.least is not None and self.greatest is not None and self.greatest <= self.least:
            raise ValueError(f"greatest is {self.greatest:g}, expected above least, {self.least:g}")


@dataclass(frozen=True)
class SecondReading:
    """`input.tempo_other` and `input.tempo_other_share`: the table's columns, or none.

    Raises StageError where one of the two is named without the other.
    """

    tempo_other: str | None  # BPM, the tempo in another octave
    tempo_other_share: str | None  # probability that this is the right one, 0 to 1

    def __post_init__(self) -> None:
        if (self.tempo_other is None) != (self.tempo_other_share is None):
            given, lacking = "tempo_other", "tempo_other_share"
            if self.tempo_other is None:
                given, lacking = lacking, given
            raise StageError(
                f"{PARAMS}: input.{given} is {getattr(self, given)} and input.{lacking} is null; "
                "a second reading of the tempo needs both: name its column, or set both to null"
            )


Columns = dict[str, str | None]  # `input.columns`: the table's name for each feature, or none
Descriptions = dict[str, Description]  # `input.features`


def features_of(columns: Columns, descriptions: Descriptions) -> dict[str, Feature]:
    """Return the features that have a column: the known ones first, then the others by name.

    The order of `columns` decides nothing, for DVC does not see where it changes.
    Raises StageError where there are too few or too many, or a name cannot be one.
    """
    given = sorted(name for name, column in columns.items() if column is not None)
    names = [name for name in FEATURES if name in given]
    names += [name for name in given if name not in FEATURES]
    for name in names:
        if fault := fault_of_name(name):
            raise StageError(f"{PARAMS}: input.columns: {name!r} cannot name a feature: {fault}")
    if not FEWEST <= len(names) <= MOST:
        raise StageError(
            f"{PARAMS}: input.columns has a column for {len(names)} features "
            f"({', '.join(names) or 'none'}), expected {FEWEST} to {MOST}"
        )
    check_known(descriptions, columns, "input.features")
    return {name: described(name, descriptions.get(name, Description())) for name in names}


def fault_of_name(name: str) -> str:
    """Return why a text cannot be a feature's name, "" where it can: names are columns, too."""
    known = all(ord(letter) < FIRST_BEYOND for letter in name)
    if not (known and name.isidentifier()) or name.startswith("_") or "__" in name:
        return (
            "Latin, Greek or Cyrillic letters, digits and single _ between them are allowed, a "
            "letter first"
        )
    if len(name) > LONGEST_NAME:
        return f"it has {len(name)} letters, and more than {LONGEST_NAME} fit into no picture"
    if name in TAKEN or name.startswith(TAKEN_BEGINNINGS):
        return "a column of our own tables has that name; add a word to it"
    return ""


def check_known(named: Mapping[str, Any], columns: Columns, key: str) -> None:
    """Raise StageError where a key of params.yaml names a feature that nobody knows."""
    for name in named:
        if name not in columns and name not in FEATURES:
            raise StageError(
                f"{PARAMS}: {key}.{name} is of no feature; input.columns has {', '.join(columns)}"
            )


def described(name: str, description: Description) -> Feature:
    """Return what is known of a feature, with what params.yaml says of it in its place."""
    found = FEATURES.get(name, Feature(name, "", None, f"low {name}", f"high {name}"))
    given = {
        key: value
        for key in ("unit", "decimals", "low", "high")
        if (value := getattr(description, key)) is not None
    }
    least, greatest = description.least, description.greatest
    if least is not None or greatest is not None:
        given["range"] = Range(
            -math.inf if least is None else least, math.inf if greatest is None else greatest
        )
    return replace(found, **given)


def with_decimals(features: Features, deviations: Mapping[str, float]) -> dict[str, Feature]:
    """Return the features, each with decimals, where it has none two digits of its deviation.

    `deviations` are standard deviations, above 0: 0.13 gives 2 decimals, 13 none.
    """
    needed = {
        name: int(np.clip(1 - np.floor(np.log10(deviations[name])), 0, MOST_DECIMALS))
        for name, one in features.items()
        if one.decimals is None
    }
    return {
        name: replace(one, decimals=needed.get(name, one.decimals))
        for name, one in features.items()
    }


def spread_line(features: Sequence[str]) -> str:
    """Return the command that spreads the spikes of these features."""
    return f"dvc exp run -S 'preprocess.spread=[{','.join(features)}]'"


def leave_out_line(feature: str) -> str:
    """Return the command that leaves a feature out."""
    return f"dvc exp run -S input.columns.{feature}=null"


def cure(feature: str, spike: int, spread: Sequence[str]) -> str:
    """Return the command that helps a feature with a spike, or with few values.

    `spread` are the features that are spread already.
    """
    return spread_line([*spread, feature]) if spike else leave_out_line(feature)


def to_json(features: Features) -> dict[str, Any]:
    """Return what people read of the features, which from_json() reads."""
    shown = ("unit", "decimals", "low", "high")
    return {name: {key: getattr(one, key) for key in shown} for name, one in features.items()}


def from_json(content: Mapping[str, Any]) -> dict[str, Feature]:
    """Return the features of which to_json() wrote how people read them."""
    return {name: Feature(name, **words) for name, words in content.items()}


def signed(value: float, decimals: int = 2) -> str:
    """Return a number as axes have it: with a true minus sign, and none before a zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")
