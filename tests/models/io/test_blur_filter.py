from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from models.io.blur_filter import blurred


def test_a_blur_keeps_size_and_colour_and_shows_no_shape() -> None:
    picture = Image.new("RGB", (128, 192), (200, 120, 90))
    ImageDraw.Draw(picture).ellipse((50, 60, 70, 80), fill=(20, 20, 20))
    seen = np.asarray(blurred(picture), np.float32)
    assert seen.shape == (192, 128, 3)
    assert np.abs(seen[150:, :] - (200, 120, 90)).max() < 3
    steepest = max(np.abs(np.diff(seen, axis=axis)).max() for axis in (0, 1))
    assert steepest < 20, "the edge of 180 levels is gone"


def test_small_and_other_pictures_come_out_in_rgb() -> None:
    for mode in ("L", "RGBA", "P"):
        assert (blurred(Image.new(mode, (3, 2))).mode, blurred(Image.new(mode, (3, 2))).size) == ("RGB", (3, 2))
