"""The E-step in one pass over the points, compiled: for tables too large for matrix products.

It computes what e_step() in em.py computes, from the same natural parameters: the sufficient
statistics, which are the monomials 1, x_i, x_i x_j summed with responsibilities as weights, and the
log-likelihood. Points go through 256 at a time, so densities and responsibilities live in the
processor's first cache and are read once.

The monomials are written out for five features, the most there are; a table of fewer is padded
with zeros. The loops are plain, so that LLVM makes vector instructions of them: that is why exp is
written out too, since a call of the mathematical library would keep the loop scalar.

One thread, and a fixed order of summation: the bytes depend on no number of threads or processes.
Numba compiles at the first call on a machine, in seconds, and keeps the machine code in
__pycache__ beside this file (or where NUMBA_CACHE_DIR says); git and DVC ignore both.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from song_mixtures.pipeline.arrays import FloatArray

FEATURES = 5
MONOMIALS = 21  # 1, five x_i, fifteen x_i x_j with i <= j
BLOCK = 256  # points at a time
# Sums may be reordered into vectors; infinities and NaN keep their meaning.
COMPILED: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
}


def compiled_e_step(points: FloatArray, parameters: FloatArray) -> tuple[FloatArray, float]:
    """Return the sufficient statistics, (K, M), and ln L of all points, (N, d), d <= 5.

    `parameters`, (K, M), is what natural_parameters() in em.py gives.
    """
    indices = monomial_indices(points.shape[1])
    padded = np.zeros((len(parameters), MONOMIALS))
    padded[:, indices] = parameters
    # Arrays that joblib maps from disk may not be written: with none writable, one code serves all.
    read_only = points.view(np.ndarray)
    read_only.flags.writeable = False
    statistics, log_likelihood = one_pass(read_only, padded)
    return statistics[:, indices], float(log_likelihood)


def monomial_indices(d: int) -> NDArray[np.integer]:
    """Return where the monomials of d features stand among those of five."""
    first, second = np.triu_indices(FEATURES)
    linear = np.arange(1, FEATURES + 1) <= d
    return np.flatnonzero(np.concatenate([[True], linear, (first < d) & (second < d)]))


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def one_pass(points: FloatArray, parameters: FloatArray) -> tuple[FloatArray, float]:
    """Run the E-step block by block; parameters and statistics are (K, 21)."""
    k = len(parameters)
    x = np.zeros((FEATURES, BLOCK))
    joint = np.empty((k, BLOCK))
    maximum, total = np.empty(BLOCK), np.empty(BLOCK)
    statistics = np.zeros((k, MONOMIALS))
    log_likelihood = 0.0
    for start in range(0, len(points), BLOCK):
        size = min(BLOCK, len(points) - start)
        load(points[start : start + size], x)
        log_joint(x, parameters, size, joint, maximum)
        exponentials(joint, maximum, size, total)
        log_likelihood += log_sum(maximum, total, size)
        add_statistics(x, joint, total, size, statistics)
    return statistics, log_likelihood


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def load(block: Any, x: Any) -> None:
    """Put a block of points, (size, d), into x, (5, BLOCK), a feature a row."""
    if block.shape[1] == FEATURES:  # written out, it costs no more than the loads
        for n in range(len(block)):
            x[0, n] = block[n, 0]
            x[1, n] = block[n, 1]
            x[2, n] = block[n, 2]
            x[3, n] = block[n, 3]
            x[4, n] = block[n, 4]
        return
    for n in range(len(block)):
        for i in range(block.shape[1]):
            x[i, n] = block[n, i]


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def log_joint(x: Any, parameters: Any, size: int, joint: Any, maximum: Any) -> None:
    """Put log w_k + log N(x_n | m_k, S_k) into joint, (K, block), and the maxima over k."""
    x0, x1, x2, x3, x4 = x[0], x[1], x[2], x[3], x[4]
    maximum[:size] = -np.inf
    for k in range(len(parameters)):
        r = parameters[k]
        c, l0, l1, l2, l3, l4 = r[0], r[1], r[2], r[3], r[4], r[5]
        q00, q01, q02, q03, q04 = r[6], r[7], r[8], r[9], r[10]
        q11, q12, q13, q14 = r[11], r[12], r[13], r[14]
        q22, q23, q24, q33, q34, q44 = r[15], r[16], r[17], r[18], r[19], r[20]
        out = joint[k]
        for n in range(size):
            a, b, e, f, g = x0[n], x1[n], x2[n], x3[n], x4[n]
            value = c + a * (l0 + q00 * a + q01 * b + q02 * e + q03 * f + q04 * g)
            value += b * (l1 + q11 * b + q12 * e + q13 * f + q14 * g)
            value += e * (l2 + q22 * e + q23 * f + q24 * g)
            value += f * (l3 + q33 * f + q34 * g) + g * (l4 + q44 * g)
            out[n] = value
            maximum[n] = max(maximum[n], value)


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def exponentials(joint: Any, maximum: Any, size: int, total: Any) -> None:
    """Turn joint, (K, block), into exp(joint - maximum), and put its sums over k into total."""
    total[:size] = 0.0
    bits = np.empty(BLOCK, np.int64)
    power = bits.view(np.float64)
    for k in range(len(joint)):
        row = joint[k]
        for n in range(size):
            # exp(v) = 2^p exp(r) with |r| <= log(2) / 2; log(2) in two parts keeps r exact.
            v = max(row[n] - maximum[n], -700.0)
            p = np.rint(v * 1.4426950408889634)
            r = (v - p * 6.93147180369123816490e-01) - p * 1.90821492927058770002e-10
            bits[n] = (np.int64(p) + 1023) << 52  # of the float 2^p
            row[n] = exp_series(r)
        for n in range(size):
            row[n] *= power[n]
            total[n] += row[n]


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def log_sum(maximum: Any, total: Any, size: int) -> float:
    """Return ln L of the block, the sum of maximum + log(total)."""
    log_likelihood = maximum[:size].sum()
    for start in range(0, size, 32):
        product = 1.0  # of up to 32 numbers between 1 and K: one logarithm for all
        for n in range(start, min(start + 32, size)):
            product *= total[n]
        log_likelihood += np.log(product)
    return log_likelihood


@njit(inline="always", **COMPILED)  # type: ignore[untyped-decorator]
def exp_series(r: float) -> float:
    """Return exp(r) for |r| <= log(2) / 2 within 2e-16: its Taylor series to r^12."""
    even = 1 / 39916800 + r * (1 / 479001600)
    s = 1 / 3628800 + r * even
    s = 1 / 40320 + r * (1 / 362880 + r * s)
    s = 1 / 720 + r * (1 / 5040 + r * s)
    s = 1 / 24 + r * (1 / 120 + r * s)
    return 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * s)))


@njit(**COMPILED)  # type: ignore[untyped-decorator]
def add_statistics(x: Any, joint: Any, total: Any, size: int, statistics: Any) -> None:
    """Add the sums of r, r x_i and r x_i x_j to statistics, (K, 21), with r = joint / total."""
    total[:size] = 1.0 / total[:size]
    x0, x1, x2, x3, x4 = x[0], x[1], x[2], x[3], x[4]
    for k in range(len(joint)):
        row = joint[k]
        s = s0 = s1 = s2 = s3 = s4 = 0.0
        s00 = s01 = s02 = s03 = s04 = s11 = s12 = s13 = s14 = 0.0
        s22 = s23 = s24 = s33 = s34 = s44 = 0.0
        for n in range(size):
            a, b, e, f, g, r = x0[n], x1[n], x2[n], x3[n], x4[n], row[n] * total[n]
            ra, rb, re, rf, rg = r * a, r * b, r * e, r * f, r * g
            s += r
            s0 += ra
            s1 += rb
            s2 += re
            s3 += rf
            s4 += rg
            s00 += ra * a
            s01 += ra * b
            s02 += ra * e
            s03 += ra * f
            s04 += ra * g
            s11 += rb * b
            s12 += rb * e
            s13 += rb * f
            s14 += rb * g
            s22 += re * e
            s23 += re * f
            s24 += re * g
            s33 += rf * f
            s34 += rf * g
            s44 += rg * g
        out = statistics[k]
        new = (s, s0, s1, s2, s3, s4, s00, s01, s02, s03, s04, s11, s12, s13, s14)
        for m in range(15):
            out[m] += new[m]
        rest = (s22, s23, s24, s33, s34, s44)
        for m in range(6):
            out[15 + m] += rest[m]
