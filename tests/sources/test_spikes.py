"""A value that many songs share: it is found, refused with two cures, or spread."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from song_mixtures.pipeline.stage import StageError
from song_mixtures.songs.scaling import Scaling, Transform, squeeze_of
from song_mixtures.sources.spikes import SPREAD, check_spikes, spikes, spread_spikes

PLAIN: dict[str, Transform] = {"x": "identity", "y": "identity"}


def songs_with(share: float, count: int = 1000, value: float = 0.0) -> pd.DataFrame:
    """Return songs whose x is one value in a share of them, and else between 0 and 1."""
    rng = np.random.default_rng(1)
    x = rng.beta(2, 3, count)
    x[: round(share * count)] = value
    return pd.DataFrame({"x": x, "y": rng.normal(size=count)})


def alone(songs: pd.DataFrame, transform: dict[str, Transform]) -> Scaling:
    """Return the transforms as stage preprocess hands them over."""
    d = len(transform)
    squeeze = squeeze_of(songs, transform)
    return Scaling(tuple(transform), tuple(transform.values()), np.zeros(d), np.ones(d), squeeze)


def test_spikes_are_values_that_more_than_a_twentieth_of_the_songs_share() -> None:
    values = pd.Series([0.0] * 6 + [1.0] * 5 + list(range(2, 91)))
    assert spikes(values).to_dict() == {0.0: 6}
    assert spikes(pd.Series([0.0, 0.0, 1.0])).empty  # two songs are none


@pytest.mark.parametrize(
    ("share", "count", "is_refused"),
    [(0.101, 1000, True), (0.1, 1000, False), (0.5, 31, True), (0.5, 30, False)],
)
def test_more_than_a_tenth_of_more_than_thirty_songs_is_refused(
    share: float, count: int, is_refused: bool
) -> None:
    songs = songs_with(share, count)
    if not is_refused:
        check_spikes(songs, PLAIN, [])
        return
    with pytest.raises(StageError, match=rf"x is 0 in \d+ of {count:,} songs \(\d+%\)"):
        check_spikes(songs, PLAIN, [])


def test_the_refusal_names_feature_value_share_and_two_lines_to_paste() -> None:
    with pytest.raises(StageError) as refused:
        check_spikes(songs_with(0.34), {"x": "logit", "y": "identity"}, ["y"])
    said = str(refused.value)
    assert "x is 0 in 340 of 1,000 songs (34%)" in said
    assert "`dvc exp run -S input.columns.x=null`" in said
    assert "`dvc exp run -S 'preprocess.spread=[y,x]'`" in said


def test_a_share_that_is_not_transformed_is_better_spread_after_a_logit() -> None:
    with pytest.raises(StageError, match=r"spread=\[x\]' -S \+\+preprocess\.transform\.x=logit`"):
        check_spikes(songs_with(0.34), PLAIN, [])


def test_what_is_spread_is_not_refused_and_what_is_no_feature_is() -> None:
    check_spikes(songs_with(0.34), PLAIN, ["x"])
    with pytest.raises(StageError, match=r"preprocess\.spread names z, expected .*: x, y"):
        check_spikes(songs_with(0.34), PLAIN, ["z"])


@pytest.mark.parametrize("name", ["identity", "logit"])
def test_a_spike_at_the_end_is_spread_inward_as_wide_as_said(name: Transform) -> None:
    songs = songs_with(0.34)
    transform: dict[str, Transform] = {"x": name, "y": "identity"}
    scaling = alone(songs, transform)
    found, done = spread_spikes(songs, ["x"], scaling, seed=42)
    before, after = scaling.standardize(songs)[:, 0], scaling.standardize(found)[:, 0]
    there = (songs["x"] == 0).to_numpy()
    np.testing.assert_array_equal(found["x"][~there], songs["x"][~there])
    np.testing.assert_array_equal(found["y"], songs["y"])
    moved = (after - before)[there] / before.std()
    assert moved.min() >= -1e-9
    # The root mean square of a half-normal distribution is the deviation of the whole one.
    assert np.sqrt((moved**2).mean()) == pytest.approx(SPREAD, rel=0.1)
    assert found["x"].between(0, 1).all()
    assert spikes(found["x"]).empty
    assert done.to_dict("records") == [
        {
            "feature": "x",
            "spread_songs": 340,
            "spread": "x was 0 in 340 of 1,000 songs, which are spread 0.25 standard deviations "
            "wide, at random",
        }
    ]


def test_a_spike_in_the_middle_is_spread_to_both_sides() -> None:
    songs = songs_with(0.34, value=0.4)
    found, _ = spread_spikes(songs, ["x"], alone(songs, PLAIN), seed=42)
    moved = (found["x"] - 0.4)[songs["x"] == 0.4]
    assert abs(moved.mean()) < 4 * moved.std() / np.sqrt(len(moved))
    assert (moved < 0).mean() == pytest.approx(0.5, abs=0.1)


def test_what_is_drawn_depends_on_seed_and_feature_and_on_no_other_feature() -> None:
    songs = songs_with(0.34).assign(y=lambda table: table["x"])
    both, _ = spread_spikes(songs, ["x", "y"], alone(songs, PLAIN), seed=42)
    one, _ = spread_spikes(songs, ["y"], alone(songs, PLAIN), seed=42)
    other, _ = spread_spikes(songs, ["y"], alone(songs, PLAIN), seed=43)
    np.testing.assert_array_equal(both["y"], one["y"])
    assert (both["x"] != both["y"]).any()
    assert (other["y"] != one["y"]).any()


def test_a_feature_without_a_spike_stays_as_it_is_and_that_is_said() -> None:
    songs = songs_with(0)
    found, done = spread_spikes(songs, ["x"], alone(songs, PLAIN), seed=42)
    np.testing.assert_array_equal(found, songs)
    assert done["spread_songs"].tolist() == [0]
    assert "x has no value to spread" in done["spread"][0]


@given(st.sampled_from([0.0, 0.25, 1.0]), st.sampled_from([0.06, 0.4, 0.9]), st.integers(0, 9))
def test_no_song_leaves_the_range_and_no_order_changes_among_the_others(
    value: float, share: float, seed: int
) -> None:
    songs = songs_with(share, 200, value)
    transform: dict[str, Transform] = {"x": "logit", "y": "identity"}
    found, _ = spread_spikes(songs, ["x"], alone(songs, transform), seed)
    assert found["x"].min() >= songs["x"].min()
    assert found["x"].max() <= songs["x"].max()
    others = songs["x"] != value
    np.testing.assert_array_equal(found["x"][others], songs["x"][others])
