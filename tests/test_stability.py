"""Which mixtures of the sweep the songs support."""

from pathlib import Path

import numpy as np
import pytest

from song_mixtures.mixture.model import Mixture
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.refits.cold import Refit, Stability
from stages import stability
from tests.conftest import SetParams, run_stages

MIXTURE = Mixture("full", np.array([0.6, 0.4]), np.zeros((2, 1)), np.ones((2, 1, 1)))


def found(jaccards: list[float], ari: float, reference: float) -> Stability:
    """Return two refits whose means these are."""
    refits = [Refit(MIXTURE, ari + d, np.array(jaccards) + d) for d in (0.1, -0.1)]
    return Stability(refits, np.array([reference + 0.2, reference - 0.2]))


@pytest.mark.parametrize(
    ("valid", "jaccards", "ari", "reference", "supported"),
    [
        (True, [0.61, 0.8], 0.7, 0.5, 1),
        (False, [0.61, 0.8], 0.7, 0.5, 0),
        (True, [0.59, 0.8], 0.7, 0.5, 0),
        (True, [0.61, 0.8], 0.7, 0.65, 0),
    ],
    ids=["supported", "not valid", "a component does not come back", "no more than without groups"],
)
def test_what_is_supported(
    valid: bool, jaccards: list[float], ari: float, reference: float, supported: int
) -> None:
    row = stability.mixture_row(MIXTURE, valid, found(jaccards, ari, reference), 9, 0.1)
    assert row.supported == supported
    assert (row.k, row.songs, row.stable_components) == (2, 9, 1)
    assert row.ari_se == pytest.approx(0.1)  # s = 0.1 sqrt(2), B = 2
    assert row.reference_ari_se == pytest.approx(0.2)
    assert row.min_jaccard == pytest.approx(min(jaccards))


def test_each_mixture_and_component_has_its_row(finished: Path) -> None:
    mixtures = read_table(finished / stability.STABILITY)
    components = read_table(finished / stability.COMPONENTS)
    assert mixtures["k"].tolist() == [3, 4]
    assert components["k"].tolist() == [3] * 3 + [4] * 4
    lowest = components.groupby("k")["jaccard"].min()
    np.testing.assert_allclose(mixtures["min_jaccard"], lowest)


def test_a_sweep_without_any_of_them_has_an_empty_table(
    workspace: Path, set_params: SetParams
) -> None:
    set_params({"k_sweep.k_min": 5, "stability.n_components": [3, 7]})
    run_stages(workspace, "preprocess", "k_sweep", "stability")
    assert read_table(workspace / stability.STABILITY).empty
    metrics = read_json(workspace / stability.METRICS)
    assert metrics == {"largest_supported_k": 0, "mixtures_count": 0, "supported_count": 0}


def test_two_processes_give_the_same_bytes_as_one(
    finished: Path, workspace: Path, set_params: SetParams
) -> None:
    set_params({"compute.n_jobs": 2})
    run_stages(workspace, "preprocess", "k_sweep", "stability")
    for path in (stability.STABILITY, stability.COMPONENTS, stability.METRICS):
        assert (workspace / path).read_bytes() == (finished / path).read_bytes()
