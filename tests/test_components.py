"""What each component sounds like, in original units and in words."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import Mixture, posteriors
from song_mixtures.pipeline.files import read_json
from song_mixtures.pipeline.stage import StageError
from song_mixtures.pipeline.tables import read_table
from song_mixtures.songs.features import FEATURES as KNOWN
from song_mixtures.songs.scaling import Scaling
from stages import components
from tests.conftest import FEATURES, write_params
from tests.fitting.test_em import PARAMS
from tests.mixture.test_mixture import POINTS

SCALING = Scaling(
    ("tempo", "energy"), ("log2", "identity"), np.array([7.0, 0.5]), np.array([0.5, 0.2])
)
LINEAR = Scaling(SCALING.features, ("identity", "identity"), SCALING.mean, SCALING.scale)
MIXTURE = Mixture(
    "full",
    weights=np.array([0.75, 0.25]),
    means=np.array([[0.0, 0.1], [-2.0, 1.0]]),
    covariances=np.array([[[1.0, 0.5], [0.5, 1.0]], [[4.0, 0.0], [0.0, 0.25]]]),
)


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        ([1.0, -0.6, 0.0, 0.0, 0.0], "fast, calm"),
        ([-0.5, 0.0, 2.0, -0.7, 0.0], "loud, low valence, slow"),
        ([0.0, 0.0, 0.0, 0.0, 1.0], "danceable"),
        ([0.49, -0.49, 0.0, 0.0, 0.0], "average"),
    ],
)
def test_the_profile_names_what_is_furthest_from_average(mean: list[float], words: str) -> None:
    said = components.profile(np.array(mean), [KNOWN[name] for name in FEATURES], 0.5)
    assert (", ".join(said) or "average") == words


def test_means_are_in_original_units() -> None:
    means = components.means_table(MIXTURE, SCALING, KNOWN, 0.5)
    np.testing.assert_allclose(means["tempo"], [128.0, 64.0])  # 2^7 and 2^(7 - 2 * 0.5)
    np.testing.assert_allclose(means["energy"], [0.52, 0.7])
    assert means["profile"].tolist() == ["average", "slow, energetic"]


def test_weights_by_hand() -> None:
    songs = pd.DataFrame(
        {"gmm_cluster": [0, 0, 0], "gmm_prob_0": [1.0, 0.9, 0.6], "gmm_prob_1": [0.0, 0.1, 0.4]}
    )
    stability = pd.DataFrame({"component": [0, 1], "jaccard": [0.8, 0.4]})
    weights = components.weights_table(MIXTURE, songs, stability)
    assert weights["weight_percent"].tolist() == [75.0, 25.0]
    np.testing.assert_allclose(weights["effective_songs"], [2.5, 0.5])
    assert weights["hard_songs"].tolist() == [3, 0]
    assert weights["jaccard"].tolist() == [0.8, 0.4]


def test_covariances_and_correlations_by_hand() -> None:
    table = components.covariances_table(MIXTURE, LINEAR, pd.DataFrame()).set_index(
        ["component", "feature", "other_feature"]
    )
    assert len(table) == 8
    assert table["correlation"][0, "tempo", "energy"] == pytest.approx(0.5)
    assert table["covariance"][0, "tempo", "energy"] == pytest.approx(0.5 * 0.5 * 0.2)
    assert table["covariance"][1, "tempo", "tempo"] == pytest.approx(4 * 0.5**2)
    assert table["correlation"][1, "energy", "energy"] == pytest.approx(1.0)


def test_covariances_with_a_transform_are_of_the_songs_in_original_units() -> None:
    rng = np.random.default_rng(8)
    songs = pd.DataFrame({"tempo": rng.uniform(60, 180, 50), "energy": rng.random(50)})
    share = rng.random(50)
    songs = songs.assign(gmm_prob_0=share, gmm_prob_1=1 - share)
    found = components.original_covariances(MIXTURE, SCALING, songs)
    for component, weights in enumerate((share, 1 - share)):
        expected = np.cov(songs[["tempo", "energy"]].T, aweights=weights, ddof=0)
        np.testing.assert_allclose(found[component], expected)
    # What the mixture's own covariances say is the table's other columns, as without transforms.
    table = components.covariances_table(MIXTURE, SCALING, songs)
    np.testing.assert_allclose(table["covariance_standardized"], MIXTURE.covariances.ravel())


def test_weighted_covariance_is_what_em_makes_of_the_songs() -> None:
    """Without transforms (10) is S_k times the standard deviations, but for reg_covar."""
    fitted = fit_mixture(POINTS, 3, "full", PARAMS).mixture
    posterior, _ = posteriors(fitted, POINTS)
    for component, covariance in enumerate(fitted.covariances):
        found = components.weighted_covariance(POINTS, posterior[:, component])
        np.testing.assert_allclose(found, covariance, atol=2e-2)


def test_a_component_without_songs_has_no_spread() -> None:
    values = np.arange(6.0).reshape(3, 2)
    np.testing.assert_array_equal(
        components.weighted_covariance(values, np.zeros(3)), np.zeros(4).reshape(2, 2)
    )


def test_exemplars_are_dense_and_sure_and_of_the_component() -> None:
    details = pd.DataFrame({"song": list("abcd"), "name": list("ABCD"), "artist": list("pqrs")})
    songs = pd.DataFrame({"genre": list("xyzx")}).assign(
        gmm_prob_0=[0.99, 0.5, 1.0, 0.4],
        gmm_prob_1=[0.01, 0.5, 0.0, 0.6],
        gmm_cluster=[0, 0, 0, 1],
        density_p_value=0.5,
    )
    log_density = np.array([[0.0, -9.0], [0.1, -9.0], [-1.0, -9.0], [5.0, -9.0]])
    best = components.exemplars(songs, details, log_density, 2, 0.01)
    # b is the densest of component 0 but as likely the other's; d is denser there and the other's.
    assert best[best["component"] == 0]["song"].tolist() == ["a", "b"]
    assert best[best["component"] == 1]["song"].tolist() == ["d"]  # it has no other song
    assert best["rank"].tolist() == [1, 2, 1]
    # All that goes along with a song stands beside it.
    assert list(best)[:6] == ["component", "rank", "song", "name", "artist", "genre"]
    assert best.iloc[1][["song", "name", "artist", "genre"]].tolist() == ["b", "B", "q", "y"]


@given(st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 2.0]), min_size=1), st.integers(1, 9))
def test_the_highest_scores_are_those_of_a_stable_sort(scores: list[float], count: int) -> None:
    expected = np.argsort(-np.array(scores), kind="stable")[:count]
    assert components.top(np.array(scores), count).tolist() == expected.tolist()


def test_equal_weights_make_as_many_effective_components() -> None:
    weights = pd.DataFrame({"weight": [0.25] * 4, "effective_songs": [60.0] * 4})
    assert components.summarize(weights)["effective_components"] == pytest.approx(4)


def test_components_of_known_make_get_their_words(finished: Path) -> None:
    means = read_table(finished / components.MEANS).sort_values("tempo")
    calm, dance, loud = means["profile"]
    assert {"slow", "calm", "quiet"} <= set(calm.split(", "))
    assert dance.split(", ")[0] == "danceable"
    assert {"fast", "energetic", "loud"} <= set(loud.split(", "))
    np.testing.assert_allclose(means["tempo"], [80, 122, 140], atol=6)


REFERENCE = {
    "components": [
        {"component": 0, "reference_component": 0, "jaccard": 0.9, "status": "kept"},
        {"component": 1, "reference_component": None, "jaccard": 0.4, "status": "new"},
        {"component": 2, "reference_component": 7, "jaccard": 0.8, "status": "renumbered"},
    ]
}


@pytest.mark.parametrize(
    ("names", "reference", "heads"),
    [
        ({}, {}, ["", "", ""]),
        ({2: "ballads"}, {}, ["", "", "ballads"]),
        ({}, REFERENCE, ["", "new", "was 7"]),
        ({0: "club", 1: "ballads", 2: "folk"}, REFERENCE, ["club", "new", "was 7"]),
    ],
)
def test_a_name_stays_with_the_component_that_kept_its_number(
    names: dict[int, str], reference: dict[str, Any], heads: list[str]
) -> None:
    found = components.headings(names, reference, 3)
    assert found == heads
    lost = {name for k, name in names.items() if heads[k] != name}
    said = components.left_out(names, found)
    assert {name for name in names.values() if repr(name) in said} == lost


def test_names_stand_before_the_words_wherever_a_component_is_told_by_them(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_table(finished / components.MEANS)
    shutil.copytree(finished, tmp_path / "named")
    monkeypatch.chdir(tmp_path / "named")
    write_params(tmp_path / "named", {"components.names": {1: "ballads, <b> & co"}})
    components.main()
    means = read_table(components.MEANS)
    for column in components.WORDS:
        expected = [before[column][0], f"ballads, <b> & co: {before[column][1]}", before[column][2]]
        assert means[column].tolist() == expected
    others = list(set(means) - set(components.WORDS))
    pd.testing.assert_frame_equal(means[others], before[others])


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({3: "ballads"}, "components.names has 'ballads' for component 3, and there are 3, from 0"),
        ({0: " "}, "expected a name of 1 to 40 letters"),
        ({0: "one\ntwo"}, "on one line"),
        ({0: "long" * 11}, "expected a name of 1 to 40 letters"),
    ],
)
def test_a_name_of_nothing_or_that_nobody_can_read_is_refused(
    names: dict[int, str], said: str
) -> None:
    with pytest.raises(StageError, match=said):
        components.check_names(names, 3)


def test_effective_songs_add_up_to_all(finished: Path) -> None:
    weights = read_table(finished / components.WEIGHTS)
    assert weights["effective_songs"].sum() == pytest.approx(240, abs=1e-3)
    assert weights["hard_songs"].sum() == 240
    largest = read_json(finished / components.METRICS)["max_weight_share"]
    assert largest == pytest.approx(weights["weight"].max())
