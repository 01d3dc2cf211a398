"""Cold refits: groups that are there come back, agreement is what a second way makes of it."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.mixture.selection import largest_supported
from song_mixtures.pipeline.arrays import FloatArray
from song_mixtures.refits.cold import (
    ColdParams,
    Stability,
    cold_refit,
    mean_and_error,
    refit_all,
    tables_without_groups,
)
from song_mixtures.refits.resampling import COLD, bootstrap_rows, generator
from stages.stability import MixtureRow, mixture_row, table
from tests.fitting.test_em import VARIED
from tests.mixture.test_mixture import POINTS

REFITS = ColdParams(
    cold=20, reference_tables=10, sample_above=5000, short_runs=20, carried_on=3, seed=1
)


def groups(count: int, per_group: int = 100, apart: float = 8.0) -> FloatArray:
    """Return points of round groups of standard deviation 1, (N, 5), standardized."""
    rng = np.random.default_rng(3)
    centers = rng.normal(size=(count, 5))
    centers *= (
        apart
        / np.linalg.norm(centers[:, None] - centers[None], axis=2)[np.triu_indices(count, 1)].min()
    )
    points = np.repeat(centers, per_group, axis=0) + rng.normal(size=(count * per_group, 5))
    return (points - points.mean(axis=0)) / points.std(axis=0)


def fits(points: FloatArray, ks: range) -> list[Mixture]:
    return [fit_mixture(points, k, "full", VARIED).mixture for k in ks]


def rows(mixtures: list[Mixture], found: list[Stability]) -> list[MixtureRow]:
    pairs = zip(mixtures, found, strict=True)
    return [mixture_row(mixture, True, one, 400, 0.1) for mixture, one in pairs]


def test_four_groups_come_back_and_are_chosen() -> None:
    points = groups(4)
    mixtures = fits(points, range(2, 6))
    found = list(refit_all(points, mixtures, REFITS, VARIED, Compute()))
    assert found[2].jaccards()[0].min() >= 0.95
    assert found[2].ari()[0] >= 0.95
    assert largest_supported(table(rows(mixtures, found), MixtureRow))["k"] == 4


def test_where_there_are_no_groups_none_is_supported() -> None:
    points = np.random.default_rng(0).normal(size=(400, 3))
    mixtures = fits(points, range(2, 4))
    found = list(refit_all(points, mixtures, REFITS, VARIED, Compute()))
    assert [row.supported for row in rows(mixtures, found)] == [0, 0]


def test_a_refit_agrees_as_a_second_way_says() -> None:
    mixture = fit_mixture(POINTS, 3, "full", VARIED).mixture
    refit = cold_refit(POINTS, mixture, 4, REFITS, VARIED)
    fitted, again = (posteriors(one, POINTS)[0].argmax(axis=1) for one in (mixture, refit.mixture))
    assert refit.ari == pytest.approx(adjusted_rand_score(fitted, again))
    drawn = set(bootstrap_rows(len(POINTS), generator(REFITS.seed, COLD, 4)).tolist())
    members = [
        [{n for n in drawn if labels[n] == k} for k in range(3)] for labels in (fitted, again)
    ]
    expected = [max(len(a & b) / len(a | b) for b in members[1]) for a in members[0]]
    np.testing.assert_allclose(refit.jaccards, expected)


def test_the_components_of_a_refit_have_the_numbers_of_the_fits() -> None:
    points = groups(3)
    mixture = fit_mixture(points, 3, "full", VARIED).mixture.in_order(np.array([2, 0, 1]))
    for number in range(3):
        refit = cold_refit(points, mixture, number, REFITS, VARIED)
        np.testing.assert_allclose(refit.mixture.means, mixture.means, atol=0.3)


def as_numbers(found: list[Stability]) -> list[object]:
    return [
        [[refit.mixture.to_json(), refit.ari, refit.jaccards.tolist()] for refit in one.refits]
        + one.reference.tolist()
        for one in found
    ]


def test_any_number_of_workers_gives_the_same() -> None:
    mixture = fit_mixture(POINTS, 2, "full", VARIED).mixture
    one, three = (
        list(refit_all(POINTS, [mixture], REFITS, VARIED, Compute(n_jobs=jobs))) for jobs in (1, 3)
    )
    assert len(one[0].refits) == 20
    assert as_numbers(one) == as_numbers(three)


def test_a_mixture_has_the_same_numbers_whichever_others_are_refitted_with_it() -> None:
    mixtures = fits(POINTS, range(2, 4))
    both = list(refit_all(POINTS, mixtures, REFITS, VARIED, Compute()))
    alone = list(refit_all(POINTS, mixtures[1:], REFITS, VARIED, Compute()))
    assert as_numbers(alone) == as_numbers(both[1:])


def test_fewer_components_are_compared_to_more_tables_without_groups() -> None:
    counts = [tables_without_groups(k, REFITS) for k in (2, 3, 4, 5, 10, 20)]
    assert counts == [40, 27, 20, 16, 10, 10]
    mixtures = fits(POINTS, range(2, 4))
    found = refit_all(POINTS, mixtures, REFITS, VARIED, Compute())
    assert [len(one.reference) for one in found] == [40, 27]


def test_standard_errors_by_hand() -> None:
    mean, error = mean_and_error(np.array([[1.0, 0.0], [3.0, 0.0]]))
    np.testing.assert_allclose(mean, [2.0, 0.0])
    np.testing.assert_allclose(error, [np.sqrt(2) / np.sqrt(2), 0.0])  # s = sqrt(2), B = 2
