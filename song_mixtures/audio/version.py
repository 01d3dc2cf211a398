"""Which making of the features this is: features of two makings do not mean the same.

Stage extract writes it into every row, so that it goes wherever the table goes, and a song is only
ever placed among songs whose features were made as its own. No import here is heavy.
"""

import re

# To be counted up with every change of extraction.py or decoding.py that moves a feature by more
# than rounding; tests/audio/test_version.py holds it to the features of a few made clips.
FEATURES_VERSION = 1
MADE_BY = "features_made_by"  # column of every table that stage extract makes
# Significant digits that are written of a feature: the transform is computed in single precision,
# so further digits are rounding.
DIGITS = 6


def made_by(seconds: float) -> str:
    """Return what stage extract writes of clips of so many seconds: `extract 1, 30 s`."""
    return f"extract {FEATURES_VERSION}, {seconds:g} s"


def seconds_of(making: str) -> float | None:
    """Return the seconds of a clip of which features were made, None where extract made none."""
    found = re.fullmatch(r"extract [0-9]+, ([0-9.e+-]+) s", making)
    return float(found[1]) if found else None
