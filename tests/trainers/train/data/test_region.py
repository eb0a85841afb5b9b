from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import PixelBox
from trainers.train.data.region import covered

SIDES = st.floats(0, 48, allow_nan=False)


@given(st.tuples(SIDES, SIDES).map(sorted), st.tuples(SIDES, SIDES).map(sorted))
def test_the_cells_hold_the_box_and_no_more(x: list[float], y: list[float]) -> None:
    cells = covered(PixelBox(x[0], y[0], x[1], y[1]), (48, 48), 8)
    assert cells.shape == (1, 6, 6)
    assert float(cells.min()) >= 0
    assert float(cells.max()) <= 1
    assert float(cells.sum()) * 64 == pytest.approx((x[1] - x[0]) * (y[1] - y[0]), abs=0.05)


def test_a_cell_that_the_box_covers_half() -> None:
    assert covered(PixelBox(8, 0, 20, 8), (24, 16), 8).tolist() == [[[0, 1, 0.5], [0, 0, 0]]]
