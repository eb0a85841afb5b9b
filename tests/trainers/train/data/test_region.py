from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.boxes import PixelBox
from trainers.step_plan import Plan
from trainers.train.data.dataset import Picture
from trainers.train.data.region import covered, thing_share
from trainers.train.settings.preset import Preset

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


def test_a_cell_that_the_edge_divides_is_the_things() -> None:
    picture = Picture(Path("a.png"), "dress", 1, (40, 8), False, PixelBox(7.7, 0, 20, 8))
    preset = Preset(plan=Plan(steps=1, epochs=1, batch=1), outside="base")
    assert thing_share(picture, 8, preset).tolist() == [[[0, 1, 1, 0, 0]]]
    assert thing_share(picture, 8, replace(preset, outside="photo")).tolist() == [[[1, 1, 1, 1, 1]]]
