from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from models.vision.hints.lines import canny, lineart, tile

pictures = hnp.arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40), st.just(3)))


@settings(max_examples=30)
@given(pictures)
def test_hints_are_rgb_of_the_pictures_size_and_the_same_again(levels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    picture = Image.fromarray(levels)
    for made in (canny(picture), lineart(picture), tile(picture)):
        assert (made.mode, made.size) == ("RGB", picture.size)
    assert canny(picture).tobytes() == canny(picture).tobytes()
    assert set(np.unique(np.asarray(canny(picture)))) <= {0, 255}
    assert tile(picture).tobytes() == picture.tobytes()


def drawn() -> Image.Image:
    """A dark line of two pixels on a light ground, beside a box of another light colour."""
    picture = Image.new("RGB", (64, 64), (230, 230, 230))
    picture.paste((20, 20, 20), (20, 8, 22, 56))
    picture.paste((200, 120, 120), (40, 20, 60, 44))
    return picture


def test_edges_lie_where_colours_change() -> None:
    edges = np.asarray(canny(drawn()))[..., 0] > 0
    assert edges[30, 38:42].any()
    assert edges[30, 58:62].any()
    assert not edges[30, 45:55].any()
    assert not edges[2:6].any()


def test_lines_are_white_where_the_picture_is_darker_than_around() -> None:
    lines = np.asarray(lineart(drawn()))[..., 0]
    assert lines[30, 20:22].min() > 100
    assert lines[30, 4:12].max() < 20
    assert lines[30, 28:34].max() < 60


@pytest.mark.parametrize("make", [canny, lineart])
def test_a_picture_without_lines_gives_black(make: object) -> None:
    assert callable(make)
    assert np.asarray(make(Image.new("RGB", (32, 32), (90, 140, 60)))).max() == 0
