from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.boxes import PixelBox
from scorers.observe.crops import FACE_SIDE, GROUND, enlarged_head, masked_crop, square_crop


@given(st.integers(-20, 60), st.integers(-20, 60), st.floats(0.5, 80), st.floats(0.5, 80))
def test_crops_are_square_wherever_the_box_lies(left: int, top: int, width: float, height: float) -> None:
    crop = square_crop(Image.new("RGB", (40, 30)), PixelBox(left, top, left + width, top + height), 0.1)
    assert crop.width == crop.height >= 1


def test_ground_is_neutral_outside_the_mask() -> None:
    mask = np.zeros((30, 40), bool)
    mask[5:10, 5:10] = True
    crop = masked_crop(Image.new("RGB", (40, 30), (255, 0, 0)), mask, PixelBox(5, 5, 10, 10), margin=0.5)
    assert {colour for _, colour in crop.getcolors() or []} == {GROUND, (255, 0, 0)}


def test_a_small_face_is_enlarged_and_points_come_back() -> None:
    image = Image.new("RGB", (128, 192))
    crop, scale, corner = enlarged_head(image, PixelBox(40, 30, 90, 80), PixelBox(45, 40, 85, 80))
    assert scale * 40 >= FACE_SIDE
    assert (corner[0] + crop.width / scale) <= 128.5
    assert corner[0] >= 0
    assert enlarged_head(image, PixelBox(0, 0, 128, 192), PixelBox(0, 0, 128, 192))[1] == 1.0
