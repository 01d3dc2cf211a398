"""How often a tempo is right: Accuracy 1 and Accuracy 2 of Gouyon et al. (2006).

Gouyon, Klapuri, Dixon, Alonso, Tzanetakis, Uhle & Cano 2006, An Experimental Comparison of Audio
Tempo Induction Algorithms, IEEE Transactions on Audio, Speech, and Language Processing 14(5).
"""

import numpy as np
import pandas as pd

TOLERANCE = 0.04  # of the true tempo
METRICAL_LEVELS = (1, 2, 3, 1 / 2, 1 / 3)  # times the true tempo


def accuracy_1(found: pd.Series, true: pd.Series) -> float:
    """Return the share of tempos within 4 % of the true one, 0 to 1; both in BPM."""
    return float((np.abs(found / true - 1) <= TOLERANCE).mean())


def accuracy_2(found: pd.Series, true: pd.Series) -> float:
    """Return the share of tempos within 4 % of the true one, twice, three times, half or a third.

    From 0 to 1, both in BPM: the octave errors of tempo count as right.
    """
    errors = [np.abs(found / (level * true) - 1) for level in METRICAL_LEVELS]
    return float((np.min(errors, axis=0) <= TOLERANCE).mean())
