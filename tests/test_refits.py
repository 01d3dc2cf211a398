"""The trained mixture fitted again: the numbers of stability, and intervals around the fit."""

from pathlib import Path

import numpy as np

from song_mixtures.mixture.model import Mixture
from song_mixtures.mixture.selection import borderline
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.tables import read_table
from song_mixtures.refits.cold import Refit, Stability
from song_mixtures.songs.scaling import Scaling
from stages import refits, stability
from tests.conftest import FEATURES

SCALING = Scaling(
    ("tempo", "energy"), ("log2", "identity"), np.array([7.0, 0.5]), np.array([0.5, 0.2])
)


def mixture_at(tempo: float, weight: float) -> Mixture:
    """Return a mixture of two components whose first lies at a standardized tempo."""
    means, weights = np.array([[tempo, 0.0], [0.0, 1.0]]), np.array([weight, 1 - weight])
    return Mixture("full", weights, means, np.array([np.eye(2)] * 2))


def test_intervals_are_quantiles_over_refits_in_original_units() -> None:
    shifts = np.linspace(-2, 2, 21)  # the second and the last but one are 5 % and 95 %
    jaccards = np.array([0.5, 0.7])
    found = Stability(
        [Refit(mixture_at(s, 0.6 + s / 10), 0.8, jaccards) for s in shifts], np.ones(2)
    )
    table = refits.intervals_table(mixture_at(0.0, 0.6), found, SCALING)
    first = table.iloc[0]
    assert (first["component"], first["feature"]) == (0, "tempo")
    np.testing.assert_allclose(
        first[["mean", "mean_low", "mean_high"]].astype(float),
        2 ** (7 + 0.5 * np.array([0, -1.8, 1.8])),
    )
    np.testing.assert_allclose(table["mean_low"].iloc[3], 0.7)  # energy of the second never moves
    components = refits.components_table(mixture_at(0.0, 0.6), found)
    np.testing.assert_allclose(components["weight_low"], [0.42, 0.22])
    np.testing.assert_allclose(components["weight_high"], [0.78, 0.58])
    np.testing.assert_allclose(components["jaccard"], [0.5, 0.7])
    assert refits.summarize(found, 9)["trusted_components_count"] == 1


def test_borderline_is_what_other_refits_may_judge_otherwise() -> None:
    # 1.645 times 0.02 is 0.0329: from 0.567 to 0.633.
    jaccards = np.array([0.566, 0.568, 0.6, 0.632, 0.634, 0.9])
    assert borderline(jaccards, np.full(6, 0.02)).tolist() == [
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    assert not borderline(np.array([0.6, 0.9]), np.zeros(2)).any()  # every refit says the same
    apart = [np.array([0.62, 0.62]) + shift * np.array([0.1, 0.0]) for shift in (-1, 1) * 10]
    found = Stability([Refit(mixture_at(0.0, 0.6), 0.8, one) for one in apart], np.ones(2))
    metrics = refits.summarize(found, 9)
    assert (metrics["trusted_components_count"], metrics["borderline_components_count"]) == (2, 1)


def test_a_k_in_both_stages_has_the_same_numbers(finished: Path) -> None:
    by_k = read_table(finished / stability.STABILITY).set_index("k")
    metrics = read_json(finished / refits.METRICS)
    for column in ("ari", "ari_se", "reference_ari", "reference_ari_se", "min_jaccard"):
        assert by_k.loc[3, column] == metrics[column]
    by_component = read_table(finished / stability.COMPONENTS)
    own = by_component[by_component["k"] == 3].reset_index(drop=True)
    table = read_table(finished / refits.COMPONENTS)
    assert own["jaccard"].tolist() == table["jaccard"].tolist()


def test_intervals_stand_around_the_fit_where_components_come_back(finished: Path) -> None:
    means = read_table(finished / refits.INTERVALS)
    assert means["feature"].tolist() == FEATURES * 3
    assert ((means["mean_low"] < means["mean"]) & (means["mean"] < means["mean_high"])).all()


def test_the_refits_are_kept_for_placing_songs(finished: Path) -> None:
    kept = read_json(finished / refits.REFITS)
    assert kept["features"] == FEATURES
    assert [len(kept[name]) for name in ("cold", "warm")] == [20, 4]
    trained = Mixture.from_json(read_json(finished / refits.GMM))
    for content in [*kept["cold"], *kept["warm"]]:
        assert Mixture.from_json(content).means.shape == trained.means.shape
