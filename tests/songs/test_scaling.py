"""Original units → standardized → original units."""

import numpy as np
import pandas as pd
import pytest

from song_mixtures.fitting.criteria import evaluate_fit
from song_mixtures.fitting.fit import fit_mixture
from song_mixtures.mixture.model import posteriors
from song_mixtures.songs.scaling import (
    FORWARD,
    LOG_SLOPE,
    Scaling,
    Transform,
    squeeze_of,
    squeezed,
    transformed,
)
from tests.fitting.test_em import PARAMS

SONGS = pd.DataFrame({"tempo": [60.0, 120.0, 240.0], "energy": [0.2, 0.5, 0.8], "other": [1, 2, 3]})


def scaling() -> Scaling:
    return Scaling(("tempo", "energy"), ("log2", "logit"), np.array([6.9, 0.1]), np.array([2.0, 3]))


def test_standardized_by_hand() -> None:
    plain = Scaling(("energy",), ("identity",), np.array([0.5]), np.array([0.3]))
    np.testing.assert_allclose(plain.standardize(SONGS), [[-1.0], [0.0], [1.0]], atol=1e-12)


def test_transforms_by_hand() -> None:
    values = np.array([[8.0, 0.5], [1.0, 0.75]])
    expected = [[3.0, 0.0], [0.0, np.log(3)]]
    np.testing.assert_allclose(transformed(values, ("log2", "logit")), expected, atol=1e-15)


def test_original_units_undo_standardize() -> None:
    back = scaling().original_units(scaling().standardize(SONGS))
    np.testing.assert_allclose(back, SONGS[["tempo", "energy"]], rtol=1e-12)


def test_original_units_of_one_point_and_of_many() -> None:
    points = scaling().standardize(SONGS)
    np.testing.assert_array_equal(
        scaling().original_units(points[1]), scaling().original_units(points)[1]
    )


def test_json_keeps_the_scaling() -> None:
    found = Scaling.from_json(scaling().to_json() | {"weights": []})
    np.testing.assert_array_equal(found.standardize(SONGS), scaling().standardize(SONGS))


def test_a_table_without_the_feature_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError, match="energy"):
        scaling().standardize(SONGS[["tempo"]])


def test_a_squeeze_by_hand() -> None:
    songs = pd.DataFrame({"energy": [0.0, 0.5, 1.0, 0.25], "valence": [0.1, 0.2, 0.3, 0.4]})
    transform: dict[str, Transform] = {"energy": "logit", "valence": "logit"}
    assert squeeze_of(songs, transform) == {"energy": 4}
    assert squeeze_of(songs, {"energy": "identity", "valence": "logit"}) == {}
    found = squeezed(songs, {"energy": 4})
    np.testing.assert_allclose(found["energy"], [0.125, 0.5, 0.875, 0.3125])
    np.testing.assert_array_equal(found["valence"], songs["valence"])


def test_original_units_undo_a_squeeze_and_json_keeps_it() -> None:
    songs = SONGS.assign(energy=[0.0, 0.3, 1.0])
    made = scaled(songs, ("log2", "logit"))
    assert made.squeeze == {"energy": 3}
    kept = Scaling.from_json(made.to_json())
    np.testing.assert_array_equal(kept.standardize(songs), made.standardize(songs))
    back = kept.original_units(kept.standardize(songs))
    np.testing.assert_allclose(back, songs[["tempo", "energy"]], rtol=1e-12, atol=1e-12)


# ---- the Jacobian

TWO = ("tempo", "energy")


def scaled(songs: pd.DataFrame, transforms: tuple[Transform, Transform]) -> Scaling:
    """Return the scaling of tempo and energy that stage preprocess would make."""
    squeeze = squeeze_of(songs, dict(zip(TWO, transforms, strict=True)))
    values = transformed(squeezed(songs[list(TWO)], squeeze).to_numpy(), transforms)
    return Scaling(TWO, transforms, values.mean(axis=0), values.std(axis=0), squeeze)


def two_features(seed: int = 3, ends: bool = False) -> pd.DataFrame:
    """Return 300 songs with tempo and energy; with `ends` an energy of 0 and one of 1."""
    rng = np.random.default_rng(seed)
    energy = rng.beta(2, 3, 300)
    energy[:2] = (0, 1) if ends else energy[:2]
    return pd.DataFrame({"tempo": np.exp2(rng.normal(7, 0.3, 300)), "energy": energy})


def test_the_jacobian_is_nothing_without_a_transform() -> None:
    songs = two_features()
    assert scaled(songs, ("identity", "identity")).log_jacobian(songs) == pytest.approx(0, abs=1e-9)


def test_a_linear_transform_changes_no_criterion(monkeypatch: pytest.MonkeyPatch) -> None:
    # A squeeze is linear, and so is this one in place of log2: tempo in Hz, from the other end.
    monkeypatch.setitem(FORWARD, "log2", lambda bpm: 5 - bpm / 60)
    monkeypatch.setitem(LOG_SLOPE, "log2", lambda bpm: np.full_like(bpm, -np.log(60)))
    monkeypatch.setitem(FORWARD, "logit", np.positive)
    monkeypatch.setitem(LOG_SLOPE, "logit", np.zeros_like)
    songs = two_features(ends=True)
    found = []
    for transforms in (("identity", "identity"), ("log2", "logit")):
        made = scaled(songs, transforms)
        points = made.standardize(songs)
        fit = evaluate_fit(
            fit_mixture(points, 2, "full", PARAMS), points, 1e-6, made.log_jacobian(songs)
        )
        found.append([fit.log_likelihood, fit.bic, fit.aic, fit.icl])
    assert made.squeeze == {"energy": 300}
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


@pytest.mark.parametrize("ends", [False, True])
def test_the_density_integrates_to_one_in_original_units(ends: bool) -> None:
    """With its log-slopes the density of z is one of tempo and energy, and holds 1 of the songs."""
    songs = two_features(ends=ends)
    made = scaled(songs, ("log2", "logit"))
    assert bool(made.squeeze) == ends
    mixture = fit_mixture(made.standardize(songs), 2, "full", PARAMS).mixture
    # Cells that are narrow where the logit is steep; a squeezed one ends a little beyond 0 and 1.
    edges = np.exp2(np.linspace(3, 11, 601)), 1 / (1 + np.exp(-np.linspace(-25, 25, 1001)))
    edges = (edges[0], (edges[1] * 300 - 0.5) / 299 if ends else edges[1])
    middles = np.meshgrid(*[(edge[1:] + edge[:-1]) / 2 for edge in edges])
    cells = np.multiply(*np.meshgrid(*map(np.diff, edges))).ravel()
    grid = pd.DataFrame({"tempo": middles[0].ravel(), "energy": middles[1].ravel()})
    log_densities = posteriors(mixture, made.standardize(grid))[1] + made.log_slopes(grid)
    assert np.exp(log_densities) @ cells == pytest.approx(1, abs=1e-3)


def test_the_jacobian_is_that_of_finite_differences() -> None:
    songs = two_features(ends=True)
    made = scaled(songs, ("log2", "logit"))
    total = 0.0
    for feature, step in (("tempo", 1e-3), ("energy", 1e-7)):
        j = TWO.index(feature)
        above = made.standardize(songs.assign(**{feature: songs[feature] + step}))[:, j]
        below = made.standardize(songs.assign(**{feature: songs[feature] - step}))[:, j]
        total += np.log((above - below) / (2 * step) * songs[feature].std(ddof=0)).sum()
    assert made.log_jacobian(songs) == pytest.approx(total, rel=1e-6)
