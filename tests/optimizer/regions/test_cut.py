"""Regions in a part of the image."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimizer.regions.cut import cut_regions
from optimizer.regions.regions import Regions, Words

SHARES = st.tuples(st.floats(0, 0.9), st.floats(0.05, 1))


def left_half(width: int, height: int) -> Regions:
    mask = np.zeros((height, width), np.bool_)
    mask[:, : width // 2] = True
    return Regions({"dress": mask}, {"anna": Words(mask, "pink"), "bea": Words(~mask, "blue")})


def test_no_regions() -> None:
    assert cut_regions(None, (0, 0, 1, 1), (8, 8)) is None


def test_the_whole_image_is_itself_at_any_size() -> None:
    regions = left_half(16, 24)
    assert cut_regions(regions, (0, 0, 1, 1), (16, 24)) == regions
    assert cut_regions(regions, (0, 0, 1, 1), (64, 48)) == left_half(64, 48)


@given(SHARES, st.integers(1, 40))
def test_each_pixel_is_that_of_its_middle(side: tuple[float, float], columns: int) -> None:
    begin, length = side
    found = cut_regions(left_half(64, 96), (begin, 0, begin + length, 1), (columns, 3))
    assert found is not None
    middles = begin + (np.arange(columns) + 0.5) * length / columns
    sure = np.abs(middles - 0.5) > 0.5 / 64
    assert (found.masks["dress"][0][sure] == (middles < 0.5)[sure]).all()
    assert (found.words["anna"].place ^ found.words["bea"].place).all()


def test_beyond_the_image_its_edge_goes_on() -> None:
    found = cut_regions(left_half(16, 24), (-0.5, 0, 1.5, 2), (32, 48))
    assert found is not None
    assert found.masks["dress"][:, :16].all()
    assert not found.masks["dress"][:, 16:].any()
