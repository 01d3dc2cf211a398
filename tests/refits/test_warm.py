"""Warm refits begin at the fit and climb on their own songs."""

from dataclasses import asdict

import numpy as np

from song_mixtures.compute.parallel import Compute
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import posteriors
from song_mixtures.refits.resampling import WARM, bootstrap_rows, generator
from song_mixtures.refits.warm import RefitParams, warm_refits
from tests.fitting.test_em import VARIED
from tests.mixture.test_mixture import POINTS
from tests.refits.test_cold import REFITS as COLD_REFITS

REFITS = RefitParams(**asdict(COLD_REFITS), warm=5)
MIXTURE = fit_mixture(POINTS, 3, "full", VARIED).mixture


def test_a_warm_refit_describes_its_songs_better_than_the_fit_and_all_songs_worse() -> None:
    refits = list(warm_refits(POINTS, MIXTURE, REFITS, VARIED, Compute(n_jobs=2)))
    assert len(refits) == REFITS.warm
    of_all = posteriors(MIXTURE, POINTS)[1].sum()
    for number, refit in enumerate(refits):
        drawn = POINTS[bootstrap_rows(len(POINTS), generator(REFITS.seed, WARM, number))]
        assert posteriors(refit, drawn)[1].sum() > posteriors(MIXTURE, drawn)[1].sum()
        assert posteriors(refit, POINTS)[1].sum() < of_all
        nearest = np.linalg.norm(refit.means[:, None] - MIXTURE.means[None], axis=2).argmin(axis=1)
        assert nearest.tolist() == [0, 1, 2]


def test_any_number_of_workers_gives_the_same() -> None:
    one, three = (
        [refit.to_json() for refit in warm_refits(POINTS, MIXTURE, REFITS, VARIED, Compute(jobs))]
        for jobs in (1, 3)
    )
    assert one == three
