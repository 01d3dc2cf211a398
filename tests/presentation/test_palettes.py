"""Colors: the same for a component everywhere, and told apart by any eyes."""

import numpy as np
import pytest

from song_mixtures.presentation.figures.palettes import PALETTES, palette_colors


def test_a_component_keeps_its_color_whatever_k_and_shares_it_only_above_twenty() -> None:
    assert len(set(palette_colors("distinct", 20))) == 20
    assert palette_colors("distinct", 22)[20:] == list(PALETTES["distinct"][:2])
    assert palette_colors("distinct", 20)[:5] == palette_colors("distinct", 5)
    assert palette_colors("tableau", 7)[:5] == palette_colors("tableau", 5)


def seen_by(color_blind: list[list[float]], colors: list[str]) -> np.ndarray:
    """Return CIELAB as seen with a Machado et al. (2009) matrix of full severity."""
    srgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(color_blind).T, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = seen @ np.array(to_xyz).T / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.column_stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])]
    )


@pytest.mark.parametrize(
    "eyes",
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
    ],
    ids=["normal", "deuteranope", "protanope", "tritanope"],
)
def test_any_eyes_tell_the_twenty_colors_apart(eyes: list[list[float]]) -> None:
    lab = seen_by(eyes, list(PALETTES["distinct"]))
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + 99 * np.eye(20)
    assert distances.min() > 12
