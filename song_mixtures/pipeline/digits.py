"""Numbers as tables have them: to so many significant digits."""

import numpy as np

from song_mixtures.pipeline.arrays import FloatArray


def significant(values: FloatArray, digits: int) -> FloatArray:
    """Return the floats nearest to the values at so many significant digits, 22 decimals at most.

    A power of ten up to 22 is a float without error, so the quotient is the float that the
    decimal number reads back as, and prints as that number.
    """
    with np.errstate(divide="ignore"):
        decimals = digits - 1 - np.floor(np.log10(np.abs(values)))
    decimals = np.clip(np.where(np.isfinite(decimals), decimals, 0), -22, 22)
    up, down = 10.0 ** np.maximum(decimals, 0), 10.0 ** np.maximum(-decimals, 0)
    rounded: FloatArray = np.rint(values * up / down) / up * down
    return rounded
