from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scorers.observe.colours.histogram import colour_affinity, colour_descriptor, lab

Colour = tuple[int, int, int]
colours = st.tuples(*[st.integers(0, 255)] * 3)
ALL = np.ones((12, 8), bool)


def plain(colour: Colour) -> np.ndarray:
    return colour_descriptor(Image.new("RGB", (8, 12), colour), ALL)


def test_lab_of_known_colours() -> None:
    found = lab(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]], np.uint8))
    expected = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20]])
    assert np.allclose(found, expected, atol=0.1)


@given(colours, colours)
def test_affinity_is_symmetric_within_0_and_1_and_1_with_itself(a: Colour, b: Colour) -> None:
    da, db = plain(a), plain(b)
    assert da.sum() == pytest.approx(1)
    assert (da >= 0).all()
    assert colour_affinity(da, db) == colour_affinity(db, da)
    assert 0 <= colour_affinity(da, db) <= 1
    assert colour_affinity(da, da) == pytest.approx(1)


@given(colours)
def test_a_slightly_other_shade_is_a_slight_change(colour: Colour) -> None:
    near = tuple(min(255, v + 3) for v in colour)
    assert colour_affinity(plain(colour), plain((near[0], near[1], near[2]))) > 0.75


def test_pink_is_told_from_grey() -> None:
    assert colour_affinity(plain((247, 148, 186)), plain((146, 148, 156))) < 0.5


def test_a_small_belt_counts_for_more_than_its_pixels() -> None:
    image = Image.new("RGB", (8, 12), (247, 148, 186))
    image.paste((30, 30, 30), (0, 6, 8, 7))
    assert colour_affinity(colour_descriptor(image, ALL), plain((247, 148, 186))) < 1 - 0.03


def test_a_belt_at_the_hem_is_another_thing() -> None:
    belts = []
    for y in (6, 11):
        image = Image.new("RGB", (8, 12), (247, 148, 186))
        image.paste((30, 30, 30), (0, y, 8, y + 1))
        belts.append(colour_descriptor(image, ALL))
    assert colour_affinity(*belts) < 0.97


def test_what_lies_outside_the_mask_is_not_seen() -> None:
    mask = np.zeros((12, 8), bool)
    mask[:6] = True
    image = Image.new("RGB", (8, 12), (247, 148, 186))
    before = colour_descriptor(image, mask)
    image.paste((0, 255, 0), (0, 6, 8, 12))
    assert np.array_equal(before, colour_descriptor(image, mask))
