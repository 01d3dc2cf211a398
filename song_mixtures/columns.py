"""What the user's table calls our features: section `input.columns` of params.yaml."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """The table's name for each feature."""

    tempo: str  # BPM
    energy: str  # 0 to 1
    loudness: str  # dB
    valence: str  # 0 to 1
    danceability: str  # 0 to 1
