"""What ControlNets are told, as it lies in a part of the image."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optimizer.control.cut import cut_hints, told_itself
from optimizer.control.hints import Hint, Hints

SIZE = (32, 48)
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 32, 3), np.uint8)
HINTS = Hints({"edges": Hint("0" * 64, PICTURE)})


def cut(box: tuple[float, float, float, float], size: tuple[int, int] = SIZE) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    found = cut_hints(HINTS, box, size)
    assert found is not None
    return found.by_net["edges"].picture


def test_the_whole_image_is_told_as_it_is() -> None:
    assert np.array_equal(cut((0, 0, 1, 1)), PICTURE)
    assert cut_hints(HINTS, (0, 0, 1, 1), SIZE) == HINTS
    assert cut_hints(None, (0, 0, 1, 1), SIZE) is None


@given(st.integers(0, 16), st.integers(0, 24))
def test_a_box_of_whole_pixels_is_cut_out(left: int, top: int) -> None:
    box = left / 32, top / 48, (left + 16) / 32, (top + 24) / 48
    assert np.array_equal(cut(box, (16, 24)), PICTURE[top : top + 24, left : left + 16])


def test_beyond_the_image_its_edge_goes_on() -> None:
    found = cut((0, 0, 1.5, 1), (48, 48))
    assert np.array_equal(found[:, :32], PICTURE)
    assert np.array_equal(found[:, 40], PICTURE[:, 31])


def test_a_control_net_of_tiles_is_told_what_is_drawn_again() -> None:
    tile = Image.fromarray(PICTURE[::-1].copy())
    found = told_itself(HINTS, "tile", "1" * 64, tile)
    assert np.array_equal(found.by_net["tile"].picture, PICTURE[::-1])
    assert found.by_net["edges"] is HINTS.by_net["edges"]
    assert told_itself(None, "tile", "1" * 64, tile).by_net.keys() == {"tile"}
