"""How a feature's values are written."""

from song_mixtures.songs.features import signed


def test_numbers_have_a_true_minus_sign_and_zero_has_none() -> None:
    assert [signed(-0.004), signed(-1.256), signed(3, 0)] == ["0.00", "−1.26", "3"]
