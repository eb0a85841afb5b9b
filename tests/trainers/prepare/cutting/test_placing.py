from __future__ import annotations

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import PixelBox
from tests.trainers.prepare.cutting.test_crops import photos
from trainers.prepare.cutting.buckets import buckets, half
from trainers.prepare.cutting.crops import window
from trainers.prepare.cutting.placing import Placement, clipped, is_halved, place, same

SIZE = (512, 768)


def test_the_own_ratio_comes_first_and_then_the_nearest() -> None:
    found = buckets(SIZE)
    assert found[0] == SIZE
    distances = [abs(log(w / h) - log(512 / 768)) for w, h in found]
    assert distances == sorted(distances)
    assert {(768, 512), (640, 576), (1024, 384), (384, 1024)} <= set(found)
    for width, height in found:
        assert width % 64 == height % 64 == 0
        assert 0.9 * 512 * 768 <= width * height <= 512 * 768
        assert max(width, height) <= 3 * min(width, height)


@pytest.mark.parametrize("size", [(128, 192), (64, 96), (32, 48), (100, 150), (2, 2), (1024, 1024), (510, 300)])
def test_every_size_has_buckets_whose_halves_are_whole(size: tuple[int, int]) -> None:
    assert buckets(size)[0] == size
    assert len(set(buckets(size))) == len(buckets(size))
    assert all(side % 16 == 0 for made in buckets(size)[1:] for side in made)


@given(photos(), st.floats(0, 0.3))
def test_all_of_the_box_is_inside_the_photo_and_nothing_is_enlarged(
    photo: tuple[tuple[int, int], PixelBox, PixelBox], padding: float
) -> None:
    size, box, keep = photo
    placed = place(box, (0, 0, *size), SIZE, padding=padding, keep=keep)
    width, height = box.right - box.left, box.bottom - box.top
    if placed is None:
        # No bucket's largest window in the photo is as large as the box.
        scales = [(w, h, min(size[0] / w, size[1] / h)) for w, h in buckets(SIZE)]
        assert all(width > w * scale - 12 or height > h * scale - 12 for w, h, scale in scales)
        return
    left, top, right, bottom = placed.window
    lost = max(1.0, 0.01 * max(width, height)) + 1e-9
    assert 0 <= left <= box.left + lost
    assert 0 <= top <= box.top + lost
    assert box.right - lost <= right <= size[0]
    assert box.bottom - lost <= bottom <= size[1]
    assert (right - left) / placed.bucket[0] == pytest.approx((bottom - top) / placed.bucket[1], abs=2 / min(placed.bucket))
    for halved in (False, True):
        width, height = placed.size(halved=halved)
        if placed.is_usable:
            assert width <= right - left
            assert height <= bottom - top


@given(photos(), st.floats(0, 0.3))
def test_where_the_own_ratio_holds_the_box_it_is_cut_as_ever(
    photo: tuple[tuple[int, int], PixelBox, PixelBox], padding: float
) -> None:
    size, box, keep = photo
    old = window(box, size, SIZE, padding=padding, keep=keep)
    if old is not None and old[0] <= box.left and old[1] <= box.top and old[2] >= box.right and old[3] >= box.bottom:
        placed = place(box, (0, 0, *size), SIZE, padding=padding, keep=keep)
        assert placed == Placement(old, SIZE) or not Placement(old, SIZE).is_usable


def test_wide_sneakers_keep_heel_and_toe() -> None:
    placed = place(PixelBox(100, 500, 1500, 1100), (0, 0, 1600, 1200), SIZE, padding=0.08)
    assert placed is not None
    assert placed.bucket == (704, 512)
    assert placed.window[0] <= 100
    assert placed.window[2] >= 1500


@pytest.mark.parametrize(
    "image", [(1200, 1600), (1600, 1200), (3024, 4032), (1080, 1350), (1080, 1080), (1600, 900), (777, 1999)]
)
def test_a_wearer_who_fills_a_photo_of_any_usual_shape_stays_whole(image: tuple[int, int]) -> None:
    placed = place(PixelBox(0, 0, *image), (0, 0, *image), SIZE, padding=0.02)
    assert placed is not None
    left, top, right, bottom = placed.window
    assert (right - left) * (bottom - top) >= 0.985 * image[0] * image[1]
    assert placed.is_usable
    # A stretch that nobody sees.
    assert (right - left) / placed.bucket[0] == pytest.approx((bottom - top) / placed.bucket[1], rel=2e-3)


def test_a_belt_across_a_strip_fits_nothing() -> None:
    assert place(PixelBox(0, 10, 1000, 90), (0, 0, 1000, 100), SIZE, padding=0.0) is None


def test_a_window_stays_inside_the_area() -> None:
    placed = place(PixelBox(120, 220, 500, 700), (100, 200, 700, 1000), SIZE, padding=0.5)
    assert placed is not None
    assert placed.window[0] >= 100
    assert placed.window[1] >= 200
    assert placed.window[2] <= 700
    assert placed.window[3] <= 1000


def sized(*fulls: bool) -> list[Placement]:
    return [Placement((0, 0, 600, 900) if full else (0, 0, 300, 450), SIZE) for full in fulls]


def test_a_set_is_halved_where_most_of_it_must_be_and_never_for_one_photo() -> None:
    assert not is_halved(sized(True, True, True, False))
    assert not is_halved(sized(True, True, False))
    assert not is_halved(sized(True, False))
    assert is_halved(sized(False))
    assert is_halved(sized(True, False, False, False))
    assert is_halved(sized(*[True] * 13, *[False] * 11))
    assert not is_halved([])
    assert [placed.size(halved=False) for placed in sized(True, False)] == [SIZE, half(SIZE)]
    assert sized(True)[0].size(halved=True) == half(SIZE)
    assert not Placement((0, 0, 200, 300), SIZE).is_usable


def test_nearly_one_rectangle() -> None:
    assert same((0, 0, 100, 100), (0, 0, 100, 99))
    assert not same((0, 0, 100, 100), (0, 0, 100, 90))
    assert not same((0, 0, 10, 10), (20, 20, 30, 30))
    assert clipped(PixelBox(-5, 0, 50, 90), (10, 10, 40, 40)) == PixelBox(10, 10, 40, 40)
    assert clipped(PixelBox(0, 0, 9, 9), (10, 10, 40, 40)) is None


def test_a_window_that_is_a_little_too_small_takes_more_of_the_photo() -> None:
    placed = place(PixelBox(300, 300, 540, 400), (0, 0, 900, 900), SIZE, padding=0.0)
    assert placed is not None
    assert placed.is_usable
    left, top, right, bottom = placed.window
    assert (right - left, bottom - top) == half(SIZE)
    assert left <= 300 < 540 <= right
    assert top <= 300 < 400 <= bottom
    small = place(PixelBox(300, 300, 400, 400), (0, 0, 900, 900), SIZE, padding=0.0)
    assert small is not None
    assert not small.is_usable
    cornered = place(PixelBox(0, 0, 240, 360), (0, 0, 256, 384), SIZE, padding=0.0)
    assert cornered is not None
    assert cornered.window == (0, 0, 256, 384)
