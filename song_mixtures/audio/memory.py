"""Keeping what is freed after one song for the next."""

import numpy as np


def keep_freed_memory() -> None:
    """Have glibc keep the memory of a song that is done with; elsewhere this does nothing.

    It gives freed memory back to the system beyond twice the largest block freed so far, here
    32 MB. To get it anew, page by page, took as long as the Fourier transform of every clip, and a
    third of the time of every demo song.
    """
    np.empty(2**24, dtype=np.uint8)
