"""What titles say, of results whose finding is known by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from song_mixtures.mixture.model import Mixture
from song_mixtures.presentation.figures import findings
from song_mixtures.songs.plane import Plane
from song_mixtures.songs.scaling import Scaling
from stages.components import covariances_table
from tests.conftest import FEATURES

SCALING = Scaling(tuple(FEATURES), ("identity",) * 5, np.zeros(5), np.ones(5))
FITS = pd.DataFrame({"k": [2, 3, 4], "covariance_type": "full", "bic": [30.0, 20, 25], "valid": 1})


@pytest.mark.parametrize(
    ("changes", "k", "parts"),
    [
        ({}, 3, ["lowest at K = 3 (K = 2 and K = 4 within 10 of the lowest BIC), which was"]),
        ({}, 2, ["; K = 2 was chosen, 10 higher"]),
        ({"valid": [1, 0, 1]}, 4, ["BIC is lowest at K = 4", "which was chosen"]),
        ({"bic": [30.0, 19, 5]}, 4, ["lowest at K = 4, the largest tried, which was chosen"]),
        ({"k": [1, 2, 3], "bic": [9.0, 20, 25]}, 3, ["lowest at K = 1, one Gaussian; K = 3 was"]),
        ({}, 9, ["K = 9, not in the sweep, was chosen"]),
    ],
)
def test_what_bic_prefers_and_what_was_chosen(
    changes: dict[str, Any], k: int, parts: list[str]
) -> None:
    chosen = {"n_components": k, "covariance_type": "full"}
    found = findings.of_sweep(FITS.assign(**changes), chosen)
    assert [part for part in parts if part not in found.sentence] == []


def test_which_k_come_back_beside_songs_without_groups() -> None:
    found = pd.DataFrame({
        "k": [2, 3, 4], "covariance_type": "full", "ari": [0.9, 0.7, 0.6],
        "reference_ari": [0.85, 0.4, 0.2], "supported": [0, 1, 1],
    })  # fmt: skip
    said = findings.of_stability(found).sentence
    assert "at K = 4 (ARI 0.60, without groups 0.20); supported: K = 3 and K = 4" in said
    assert findings.of_stability(found.assign(supported=0)).sentence.endswith("supported: none")


def test_the_share_of_variance_between_means() -> None:
    means = np.array([[1.0, 0, 0, 0, 0.5], [-1.0, 0, 0, 0, -0.5]])
    mixture = Mixture("full", np.ones(2) / 2, means, np.array([np.eye(5)] * 2))
    found = findings.of_means(mixture, SCALING)
    assert "most in tempo (100% " in found.sentence
    assert "least in energy (0%)" in found.sentence
    assert found.statistics["max_variance_between_share"] == 1


@pytest.mark.parametrize(
    ("covariances", "said"),
    [
        ([np.diag([1, 4.0]), np.eye(2)], "0 is spread widest, component 1 least; within them no"),
        ([np.eye(2), np.eye(2)], "All components are spread alike; within them no two features"),
        (
            [[[1, -0.5], [-0.5, 1]]] * 2,
            "tempo and energy vary together most (mean correlation",
        ),
    ],
)
def test_which_component_is_widest(covariances: list[Any], said: str) -> None:
    mixture = Mixture("full", np.ones(2) / 2, np.zeros((2, 2)), np.array(covariances, dtype=float))
    two = Scaling(("tempo", "energy"), ("identity",) * 2, np.zeros(2), np.ones(2))
    found = findings.of_spreads(covariances_table(mixture, two, pd.DataFrame()), 2)
    assert said in found.sentence


def test_entropy_where_ellipses_overlap() -> None:
    songs = pd.DataFrame(np.zeros((3, 5)), columns=FEATURES)
    songs.iloc[2] = 5
    songs = songs.assign(gmm_entropy=[0.4, 0.6, 0.1])
    plane = Plane(SCALING, np.eye(5)[:, :2], np.zeros(5), np.array([0.5, 0.3]))
    two = Mixture("full", np.ones(2) / 2, np.zeros((2, 5)), np.array([np.eye(5)] * 2))
    found = findings.of_entropy_map(songs, two, plane)
    assert found.sentence.endswith("a mean entropy of 0.50 nats, the others 0.10")
    far = Mixture("full", two.weights, two.means + 99, two.covariances)
    assert findings.of_entropy_map(songs, far, plane).sentence == "The mean entropy is 0.37 nats"


@pytest.mark.parametrize(
    ("sure", "said"),
    [(0.5, "50% of songs, averaged over refits for 40%; 20% are ambiguous"), (1.0, "every song")],
)
def test_of_how_many_songs_the_mixture_is_sure(sure: float, said: str) -> None:
    metrics = {
        "soft_assign": {"above_90_percent_share": sure},
        "uncertainty": {"ambiguous_songs_share": 0.2, "averaged_above_90_percent_share": 0.4},
    }
    assert said in findings.of_certainty(metrics).sentence


def test_whose_songs_are_least_their_own() -> None:
    posterior = [[0.9, 0.1, 0], [0.7, 0.2, 0.1], [0.3, 0.6, 0.1]]
    songs = pd.DataFrame(posterior, columns=["gmm_prob_0", "gmm_prob_1", "gmm_prob_2"])
    found = findings.of_overlap(songs.assign(gmm_cluster=[0, 0, 1]), 3)
    assert "component 1 are least its own: 40% of" in found.sentence
    assert found.sentence.endswith("with 0 (30%)")
    assert found.statistics["max_posterior_with_others_share"] == pytest.approx(0.4)


def test_which_component_k_means_sees_too() -> None:
    counts = pd.DataFrame({"songs": [20, 5, 0, 0, 10, 0, 5, 0, 20]})
    found = findings.of_labels_map(counts, 3)
    assert "83% of the songs alike: most of component 1 (100%)" in found.sentence
    assert found.statistics["min_component_matched_share"] == 0.8


@pytest.mark.parametrize(
    ("k", "said"), [(3, "K = 3 (0.300)"), (2, "K = 3 (0.300; 0.200 at the chosen K = 2)")]
)
def test_where_the_silhouette_is_highest(k: int, said: str) -> None:
    curve = pd.DataFrame({"k": [2, 3], "silhouette": [0.2, 0.3]})
    assert findings.of_elbow(curve, k).sentence.endswith(said)


def test_how_concentrated_genres_are() -> None:
    counts = pd.DataFrame(
        {"genre": ["a", "a", "b", "b"], "gmm_cluster": [0, 1, 0, 1], "songs": [9, 1, 5, 5]}
    )
    found = findings.of_genres(counts, 2)
    assert "holds 70% of the songs; most in a (90%)" in found.sentence
