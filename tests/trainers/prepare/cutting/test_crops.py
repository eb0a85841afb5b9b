from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import PixelBox
from trainers.prepare.cutting.crops import box_in_crop, window

SIZES = ((128, 192), (64, 96))
SIDES = st.floats(0, 48, allow_nan=False)


@st.composite
def photos(draw: st.DrawFn) -> tuple[tuple[int, int], PixelBox, PixelBox]:
    """A photo's size, a box in it, and a smaller box inside that one."""
    width, height = draw(st.integers(3, 2000)), draw(st.integers(3, 2000))
    left, right = sorted((draw(st.floats(0, width)), draw(st.floats(0, width))))
    top, bottom = sorted((draw(st.floats(0, height)), draw(st.floats(0, height))))
    box = PixelBox(left, top, right, bottom)
    part = draw(st.floats(0, 1))
    return (width, height), box, PixelBox(left, top + part * (bottom - top), right, bottom)


@given(photos(), st.floats(0, 0.3))
def test_windows_lie_inside_have_the_ratio_and_hold_what_they_can(
    photo: tuple[tuple[int, int], PixelBox, PixelBox], padding: float
) -> None:
    size, box, keep = photo
    cut = window(box, size, SIZES[0], padding=padding, keep=keep)
    assert cut is not None
    left, top, right, bottom = cut
    assert 0 <= left < right <= size[0]
    assert 0 <= top < bottom <= size[1]
    assert (right - left) * 192 == (bottom - top) * 128
    for low, high, start, end in ((keep.left, keep.right, left, right), (keep.top, keep.bottom, top, bottom)):
        if high - low <= end - start - 1:
            assert start - 0.51 <= low
            assert high <= end + 0.51


def test_a_photo_smaller_than_the_ratio_itself_has_no_window() -> None:
    assert window(PixelBox(0, 0, 1, 1), (1, 2), (128, 192)) is None


def test_a_box_of_the_photo_in_its_crop() -> None:
    assert box_in_crop(PixelBox(30, 20, 50, 200), (20, 20, 60, 100), (20, 40)) == PixelBox(5, 0, 15, 40)


@given(st.tuples(SIDES, SIDES).map(sorted), st.tuples(SIDES, SIDES).map(sorted))
def test_a_window_as_large_as_the_photo_changes_no_box(x: list[float], y: list[float]) -> None:
    box = PixelBox(x[0], y[0], x[1], y[1])
    assert box_in_crop(box, (0, 0, 48, 48), (48, 48)) == pytest.approx(box)
