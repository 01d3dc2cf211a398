"""EM, K-Means and k-means++, compiled: every loop over songs that a fit consists of.

The log-density of a Gaussian is linear in the monomials 1, x_i, x_i x_j of a point, so an E-step
evaluates a row of natural parameters a component, and the M-step needs only its sufficient
statistics: the same monomials summed with responsibilities as weights. Points go through 256 at a
time, so densities and responsibilities live in the processor's first cache and no N x K array
ever exists. The loops are plain, so that LLVM makes vector instructions of them: that is why exp is
written out, since a call of the mathematical library would keep its loop scalar. Five features,
the usual number, have the monomials written out; any other number takes them from a block.

A covariance comes out as E[x x^T] - m m^T. That loses digits where a component is much narrower
than it is far from the origin, so points must be standardized; then the loss stays orders of
magnitude below any reg_covar in use.

Between iterations a mixture is an array of parameters, (K, M) with M = (d + 1)(d + 2) / 2: per
component log w_k, m_k and the Cholesky factor of S_k, row by row of its lower triangle.

Points are (d, N), a feature a row. Everything runs on the thread of its caller, without Python's
lock, and sums have a fixed order, so the bytes depend on no number of threads or processes. Numba
compiles at the first call on a machine, in seconds, and keeps the machine code in __pycache__
beside this file, or where NUMBA_CACHE_DIR says; git and DVC ignore both. Where neither can be
written, every process compiles for itself.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

BLOCK = 256  # points at a time
FULL, TIED, DIAG, SPHERICAL = range(4)  # covariance types
NOT_POSITIVE_DEFINITE = -1  # instead of a number of iterations
FORGOTTEN = 0.8  # what is left of the longest step after another one
# scikit-learn adds this to every component's total, so that an empty one is no division by zero.
TINY = 10 * np.finfo(np.float64).eps
LOG_2_PI = float(np.log(2 * np.pi))
# Sums may be reordered into vectors; infinities and NaN keep their meaning.
SETTINGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
}


def compiled(function: Callable[..., Any]) -> Any:
    """Return the function compiled at its first call, from the cache where there is one."""
    try:
        return njit(cache=True, **SETTINGS)(function)
    except RuntimeError:  # numba found no folder that can be written
        return njit(**SETTINGS)(function)


@compiled
def copy(values: Any, into: Any) -> None:
    """Copy numbers; `into[:] = values` would compile a sentence on shapes, too, in seconds."""
    for n in range(len(values)):
        into[n] = values[n]


@compiled
def copy_rows(values: Any, into: Any) -> None:
    """Copy numbers row by row."""
    for c in range(len(values)):
        copy(values[c], into[c])


# --- The E-step --------------------------------------------------------------------------------


@compiled
def e_step(x: Any, natural: Any, statistics: Any) -> float:
    """Put the sufficient statistics, (K, M), into `statistics` and return ln L of all points.

    `natural`, (K, M): log w_k + log N(x | m_k, S_k) as coefficients of 1, x_i, x_i x_j (i <= j).
    """
    d, songs = x.shape
    k = len(natural)
    joint = np.empty((k, BLOCK))
    maximum, total = np.empty(BLOCK), np.empty(BLOCK)
    monomials = np.ones((1 if d == 5 else natural.shape[1], BLOCK))
    statistics[:] = 0.0
    log_likelihood = 0.0
    for start in range(0, songs, BLOCK):
        size = min(BLOCK, songs - start)
        maximum[:size] = -np.inf
        if d == 5:
            log_joint_of_five(x, start, size, natural, joint, maximum)
        else:
            fill_monomials(x, start, size, monomials)
            log_joint(monomials, natural, size, joint, maximum)
        exponentials(joint, maximum, size, total)
        log_likelihood += log_sum(maximum, total, size)
        for n in range(size):
            total[n] = 1.0 / total[n]
        if d == 5:
            add_statistics_of_five(x, start, size, joint, total, statistics)
        else:
            add_statistics(monomials, joint, total, size, statistics)
    return log_likelihood


@compiled
def log_joint_of_five(
    x: Any, start: int, size: int, natural: Any, joint: Any, maximum: Any
) -> None:
    """Put log w_k + log N(x_n | m_k, S_k) into joint, (K, block), and the maxima over k."""
    stop = start + size
    x0, x1, x2 = x[0][start:stop], x[1][start:stop], x[2][start:stop]
    x3, x4 = x[3][start:stop], x[4][start:stop]
    for k in range(len(natural)):
        r = natural[k]
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


@compiled
def add_statistics_of_five(
    x: Any, start: int, size: int, joint: Any, scale: Any, statistics: Any
) -> None:
    """Add the sums of r, r x_i and r x_i x_j to statistics, (K, 21), with r = joint * scale."""
    stop = start + size
    x0, x1, x2 = x[0][start:stop], x[1][start:stop], x[2][start:stop]
    x3, x4 = x[3][start:stop], x[4][start:stop]
    for k in range(len(joint)):
        row = joint[k]
        s = s0 = s1 = s2 = s3 = s4 = 0.0
        s00 = s01 = s02 = s03 = s04 = s11 = s12 = s13 = s14 = 0.0
        s22 = s23 = s24 = s33 = s34 = s44 = 0.0
        for n in range(size):
            a, b, e, f, g, r = x0[n], x1[n], x2[n], x3[n], x4[n], row[n] * scale[n]
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


@compiled
def fill_monomials(x: Any, start: int, size: int, monomials: Any) -> None:
    """Put x_i and x_i x_j of a block into the rows of monomials, (M, block), below that of 1."""
    d = len(x)
    m = 1 + d
    for i in range(d):
        copy(x[i, start : start + size], monomials[1 + i])
    for i in range(d):
        for j in range(i, d):
            row, a, b = monomials[m], monomials[1 + i], monomials[1 + j]
            for n in range(size):
                row[n] = a[n] * b[n]
            m += 1


@compiled
def log_joint(z: Any, natural: Any, size: int, joint: Any, maximum: Any) -> None:
    """Do as log_joint_of_five() from monomials z, (M, block), four at a time."""
    for k in range(len(natural)):
        r, out = natural[k], joint[k]
        m = len(r) % 4
        out[:size] = 0.0
        for left in range(m):
            for n in range(size):
                out[n] += r[left] * z[left, n]
        while m < len(r):
            a, b, e, f = r[m], r[m + 1], r[m + 2], r[m + 3]
            z0, z1, z2, z3 = z[m], z[m + 1], z[m + 2], z[m + 3]
            for n in range(size):
                out[n] += a * z0[n] + b * z1[n] + e * z2[n] + f * z3[n]
            m += 4
        for n in range(size):
            maximum[n] = max(maximum[n], out[n])


@compiled
def add_statistics(z: Any, joint: Any, scale: Any, size: int, statistics: Any) -> None:
    """Do as add_statistics_of_five() from monomials z, (M, block), four at a time."""
    for k in range(len(joint)):
        row, out = joint[k], statistics[k]
        for n in range(size):
            row[n] *= scale[n]
        m = len(out) % 4
        for left in range(m):
            total = 0.0
            for n in range(size):
                total += row[n] * z[left, n]
            out[left] += total
        while m < len(out):
            z0, z1, z2, z3 = z[m], z[m + 1], z[m + 2], z[m + 3]
            s0 = s1 = s2 = s3 = 0.0
            for n in range(size):
                s0 += row[n] * z0[n]
                s1 += row[n] * z1[n]
                s2 += row[n] * z2[n]
                s3 += row[n] * z3[n]
            out[m] += s0
            out[m + 1] += s1
            out[m + 2] += s2
            out[m + 3] += s3
            m += 4


@compiled
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
            # The Taylor series to r^12: within 2e-16.
            s = 1 / 3628800 + r * (1 / 39916800 + r * (1 / 479001600))
            s = 1 / 40320 + r * (1 / 362880 + r * s)
            s = 1 / 720 + r * (1 / 5040 + r * s)
            s = 1 / 24 + r * (1 / 120 + r * s)
            row[n] = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * s)))
        for n in range(size):
            row[n] *= power[n]
            total[n] += row[n]


@compiled
def log_sum(maximum: Any, total: Any, size: int) -> float:
    """Return ln L of the block, the sum of maximum + log(total)."""
    log_likelihood = maximum[:size].sum()
    for start in range(0, size, 32):
        product = 1.0  # of up to 32 numbers between 1 and K: one logarithm for all
        for n in range(start, min(start + 32, size)):
            product *= total[n]
        log_likelihood += np.log(product)
    return log_likelihood


# --- The M-step --------------------------------------------------------------------------------


@compiled
def m_step(statistics: Any, kind: int, reg_covar: float, parameters: Any) -> bool:
    """Put what sufficient statistics, (K, M), amount to into parameters, (K, M).

    Return False where a covariance is not positive definite.
    """
    k, monomials = statistics.shape
    d = int((np.sqrt(8 * monomials + 1) - 3) / 2)
    weights = statistics[:, 0] + TINY
    songs = weights.sum()
    covariances = np.empty((k, d, d))
    for c in range(k):
        mean = parameters[c, 1 : d + 1]
        parameters[c, 0] = np.log(weights[c] / songs)
        m = 1 + d
        for i in range(d):
            mean[i] = statistics[c, 1 + i] / weights[c]
        for i in range(d):
            for j in range(i, d):
                second = statistics[c, m] / weights[c]
                covariances[c, j, i] = second - mean[i] * mean[j]
                m += 1
    constrain(covariances, weights / songs, kind)
    positive_definite = True
    for c in range(k):
        positive_definite &= cholesky(covariances[c], reg_covar, parameters[c, 1 + d :])
    return positive_definite


@compiled
def constrain(covariances: Any, weights: Any, kind: int) -> None:
    """Constrain covariances, (K, d, d), as their type demands; the lower triangle counts."""
    k, d, _ = covariances.shape
    if kind == TIED:
        for i in range(d):
            for j in range(i + 1):
                shared = 0.0
                for c in range(k):
                    shared += weights[c] * covariances[c, i, j]
                covariances[:, i, j] = shared
    elif kind in (DIAG, SPHERICAL):
        for c in range(k):
            mean = 0.0
            for i in range(d):
                covariances[c, i, :i] = 0.0
                mean += covariances[c, i, i] / d
            if kind == SPHERICAL:
                for i in range(d):
                    covariances[c, i, i] = mean


@compiled
def cholesky(covariance: Any, reg_covar: float, factor: Any) -> bool:
    """Put the Cholesky factor of S + reg_covar I into factor; False where there is none."""
    d = len(covariance)
    for i in range(d):
        row = i * (i + 1) // 2
        for j in range(i + 1):
            other = j * (j + 1) // 2
            value = covariance[i, j] + (reg_covar if i == j else 0.0)
            for m in range(j):
                value -= factor[row + m] * factor[other + m]
            if i > j:
                factor[row + j] = value / factor[other + j]
            elif value > 0.0:
                factor[row + i] = np.sqrt(value)
            else:
                return False
    return True


@compiled
def natural_parameters(parameters: Any, natural: Any) -> None:
    """Put log w_k + log N(x | m_k, S_k) as coefficients of 1, x_i, x_i x_j into natural, (K, M)."""
    k, monomials = parameters.shape
    d = int((np.sqrt(8 * monomials + 1) - 3) / 2)
    inverse = np.zeros((d, d))  # of the Cholesky factor; its columns' products are S^-1
    for c in range(k):
        mean, factor, out = parameters[c, 1 : d + 1], parameters[c, 1 + d :], natural[c]
        constant = parameters[c, 0] - 0.5 * d * LOG_2_PI
        for i in range(d):
            row = i * (i + 1) // 2
            constant -= np.log(abs(factor[row + i]))
            inverse[i, i] = 1.0 / factor[row + i]
            for j in range(i):
                value = 0.0
                for m in range(j, i):
                    value -= factor[row + m] * inverse[m, j]
                inverse[i, j] = value / factor[row + i]
        out[1 : d + 1] = 0.0
        m = 1 + d
        for i in range(d):
            for j in range(i, d):
                precision = 0.0
                for row in range(j, d):
                    precision += inverse[row, i] * inverse[row, j]
                out[1 + i] += precision * mean[j]
                if i == j:
                    out[m] = -0.5 * precision
                else:
                    out[1 + j] += precision * mean[i]
                    out[m] = -precision
                m += 1
        for i in range(d):
            constant -= 0.5 * mean[i] * out[1 + i]
        out[0] = constant


# --- EM ----------------------------------------------------------------------------------------


@compiled
def em(x: Any, parameters: Any, kind: int, reg_covar: float, least_gain: float, bounds: Any) -> int:
    """Run EM on parameters, (K, M), in place; return the iterations, or NOT_POSITIVE_DEFINITE.

    It stops when an iteration gains less than least_gain, in nats, or after as many as `bounds` has
    room for, which takes ln L before each M-step.
    """
    natural, statistics = np.empty_like(parameters), np.empty_like(parameters)
    for iteration in range(len(bounds)):
        natural_parameters(parameters, natural)
        bounds[iteration] = e_step(x, natural, statistics)
        if not m_step(statistics, kind, reg_covar, parameters):
            return NOT_POSITIVE_DEFINITE
        if iteration and abs(bounds[iteration] - bounds[iteration - 1]) < least_gain:
            return iteration + 1
    return len(bounds)


@compiled
def accelerated_em(
    x: Any, parameters: Any, kind: int, reg_covar: float, least_gain: float, bounds: Any
) -> tuple[int, float]:
    """Run accelerated EM on parameters, (K, M), in place; return iterations and remaining gain.

    SQUAREM, scheme S3 (Varadhan & Roland 2008): of two iterations, p -> p + r -> p + 2 r + v, the
    next begins at p + 2 a r + a^2 v with a = |r| / |v|.                             (4a)
    There weights are positive, since their logarithms are extrapolated, and covariances positive
    definite, since their Cholesky factors are. Where ln L would fall, the next begins at
    p + 2 r + v, so ln L never falls (but by what reg_covar, which EM knows nothing of, takes).

    It stops when ln L can gain less than least_gain, in nats: the last gain times the longest a of
    late, (4b) in docs/method.md; or when `bounds` is full, which needs room for two at least and
    takes ln L before each M-step. The iterations are NOT_POSITIVE_DEFINITE where a covariance is
    not.
    """
    natural, statistics = np.empty_like(parameters), np.empty_like(parameters)
    once, twice = np.empty_like(parameters), np.empty_like(parameters)
    longest = 1.0
    used = 0
    while True:
        natural_parameters(parameters, natural)
        bounds[used] = e_step(x, natural, statistics)
        if not m_step(statistics, kind, reg_covar, once):
            return NOT_POSITIVE_DEFINITE, np.inf
        natural_parameters(once, natural)
        bounds[used + 1] = e_step(x, natural, statistics)
        if not m_step(statistics, kind, reg_covar, twice):
            return NOT_POSITIVE_DEFINITE, np.inf
        length = step_length(parameters, once, twice)
        longest = max(length, FORGOTTEN * longest)
        remaining = abs(bounds[used + 1] - bounds[used]) * longest
        used += 2
        if remaining < least_gain or used + 3 > len(bounds):
            copy_rows(twice, parameters)
            return used, remaining
        extrapolate(parameters, once, twice, length)
        natural_parameters(once, natural)
        bounds[used] = e_step(x, natural, statistics)
        rises = np.isfinite(bounds[used]) and bounds[used] >= bounds[used - 1]
        if not (rises and m_step(statistics, kind, reg_covar, parameters)):
            bounds[used] = bounds[used - 1]
            copy_rows(twice, parameters)
        used += 1


@compiled
def step_length(parameters: Any, once: Any, twice: Any) -> float:
    """Return a = |r| / |v|, at least 1, of two iterations of EM."""
    first = second = 0.0
    for c in range(parameters.shape[0]):
        for m in range(parameters.shape[1]):
            r = once[c, m] - parameters[c, m]
            first += r * r
            second += (twice[c, m] - once[c, m] - r) ** 2
    return max(np.sqrt(first / second), 1.0) if second > 0.0 else 1.0


@compiled
def extrapolate(parameters: Any, once: Any, twice: Any, length: float) -> None:
    """Put p + 2 a r + a^2 v, its weights summing to one, into `once`."""
    for c in range(parameters.shape[0]):
        for m in range(parameters.shape[1]):
            r = once[c, m] - parameters[c, m]
            v = twice[c, m] - once[c, m] - r
            once[c, m] = parameters[c, m] + length * (2.0 * r + length * v)
    greatest, total = -np.inf, 0.0
    for c in range(len(once)):
        greatest = max(greatest, once[c, 0])
    for c in range(len(once)):
        total += np.exp(once[c, 0] - greatest)
    for c in range(len(once)):
        once[c, 0] -= greatest + np.log(total)


# --- Initializations ---------------------------------------------------------------------------


@compiled
def cluster(
    x: Any, draws: Any, lloyd_iterations: int, kind: int, reg_covar: float, parameters: Any
) -> bool:
    """Put the mixture of the clusters around songs that k-means++ draws into parameters, (K, M).

    With lloyd_iterations above 0, K-Means moves the clusters first, for as many iterations at most.
    Return False where a covariance is not positive definite.
    """
    k, d = len(draws), len(x)
    centers, labels = np.empty((k, d)), np.full(x.shape[1], -1)
    k_means_plus_plus(x, draws, centers)
    assign(x, centers, labels)
    k_means(x, centers, labels, lloyd_iterations)
    statistics = np.empty_like(parameters)
    label_statistics(x, labels, statistics)
    return m_step(statistics, kind, reg_covar, parameters)


@compiled
def k_means_plus_plus(x: Any, draws: Any, centers: Any) -> None:
    """Put K songs into centers, (K, d), each drawn with its squared distance to those before.

    Of every center but the first several candidates are drawn, and the one that leaves the songs
    closest is kept (Arthur & Vassilvitskii 2007, section 5). `draws`, (K, candidates), are uniform
    numbers between 0 and 1.
    """
    d, songs = x.shape
    closest, distance = np.full(songs, np.inf), np.empty(songs)
    closer = np.empty(songs)
    for c in range(len(draws)):
        least = np.inf
        for draw in draws[c] if c else draws[c, :1]:
            chosen = min(int(draw * songs), songs - 1)
            if c:
                left = draw * closest.sum()
                chosen = 0
                while chosen < songs - 1 and left >= closest[chosen]:
                    left -= closest[chosen]
                    chosen += 1
            distance[:] = 0.0
            for i in range(d):
                row, at = x[i], x[i, chosen]
                for n in range(songs):
                    distance[n] += (row[n] - at) ** 2
            total = 0.0
            for n in range(songs):
                distance[n] = min(distance[n], closest[n])
                total += distance[n]
            if total < least:
                least = total
                copy(distance, closer)
                copy(x[:, chosen], centers[c])
        copy(closer, closest)


@compiled
def k_means(x: Any, centers: Any, labels: Any, most: int) -> None:
    """Run Lloyd's iterations on centers, (K, d), and labels, (N,), until no label changes."""
    d, songs = x.shape
    for _ in range(most):
        counts, sums = np.zeros(len(centers)), np.zeros(centers.shape)
        for n in range(songs):
            counts[labels[n]] += 1.0
            for i in range(d):
                sums[labels[n], i] += x[i, n]
        for c in range(len(centers)):
            if counts[c] > 0.0:
                for i in range(d):
                    centers[c, i] = sums[c, i] / counts[c]
        if assign(x, centers, labels) == 0:
            return


@compiled
def assign(x: Any, centers: Any, labels: Any) -> int:
    """Put the nearest center of each song into labels, (N,); return how many labels changed."""
    d, songs = x.shape
    least, distance = np.empty(BLOCK), np.empty(BLOCK)
    nearest = np.empty(BLOCK, np.int64)
    changed = 0
    for start in range(0, songs, BLOCK):
        size = min(BLOCK, songs - start)
        least[:size] = np.inf
        nearest[:size] = 0
        for c in range(len(centers)):
            distance[:size] = 0.0
            for i in range(d):
                row, at = x[i][start : start + size], centers[c, i]
                for n in range(size):
                    distance[n] += (row[n] - at) ** 2
            for n in range(size):
                nearest[n] = c if distance[n] < least[n] else nearest[n]
                least[n] = min(least[n], distance[n])
        for n in range(size):
            changed += labels[start + n] != nearest[n]
            labels[start + n] = nearest[n]
    return changed


@compiled
def label_statistics(x: Any, labels: Any, statistics: Any) -> None:
    """Put the sufficient statistics, (K, M), of hard labels, (N,), into `statistics`."""
    d, songs = x.shape
    statistics[:] = 0.0
    for n in range(songs):
        row = statistics[labels[n]]
        row[0] += 1.0
        m = 1 + d
        for i in range(d):
            row[1 + i] += x[i, n]
            for j in range(i, d):
                row[m] += x[i, n] * x[j, n]
                m += 1
