"""What is true of the tiles of any picture."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizer.render.tiling.spans import spans


@st.composite
def sides(draw: st.DrawFn) -> tuple[int, int, int]:
    tile = draw(st.integers(2, 96))
    return draw(st.integers(tile, 8 * tile)), tile, draw(st.integers(1, tile // 2))


@given(sides())
def test_every_pixel_is_covered_and_shares_are_one_together(side: tuple[int, int, int]) -> None:
    length, tile, overlap = side
    together = np.zeros(length)
    for span in spans(length, tile, overlap):
        together[span.start : span.stop] += span.shares
    assert together == pytest.approx(1, abs=1e-5)


@given(sides())
def test_tiles_have_the_drawn_size_and_lie_within(side: tuple[int, int, int]) -> None:
    length, tile, overlap = side
    found = spans(length, tile, overlap)
    assert all(span.stop - span.start == tile == len(span.shares) for span in found)
    assert (found[0].start, found[-1].stop) == (0, length)
    assert all(span.shares.min() >= 0 and span.shares.max() <= 1 for span in found)


@given(sides())
def test_neighbours_share_enough_and_there_are_no_more_than_needed(side: tuple[int, int, int]) -> None:
    length, tile, overlap = side
    found = spans(length, tile, overlap)
    assert all(before.stop - after.start >= overlap for before, after in itertools.pairwise(found))
    assert len(found) == 1 or (len(found) - 1) * (tile - overlap) + overlap < length


@given(sides())
def test_where_a_neighbour_goes_on_the_edge_of_a_tile_counts_little(side: tuple[int, int, int]) -> None:
    length, tile, overlap = side
    found = spans(length, tile, overlap)
    assert all(span.shares[0] <= 0.5 / overlap + 1e-6 for span in found[1:])
    assert all(span.shares[-1] <= 0.5 / overlap + 1e-6 for span in found[:-1])


@pytest.mark.parametrize("side", [(7, 8, 2), (16, 8, 0), (16, 8, 5)])
def test_no_tiles(side: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tiles"):
        spans(*side)
