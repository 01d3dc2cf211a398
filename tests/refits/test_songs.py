"""Averaged posteriors: the two parts of their entropy, and that 90 % is nearer to nine in ten."""

from dataclasses import replace

import numpy as np
from scipy.stats import entropy as scipy_entropy

from benchmarks.calibration import figures, simulated
from song_mixtures.mixture.model import BLOCK, Mixture, posteriors
from song_mixtures.refits.songs import averaged, kept_share
from tests.fitting.test_em import VARIED
from tests.refits.test_warm import REFITS


def line(*means: float, spread: float = 1.0) -> Mixture:
    """Return a mixture of equal weights on a line."""
    k = len(means)
    return Mixture("full", np.full(k, 1 / k), np.array(means)[:, None], np.full((k, 1, 1), spread))


MIXTURES = [line(0.0, 3.0, 4.0), line(0.5, 2.0, 5.0), line(-1.0, 3.5, 3.6)]
POINTS = np.linspace(-3, 8, BLOCK + 10)[:, None]  # two blocks


def test_the_entropy_of_the_average_is_the_mean_entropy_and_the_mutual_information() -> None:
    found = averaged(MIXTURES, POINTS)
    each = np.array([posteriors(mixture, POINTS)[0] for mixture in MIXTURES])
    np.testing.assert_allclose(found.posterior, each.mean(axis=0), atol=1e-15)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1.0)
    np.testing.assert_allclose(found.entropy, scipy_entropy(each.mean(axis=0), axis=1), atol=1e-12)
    mean_entropy = scipy_entropy(each, axis=2).mean(axis=0)
    np.testing.assert_allclose(found.entropy, mean_entropy + found.mutual_information, atol=1e-12)
    assert found.mutual_information.min() >= 0
    assert found.mutual_information.max() > 0.1


def test_refits_that_agree_leave_nothing_unknown_and_contrary_ones_everything() -> None:
    same = averaged([MIXTURES[0]] * 3, POINTS)
    np.testing.assert_allclose(same.mutual_information, 0.0, atol=1e-12)
    contrary = averaged([line(0.0, 50.0), line(50.0, 0.0)], np.zeros((1, 1)))
    np.testing.assert_allclose(contrary.mutual_information, np.log(2))
    np.testing.assert_allclose(contrary.posterior, [[0.5, 0.5]])


def test_the_kept_share_by_hand() -> None:
    mixtures = [line(0.0, 10.0), line(0.0, 4.0), line(10.0, 0.0), line(0.0, 12.0)]
    kept = kept_share(np.array([0, 0, 1]), mixtures, np.array([[0.0], [3.0], [9.0]]))
    assert kept.tolist() == [0.75, 0.5, 0.75]


def test_averaged_posteriors_are_better_calibrated_than_those_of_one_fit() -> None:
    """The short form of benchmarks.calibration, whose table is in docs/method.md."""
    rng = np.random.default_rng(0)
    factors = 0.45 * rng.normal(size=(4, 5, 5)) + 0.3 * np.eye(5)
    means, covariances = 1.2 * rng.normal(size=(4, 5)), factors @ factors.transpose(0, 2, 1)
    truth = Mixture("full", np.full(4, 0.25), means, covariances)
    params = replace(REFITS, warm=15)
    simulations = [simulated(truth, 120, seed, params, VARIED) for seed in range(8)]
    found = [[figures(*stated) for stated in simulation] for simulation in simulations]
    true, one, mean = np.mean(found, axis=0)
    brier, of_pairs, of_greatest, right = range(4)
    assert one[of_greatest] > 0.1 > true[of_greatest]
    assert mean[of_pairs] < 0.75 * one[of_pairs]
    assert true[of_greatest] < mean[of_greatest] < one[of_greatest]
    assert true[brier] < mean[brier] < one[brier]
    assert true[right] > mean[right] > one[right]
