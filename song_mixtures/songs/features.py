"""What a feature is to a reader: its unit, how it is written, its words for low and high.

The one home of all that is said of a feature, in the order of tables, charts and report. How it is
measured stands in audio/extraction.py.
"""

from dataclasses import dataclass

from song_mixtures.pipeline.params import PARAMS
from song_mixtures.pipeline.stage import StageError


@dataclass(frozen=True)
class Feature:
    """How people read a feature."""

    unit: str  # "" for a number from 0 to 1
    decimals: int  # that a mean is written with
    low: str  # a component whose mean is below that of all songs
    high: str  # one whose mean is above it


# Valence gets no feeling's name: from audio it is majorness, in other tables something else.
FEATURES = {
    "tempo": Feature("BPM", 0, "slow", "fast"),
    "energy": Feature("", 2, "calm", "energetic"),
    "loudness": Feature("dB", 1, "quiet", "loud"),
    "valence": Feature("", 2, "low valence", "high valence"),
    "danceability": Feature("", 2, "hard to dance to", "danceable"),
}
UNKNOWN = Feature("", 2, "low", "high")


@dataclass(frozen=True)
class Columns:
    """Section `input.columns` of params.yaml: the table's name for each feature."""

    tempo: str  # BPM, above 0
    energy: str  # 0 to 1, as the other two
    loudness: str  # dB
    valence: str
    danceability: str


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


def feature(name: str) -> Feature:
    """Return what is known of a feature."""
    return FEATURES.get(name, UNKNOWN)


def heading(name: str) -> str:
    """Return a feature's name with its unit, where it has one: `tempo (BPM)`."""
    unit = feature(name).unit
    return f"{name} ({unit})" if unit else name


def written(name: str, value: float) -> str:
    """Return a value of a feature to its decimals, with a true minus sign and no `−0`."""
    return signed(value, feature(name).decimals)


def signed(value: float, decimals: int = 2) -> str:
    """Return a number as axes have it: with a true minus sign, and none before a zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}".replace("-", "−")
