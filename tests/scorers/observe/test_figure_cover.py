from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import ShareBox
from scorers.observe.figure_cover import ROWS, cover_of, covers
from scorers.observe.parts import Mask


def person(height: int, width: int) -> Mask:
    """The left half of an image."""
    mask = np.zeros((height, width), np.bool_)
    mask[:, : width // 2] = True
    return mask


@pytest.mark.parametrize(("height", "width"), [(192, 128), (1024, 768), (64, 64)])
def test_a_place_is_covered_where_the_figure_is(height: int, width: int) -> None:
    cover = cover_of(person(height, width))
    assert len(cover) == ROWS
    assert covers(cover, ShareBox(0.1, 0.4, 0.3, 0.6))
    assert not covers(cover, ShareBox(0.6, 0.4, 0.8, 0.6))
    assert not covers(cover, ShareBox(0.3, 0.4, 0.7, 0.6)), "half of it is not enough"


def test_no_figure_covers_nothing() -> None:
    assert cover_of(np.zeros((20, 10), np.bool_)) == ()
    assert not covers((), ShareBox(0, 0, 1, 1))


@given(st.integers(1, 300), st.integers(1, 300), st.tuples(*[st.floats(0, 1)] * 4))
def test_any_box_of_any_image_can_be_asked_for(height: int, width: int, corners: tuple[float, float, float, float]) -> None:
    left, right = sorted(corners[:2])
    top, bottom = sorted(corners[2:])
    assert covers(cover_of(np.ones((height, width), np.bool_)), ShareBox(left, top, right, bottom))
