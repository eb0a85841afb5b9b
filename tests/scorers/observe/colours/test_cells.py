"""Colours by place: the same thing elsewhere and at another size has the same cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from models.boxes import PixelBox
from models.errors import InputError
from scorers.observe.colours.cells import HEAD_SIDE, SIDE, Cells, clothing_cells, head_cells, read_cells, shoe_cells, stored_cells
from scorers.observe.colours.histogram import lab
from scorers.observe.parts import Mask

PINK, BLACK, GROUND = (247, 148, 186), (20, 20, 20), (200, 220, 240)


def dress(size: tuple[int, int], box: tuple[int, int, int, int]) -> tuple[Image.Image, Mask]:
    """A pink box with a black belt across its middle, and where it is."""
    image = Image.new("RGB", size, GROUND)
    left, top, right, low = box
    pen, high = ImageDraw.Draw(image), low - top
    pen.rectangle((left, top, right - 1, low - 1), fill=PINK)
    pen.rectangle((left, top + high * 3 // 8, right - 1, top + high // 2 - 1), fill=BLACK)
    mask = np.zeros((size[1], size[0]), np.bool_)
    mask[top:low, left:right] = True
    return image, mask


def test_a_garment_has_the_same_cells_wherever_it_is_and_however_large() -> None:
    one = clothing_cells(*dress((100, 120), (30, 20, 62, 84)))
    other = clothing_cells(*dress((400, 480), (150, 90, 278, 346)))
    assert one.covered.shape == (SIDE, SIDE)
    assert (one.covered != other.covered).mean() < 0.05
    both = one.covered & other.covered
    assert np.abs(one.lab[both] - other.lab[both]).max() < 1e-6


def test_a_sleeve_does_not_move_the_rows() -> None:
    image, mask = dress((100, 120), (30, 40, 62, 104))
    raised = mask.copy()
    raised[10:60, 62:70] = True
    bare, sleeved = clothing_cells(image, mask), clothing_cells(image, raised)
    belt = [np.flatnonzero((found.lab[:, SIDE // 2, 0] < 20) & found.covered[:, SIDE // 2]) for found in (bare, sleeved)]
    assert belt[0].tolist() == belt[1].tolist()


def test_a_small_piece_elsewhere_is_no_part_of_the_garment() -> None:
    image, mask = dress((100, 120), (30, 40, 62, 104))
    torn = mask.copy()
    torn[5:20, 40:55] = True
    assert np.array_equal(clothing_cells(image, torn).covered, clothing_cells(image, mask).covered)


def test_what_the_lower_edge_cuts_off_is_known_to_be_cut() -> None:
    assert clothing_cells(*dress((100, 104), (30, 40, 62, 104))).cut
    assert not clothing_cells(*dress((100, 120), (30, 40, 62, 104))).cut


def test_each_shoe_has_its_half() -> None:
    image = Image.new("RGB", (100, 60), GROUND)
    pen, mask = ImageDraw.Draw(image), np.zeros((60, 100), np.bool_)
    for x, colour in ((10, PINK), (60, BLACK)):
        pen.rectangle((x, 20, x + 19, 49), fill=colour)
        mask[20:50, x : x + 20] = True
    found = shoe_cells(image, mask, 0.001)
    assert found.covered.all()
    assert np.allclose(found.lab[:, : SIDE // 2], lab(np.array([PINK], np.uint8))[0])
    assert np.allclose(found.lab[:, SIDE // 2 :], lab(np.array([BLACK], np.uint8))[0])


def test_a_face_counts_whatever_a_parser_takes_it_for() -> None:
    image = Image.new("RGB", (100, 100), PINK)
    found = head_cells(image, np.zeros((100, 100), np.bool_), PixelBox(40, 40, 60, 70))
    assert found.covered.shape == (HEAD_SIDE, HEAD_SIDE)
    assert 0.03 < found.covered.mean() < 0.2


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_stored_cells_come_back(seed: int, cut: bool) -> None:
    rng = np.random.default_rng(seed)
    covered = rng.random((16, 32)) < 0.6
    colours = np.where(covered[:, :, None], lab(rng.integers(0, 256, (512, 3), dtype=np.uint8)).reshape(16, 32, 3), 0.0)
    found = read_cells(stored_cells(Cells(colours, covered, cut)))
    assert np.array_equal(found.covered, covered)
    assert found.cut == cut
    assert np.abs(found.lab - colours).max() < 1


@pytest.mark.parametrize("text", ["x", "", "not cells", "é"])
def test_damaged_cells_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not stored cells"):
        read_cells(text)
