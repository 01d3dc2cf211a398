"""The five features of a song, from its samples: tempo, energy, loudness, valence, danceability.

Samples are mono, float, at RATE. One short-time Fourier transform serves all features but
loudness, which is measured on the samples themselves. The transform is taken of samples divided
by their own RMS, so a song's level changes its loudness and nothing else.

Shapes: samples (n,), power (T, 1025), bands (T, 40), rises (T - 1, 40), curve (T - 1,), with T
frames of WINDOW samples, HOP apart, all of them wholly inside the clip. Frames per second:
FRAME_RATE. The power of all frames is never in memory at once: Spectra holds what is needed of it.

    F(x) = 1 / (1 + exp(-x))                    the logistic function

Sources, named by their authors below
    Bello et al. 2005, A Tutorial on Onset Detection in Music Signals, IEEE TSAP 13(5)
    Eerola, Friberg & Bresin 2013, Emotional expression in music, Frontiers in Psychology 4:487
    Ellis 2007, Beat Tracking by Dynamic Programming, J. New Music Research 36(1)
    Faraldo, Jordà & Herrera 2017, A Multi-Profile Method for Key Estimation in EDM, AES
    Gómez 2006, Tonal Description of Music Audio Signals, PhD thesis, UPF
    ITU-R BS.1770-4 2015, Algorithms to measure audio programme loudness
    Lartillot et al. 2008, Multi-feature Modeling of Pulse Clarity, ISMIR
    Slaney 1998, Auditory Toolbox, Interval Research, Technical Report 1998-010
    Peeters 2007, Template-Based Estimation of Time-Varying Tempo, EURASIP J. ASP 2007:067215
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pyloudnorm.iirfilter import IIRfilter
from scipy.fft import rfft
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import get_window, lfilter
from scipy.special import entr, expit

from song_mixtures.pipeline.arrays import FloatArray

Samples = NDArray[np.float32]
Spectrum = NDArray[np.float32]

RATE = 22050  # Hz
WINDOW = 2048  # samples, 93 ms
HOP = 512  # samples, 23 ms
FRAME_RATE = RATE / HOP  # 43.07 per second
HANN = get_window("hann", WINDOW).astype(np.float32)
FREQUENCIES = np.fft.rfftfreq(WINDOW, 1 / RATE).astype(np.float32)  # Hz, (1025,)
BLOCK = 128  # frames whose spectra stay in the processor's cache while all is taken of them
MEL_BANDS = 40  # 30 Hz to 11025 Hz
BASS = 150.0  # Hz: below it lie kick and bass, above it most of everything else
BASS_BINS = int(np.searchsorted(FREQUENCIES, BASS))
LOWEST_SHARE = 1e-10  # of the power, -100 dB
LOWEST_PEAK, HIGHEST_PEAK = np.searchsorted(FREQUENCIES, (60.0, 3500.0))  # bins, for chroma
LOW_BANDS = 8  # the lowest ones, up to 700 Hz: kick, bass, the body of a snare

SLOWEST, FASTEST = 40.0, 240.0  # BPM
TEMPI = np.geomspace(SLOWEST, FASTEST, 359)  # BPM, 0.5 % apart: where tempo() looks first
USUAL_TEMPO = 120.0  # BPM, Ellis 2007
OCTAVES = (2.0, 3.0, 1 / 2, 1 / 3)  # times the tempo: where people may hear the beat instead
NEARBY = 0.03  # share of a tempo within which its score counts
# By maximum likelihood on 50 annotated clips of GTZAN 3.0, over bootstrap samples of them 1.9 to
# 5.3; frozen, as the reference of energy is.
READING_EXPONENT = 3.0
SMALLEST = np.finfo(np.float64).tiny  # a score to divide by
LONGEST_LAG = round(6 * FRAME_RATE)  # frames: four beats at the slowest tempo

# Correlations of chroma with these decide the mode; tonic first (Faraldo et al. 2017, `bgate`).
MAJOR = np.array([1.00, 0.00, 0.42, 0.00, 0.53, 0.37, 0.00, 0.77, 0.00, 0.38, 0.21, 0.30])
MINOR = np.array([1.00, 0.00, 0.36, 0.39, 0.00, 0.38, 0.00, 0.74, 0.27, 0.00, 0.42, 0.23])

# Mean and standard deviation over 113 clips of GTZAN, frozen: a song's energy must not depend on
# the songs it happens to be extracted with.
ENERGY_REFERENCE = {
    "brightness": (0.995, 0.511),
    "onset_rate": (4.332, 0.802),
    "spectral_entropy": (0.478, 0.077),
    "variation": (0.398, 0.165),
}


class FeaturelessError(ValueError):
    """A clip of which a feature is not defined; the message says why."""


@dataclass(frozen=True)
class SongFeatures:
    """The five features, the second reading of the tempo, what they are made of, two more."""

    tempo: float  # BPM, 40 to 240
    energy: float  # 0 to 1
    loudness: float  # LUFS, -70 upward
    valence: float  # 0 to 1
    danceability: float  # 0 to 1

    tempo_other: float  # BPM, 40 to 240: the strongest reading in another octave
    tempo_other_share: float  # probability that it is the right one, 0 to 0.5

    brightness: float  # octaves above 1 kHz
    onset_rate: float  # per second
    spectral_entropy: float  # 0 to 1
    variation: float  # of the level, 0 upward
    mode: float  # major minus minor, -2 to 2
    pulse_clarity: float  # 0 to 1
    beat_strength: float  # dB per frame, 0 upward

    chroma_entropy: float  # 0 to 1
    bass_share: float  # dB, 0 downward


FEATURES = ("tempo", "energy", "loudness", "valence", "danceability")
# Beside the five, off by default: they make genres more readable (docs/features.md).
FURTHER_FEATURES = ("beat_strength", "chroma_entropy", "bass_share")
OTHER_READING = ("tempo_other", "tempo_other_share")


def song_features(samples: Samples) -> SongFeatures:
    """Return the features of a clip of at least 3 s (two beats at the slowest tempo).

    Raises FeaturelessError where the clip is silent, or so steady that it has no tempo.
    """
    exact = samples.astype(np.float64)
    loudness = integrated_loudness(exact)
    leveled = samples * np.float32(1 / np.sqrt(exact @ exact / len(samples)))
    levels = frame_levels(leveled)
    audible = levels > 1e-3 * levels.max()  # not the pauses, where rounding noise has a spectrum
    spectra = analyzed(leveled, audible)
    rises = band_rises(spectra.bands)
    curve = rises.mean(axis=1)
    beat = tempo(curve)

    parts = {
        "brightness": brightness(spectra.centroids),
        "onset_rate": onset_rate(curve),
        "spectral_entropy": spectral_entropy(spectra.entropies),
        "variation": variation(levels[audible]),
    }
    pitch_classes = chroma(spectra.tonal)
    mode = majorness(pitch_classes)
    pulse, beats = pulse_clarity(curve), beat_strength(rises)
    return SongFeatures(
        tempo=beat.tempo,
        energy=energy(parts),
        loudness=loudness,
        valence=valence(mode),
        danceability=danceability(pulse, beats),
        tempo_other=beat.other,
        tempo_other_share=beat.other_share,
        mode=mode,
        pulse_clarity=pulse,
        beat_strength=beats,
        chroma_entropy=chroma_entropy(pitch_classes),
        bass_share=bass_share(spectra.bass, spectra.total),
        **parts,
    )


# ---- loudness


@cache
def _k_weighting() -> tuple[FloatArray, FloatArray]:
    """Return numerator and denominator of the standard's weighting filter at RATE.

    The standard gives its two filters for 48 kHz. pyloudnorm's `DeMan` filters meet them there
    and read 0.03 to 0.08 dB too high at RATE (the bilinear transform). These are of the same
    form, their constants fitted to the response at 48 kHz by least squares from 20 Hz to
    10.9 kHz; they keep within 0.015 dB of it.
    """
    shelf = IIRfilter(3.99963, 0.700768, 1677.04, RATE, "high_shelf_DeMan")
    high_pass = IIRfilter(0, 0.5003270373, 38.13547088, RATE, "high_pass_DeMan")
    return 0.993737 * np.convolve(shelf.b, high_pass.b), np.convolve(shelf.a, high_pass.a)


def integrated_loudness(samples: Samples | FloatArray) -> float:
    """Return the integrated loudness of mono samples [LUFS], -70 upward.

    L = -0.691 + 10 log10 (mean square of the K-weighted samples over the gated blocks) with
    blocks of 400 ms, 100 ms apart, gates at -70 LUFS and 10 LU below the mean of what passes
    that: ITU-R BS.1770-4, equations 1 to 7. A full-scale sine of 997 Hz reads -3.01. pyloudnorm
    gives the same, slower: it loops over the blocks.

    Raises FeaturelessError where no block passes the first gate: the clip is silent.
    """
    step = RATE // 10
    steps = len(samples) // step
    sums = np.empty(steps)
    numerator, denominator = _k_weighting()
    state = np.zeros(len(denominator) - 1)
    for start in range(0, steps, 20):  # so few that they stay in the processor's cache
        piece = samples[start * step : min(start + 20, steps) * step]
        weighted, state = lfilter(numerator, denominator, piece.astype(float, copy=False), zi=state)
        by_step = weighted.reshape(-1, step)
        sums[start : start + 20] = np.vecdot(by_step, by_step)
    powers = np.convolve(sums, np.ones(4), mode="valid") / (4 * step)
    heard = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    if not heard.size:
        raise FeaturelessError("silent: no 400 ms of it reach -70 LUFS")
    return float(-0.691 + 10 * np.log10(heard[heard > heard.mean() / 10].mean()))


# ---- what the transform gives


@dataclass(frozen=True)
class Spectra:
    """What the features need of the spectra of a clip of T frames, A of them audible."""

    bands: Spectrum  # (T, 40), power in the mel bands
    centroids: Spectrum  # (A,), Hz, of the amplitude
    entropies: Spectrum  # (A,), nats
    bass: Spectrum  # (A,), power below BASS
    total: Spectrum  # (A,), all power
    tonal: Spectrum  # (every 4th of A, HIGHEST_PEAK + 1), amplitude


def analyzed(samples: Samples, audible: NDArray[np.bool_]) -> Spectra:
    """Return what the features need of the spectra.

    Parameters
    ----------
    samples : (n,), divided by their RMS
    audible : which of the T frames are not pauses, (T,); the onset curve alone is of all
    """
    frames = frames_of(samples)
    every_4th = np.zeros_like(audible)
    every_4th[np.flatnonzero(audible)[::4]] = True
    blocks = [
        analyzed_block(frames[block], audible[block], every_4th[block])
        for block in (slice(start, start + BLOCK) for start in range(0, len(frames), BLOCK))
    ]
    return Spectra(
        **{
            field.name: np.concatenate([getattr(block, field.name) for block in blocks])
            for field in fields(Spectra)
        }
    )


def analyzed_block(
    frames: Samples, audible: NDArray[np.bool_], every_4th: NDArray[np.bool_]
) -> Spectra:
    """Return what the features need of so few frames that their spectra stay in the cache."""
    power = power_spectra(frames)
    heard = power if audible.all() else power[audible]
    above_0_hz = heard[:, 1:].sum(axis=1)
    amplitude = np.sqrt(heard)
    return Spectra(
        bands=mel_bands(power),
        centroids=centroids(amplitude),
        entropies=entropies(heard, above_0_hz),
        bass=heard[:, :BASS_BINS].sum(axis=1),
        total=heard[:, 0] + above_0_hz,
        tonal=amplitude[every_4th[audible], : HIGHEST_PEAK + 1],
    )


def frames_of(samples: Samples) -> Samples:
    """Return the frames, (T, WINDOW), a view: frame t is samples t HOP to t HOP + WINDOW."""
    return np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]


def power_spectra(frames: Samples) -> Spectrum:
    """Return |STFT|^2 of frames of frames_of(), (T, 1025), Hann window.

    The same numbers as np.abs(librosa.stft(samples, center=False).T) ** 2.
    """
    transform = rfft(frames * HANN, axis=1)
    power: Spectrum = transform.real**2 + transform.imag**2
    return power


def frame_levels(samples: Samples) -> FloatArray:
    """Return the RMS of each frame of power_spectra(), (T,), in the samples' unit."""
    hops = len(samples) // HOP
    energies = np.vecdot(np.square(samples[: hops * HOP]).reshape(hops, HOP), np.ones(HOP))
    squares = np.convolve(energies, np.ones(WINDOW // HOP), mode="valid") / WINDOW
    return np.asarray(np.sqrt(squares))


@cache
def _mel_basis() -> Spectrum:
    """Return the mel filters, (40, 1025): triangles of equal area, from 30 Hz to RATE / 2.

    Mel scale and area after Slaney 1998. The same numbers as librosa.filters.mel(sr=RATE,
    n_fft=WINDOW, n_mels=MEL_BANDS, fmin=30), whose import takes longer than a clip.
    """
    low, high = _mels(30.0), _mels(RATE / 2)
    corners = _hertz(np.linspace(low, high, MEL_BANDS + 2))
    slopes = np.subtract.outer(corners, np.fft.rfftfreq(WINDOW, 1 / RATE))
    widths = np.diff(corners)[:, None]
    rising, falling = -slopes[:-2] / widths[:-1], slopes[2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    triangles *= (2.0 / (corners[2:] - corners[:-2]))[:, None]
    return triangles


@cache
def _mel_parts() -> list[tuple[slice, slice, Spectrum]]:
    """Return the mel filters part by part: bands, the bins they are not zero at, (bins, bands)."""
    parts = []
    for bands in map(slice, (0, 16, 24, 32), (16, 24, 32, MEL_BANDS)):
        filters = _mel_basis()[bands]
        first, *_, last = np.flatnonzero(filters.any(axis=0))
        bins = slice(int(first), int(last) + 1)
        parts.append((bands, bins, np.ascontiguousarray(filters[:, bins].T)))
    return parts


def mel_bands(power: Spectrum) -> Spectrum:
    """Return the power in the mel bands, (T, 40).

    A triangle is narrow, so a product with the whole basis would be one of zeros for the most part.
    """
    powers = np.empty((len(power), MEL_BANDS), dtype=np.float32)
    for bands, bins, filters in _mel_parts():
        np.matmul(power[:, bins], filters, out=powers[:, bands])
    return powers


# Below 1 kHz 3 mels per 200 Hz; above it 27 mels make the 6.4-fold.
MELS_AT_1_KHZ = 15.0
LOG_HERTZ_PER_MEL = np.log(6.4) / 27


def _mels(hertz: float) -> float:
    if hertz < 1000:
        return hertz / (200 / 3)
    return float(MELS_AT_1_KHZ + np.log(hertz / 1000) / LOG_HERTZ_PER_MEL)


def _hertz(mels: FloatArray) -> FloatArray:
    above = 1000 * np.exp(LOG_HERTZ_PER_MEL * (mels - MELS_AT_1_KHZ))
    return np.asarray(np.where(mels < MELS_AT_1_KHZ, 200 / 3 * mels, above))


def band_rises(bands: Spectrum) -> FloatArray:
    """Return by how much each mel band rises from frame to frame [dB], (T - 1, 40), 0 or more.

    max(0, D_t - D_t-1) with D = 10 log10 (mel power), floored 80 dB below the clip's maximum:
    the half-wave rectified spectral difference of Bello et al. 2005, in decibels.
    """
    decibels = 10 * np.log10(np.maximum(bands, 1e-8 * bands.max()), dtype=np.float64)
    return np.asarray(np.maximum(0.0, np.diff(decibels, axis=0)))


# ---- rhythm


def detrended(curve: FloatArray) -> FloatArray:
    """Return what stands above the running mean of one second, 0 elsewhere, (T - 1,).

    Keeps accents and takes away slow swells, as the high-pass at 0.4 Hz of Ellis 2007 does.
    """
    accents = np.maximum(0.0, curve - uniform_filter1d(curve, round(FRAME_RATE)))
    return np.asarray(accents)


def autocorrelation(curve: FloatArray) -> FloatArray:
    """Return r(l) / r(0) at lags l = 0, 1, ... frames, of the curve minus its mean.

    r(l) = sum_t x(t) x(t + l) * T / (T - l): the factor makes up for the fewer pairs at long
    lags. Lags go up to 6 s and three quarters of the clip, beyond which few pairs are left.
    """
    centered = curve - curve.mean()
    frames = len(curve)
    spectrum = np.fft.rfft(centered, 2 * frames)  # twice the length: no wrap-around
    lags = np.arange(min(LONGEST_LAG, 3 * frames // 4))
    products = np.fft.irfft(np.abs(spectrum) ** 2)[: len(lags)]
    return np.asarray(products / products[0] * (frames / (frames - lags)))


@dataclass(frozen=True)
class Beat:
    """A tempo and its strongest reading in another octave, both in BPM, 40 to 240."""

    tempo: float
    other: float
    other_share: float  # probability that the other one is right, 0 to 0.5


def tempo(curve: FloatArray) -> Beat:
    """Return the tempo of an onset curve [BPM], 40 to 240, continuous, and its other reading.

    The highest of A(b) S(b) W(b) over tempi b, refined by refined_tempo():
    A = sum of the autocorrelation at one, two and three beats (a negative sum counts as 0),
    S = sum of the Fourier magnitudes at 1, 2 and 4 times b; the product of the two weakens the
    tempo's halves, which A has, and its multiples, which S has (Peeters 2007),
    W = exp(-1/2 log2(b / 120)^2), the prior of Ellis 2007, one octave wide.

    Raises FeaturelessError where the curve is flat. A song without a beat gets the tempo that
    fits best all the same: pulse_clarity() says how clear it is.
    """
    accents = detrended(curve)
    if accents.max() < 0.1:  # dB; music has 3 to 30
        raise FeaturelessError("steady: no onset in it, so it has no tempo")
    pulses = autocorrelation(accents)
    beat = 60 * FRAME_RATE / TEMPI  # frames
    at_beats = [np.interp(k * beat, np.arange(len(pulses)), pulses, right=0.0) for k in (1, 2, 3)]
    padded = 2**14  # a bin every 0.16 BPM
    magnitudes = np.abs(np.fft.rfft((accents - accents.mean()) * np.hanning(len(accents)), padded))
    bins = TEMPI / 60 / FRAME_RATE * padded
    at_rates = [np.interp(k * bins, np.arange(len(magnitudes)), magnitudes) for k in (1, 2, 4)]
    prior = np.exp(-0.5 * np.log2(TEMPI / USUAL_TEMPO) ** 2)
    score = np.maximum(0.0, np.sum(at_beats, axis=0)) * np.sum(at_rates, axis=0) * prior
    found = refined_tempo(float(TEMPI[score.argmax()]), pulses)
    return Beat(found, *other_reading(found, score))


def other_reading(found: float, score: FloatArray) -> tuple[float, float]:
    """Return the strongest reading of a tempo in another octave [BPM], and its share, 0 to 0.5.

    Of 2, 3, 1/2 and 1/3 times the tempo, within 40 to 240 BPM, the one near which the `score` over
    TEMPI is highest. With s that score and s' the tempo's own, the share is the probability that
    the other reading is the right one, by a logistic regression on log s / s' through 1/2 where
    both are as strong:

        s^a / (s^a + s'^a),  a = READING_EXPONENT

    Our choice: a second coefficient would not have paid for itself on so few clips.
    """
    readings = [octave * found for octave in OCTAVES if SLOWEST <= octave * found <= FASTEST]
    nearby = [np.abs(TEMPI / reading - 1) < NEARBY for reading in readings]
    strengths = [score[near].max() for near in nearby]
    strongest = int(np.argmax(strengths))
    ratio = (strengths[strongest] / max(score.max(), SMALLEST)) ** READING_EXPONENT
    return float(readings[strongest]), float(ratio / (1 + ratio))


def refined_tempo(coarse: float, pulses: FloatArray) -> float:
    """Return the tempo [BPM] at the autocorrelation's own peaks near 1, 2, 4 and 8 beats.

    Each peak within 2.5 % is placed between lags by the parabola through its three points; k
    beats away it is k times as sharp. Without a peak there, the tempo stays as it was.
    """
    refined = coarse
    for beats in (1, 2, 4, 8):
        lag = beats * 60 * FRAME_RATE / refined
        reach = max(1, round(0.025 * lag))
        first, last = round(lag) - reach, round(lag) + reach
        if last + 1 >= len(pulses):
            break
        peak = first + int(pulses[first : last + 1].argmax())
        left, top, right = pulses[peak - 1 : peak + 2]
        if top > 0.05 and left <= top > right:
            shift = 0.5 * (left - right) / (left - 2 * top + right)
            refined = beats * 60 * FRAME_RATE / (peak + shift)
    return float(np.clip(refined, SLOWEST, FASTEST))


def pulse_clarity(curve: FloatArray) -> float:
    """Return how regular the onsets are, 0 to 1.

    The highest autocorrelation of the onset curve at beats of 40 to 200 BPM: after the
    autocorrelation's maximum in Lartillot et al. 2008.
    """
    pulses = autocorrelation(curve)
    fastest, slowest = round(60 * FRAME_RATE / 200), round(60 * FRAME_RATE / 40)
    return float(np.clip(pulses[fastest : slowest + 1].max(), 0, 1))


def beat_strength(rises: FloatArray) -> float:
    """Return the mean rise of the lowest bands [dB per frame], 0 upward. Our choice."""
    return float(rises[:, :LOW_BANDS].mean())


def danceability(pulse: float, beats: float) -> float:
    """Return sqrt(pulse * beats / (1 + beats)), 0 to 1: a clear pulse and a strong beat.

    Our choice: the geometric mean, so that one cannot stand in for the other; 1 dB per frame is
    half way, and about the median of GTZAN.
    """
    return float(np.sqrt(pulse * beats / (1 + beats)))


def onset_rate(curve: FloatArray) -> float:
    """Return the number of onsets per second, 0 upward.

    An onset is a maximum within 3 frames (70 ms) either side that exceeds the curve's median by
    half a standard deviation: peak-picking after Bello et al. 2005, constants of our choice.
    """
    peaks = curve >= maximum_filter1d(curve, 7, mode="constant")
    return float((peaks & (curve > np.median(curve) + 0.5 * curve.std())).mean() * FRAME_RATE)


# ---- energy


def centroids(amplitude: Spectrum) -> Spectrum:
    """Return the centroid of each frame's amplitude [Hz], (T,)."""
    return np.asarray(amplitude @ FREQUENCIES / amplitude.sum(axis=1))


def brightness(centroids: Spectrum) -> float:
    """Return log2(c / 1 kHz) [octaves], c the mean over frames of the amplitude's centroid [Hz]."""
    return float(np.log2(centroids.mean() / 1000))


def entropies(power: Spectrum, total: Spectrum) -> Spectrum:
    """Return the entropy of each frame's spectrum without the bin at 0 Hz [nats], (T,).

    -sum_f p log p with p = P / sum P, computed as log sum P - (sum P log P) / sum P, which is the
    same and needs no table of p.

    Parameters
    ----------
    power : (T, 1025)
    total : its sum over all bins but the one at 0 Hz, (T,)
    """
    logs = power + np.float32(1e-30)
    np.log(logs, out=logs)
    weighted = np.einsum("tf,tf->t", power[:, 1:], logs[:, 1:])
    return np.asarray(np.log(total) - weighted / total)


def spectral_entropy(entropies: Spectrum) -> float:
    """Return the mean over frames of their entropies [nats] over log 1024, the highest: 0 to 1.

    0: one sine; 1: white.
    """
    return float(entropies.mean() / np.log(WINDOW // 2))


def variation(levels: FloatArray) -> float:
    """Return the standard deviation of the frames' RMS over its mean, 0 upward."""
    return float(levels.std() / levels.mean())


def energy(parts: dict[str, float]) -> float:
    """Return F((z_brightness + z_onset_rate + z_spectral_entropy - z_variation) / 2), 0 to 1.

    z = (value - mean) / standard deviation by ENERGY_REFERENCE; four terms over 2, so that of
    independent terms the argument has unit variance. The ingredients are those which Spotify
    names for its `energy` (dynamic range, timbre, onset rate, entropy) without loudness, which
    is a feature of its own. The weights are our choice.
    """
    z = {name: (parts[name] - mean) / sd for name, (mean, sd) in ENERGY_REFERENCE.items()}
    return float(
        expit((z["brightness"] + z["onset_rate"] + z["spectral_entropy"] - z["variation"]) / 2)
    )


# ---- valence


def chroma(amplitude: Spectrum) -> FloatArray:
    """Return how strong each pitch class is, (12,) from C, 0 to 1: the mean over frames.

    Peaks of the spectrum from 60 to 3500 Hz within 60 dB of the frame's highest, placed between
    bins by a parabola through log amplitudes, each given to its nearest semitone with the weight
    amplitude * cos(pi d)^2, d semitones off; the clip's own tuning is taken out first; each frame
    over its maximum. After the harmonic pitch class profile of Gómez 2006, whose weight is
    amplitude^2 over a wider window; the upper limit is that of Essentia's KeyExtractor.
    """
    logs = np.log(amplitude[:, LOWEST_PEAK - 1 : HIGHEST_PEAK + 1] + np.float32(1e-7))
    left, top, right = logs[:, :-2], logs[:, 1:-1], logs[:, 2:]
    peaks = (top > left) & (top >= right) & (top > top.max(axis=1, keepdims=True) - np.log(1000))
    frame, place = np.divmod(np.flatnonzero(peaks), peaks.shape[1])
    at = frame * logs.shape[1] + place + 1
    left, top, right = (logs.ravel()[at + off] for off in (-1, 0, 1))
    bins = LOWEST_PEAK + place + 0.5 * (left - right) / (left - 2 * top + right)
    pitch = 69 + 12 * np.log2(bins * RATE / WINDOW / 440)  # MIDI: A4 is 69
    weight = np.exp(top.astype(np.float64))
    turns = (2 * np.pi * (pitch - np.round(pitch))).astype(np.float32)
    pitch -= np.arctan2(weight @ np.sin(turns), weight @ np.cos(turns)) / (2 * np.pi)
    nearest = np.round(pitch)
    weight *= np.cos(np.pi * (pitch - nearest)) ** 2
    classes = frame * 12 + nearest.astype(int) % 12
    profile = np.bincount(classes, weight, minlength=len(amplitude) * 12).reshape(-1, 12)
    strongest = profile.max(axis=1, keepdims=True)
    return np.asarray((profile / np.where(strongest > 0, strongest, 1)).mean(axis=0))


def majorness(pitch_classes: FloatArray) -> float:
    """Return how much more major than minor a chroma is, -2 to 2; 0 for a flat one.

    The best correlation with MAJOR over the twelve keys minus the best with MINOR, as
    MIRtoolbox's mirmode has it (MIRtoolbox user's manual, section 3.5).
    """
    centered = pitch_classes - pitch_classes.mean()
    length = np.linalg.norm(centered)
    if length < 1e-9:
        return 0.0
    correlations = _key_profiles() @ (centered / length)
    return float(correlations[0].max() - correlations[1].max())


@cache
def _key_profiles() -> FloatArray:
    """Return MAJOR and MINOR in all keys, centered, of unit length, (2, 12, 12)."""
    profiles = np.stack([MAJOR, MINOR])
    profiles = profiles - profiles.mean(axis=1, keepdims=True)
    profiles /= np.linalg.norm(profiles, axis=1, keepdims=True)
    return np.stack([np.roll(profiles, key, axis=1) for key in range(12)], axis=1)


def valence(mode: float) -> float:
    """Return (1 + tanh(mode / 0.3)) / 2, 0 to 1; 0.5 is neither major nor minor.

    Mode is the first of the cues to musical emotion and the cues add up (Eerola, Friberg &
    Bresin 2013); the others are features of their own. So this says majorness, not felt emotion.
    0.3 is about twice the spread of `mode` over GTZAN: our choice.
    """
    return float(0.5 * (1 + np.tanh(mode / 0.3)))


# ---- further features


def chroma_entropy(pitch_classes: FloatArray) -> float:
    """Return how evenly a chroma is spread over the pitch classes, 0 to 1.

    -sum_c p log p / log 12 with p = chroma / sum. 0: one note; 1: all as strong, and a chroma
    without any peak. Low for drones and riffs, high for many chords, speech and noise.
    """
    total = pitch_classes.sum()
    if total < 1e-9:
        return 1.0
    share = pitch_classes / total
    return float(entr(share).sum() / np.log(len(share)))


def bass_share(bass: Spectrum, total: Spectrum) -> float:
    """Return 10 log10 (power below BASS / all power) over all frames [dB], -100 to 0."""
    share = bass.sum(dtype=np.float64) / total.sum(dtype=np.float64)
    return float(10 * np.log10(max(share, LOWEST_SHARE)))
