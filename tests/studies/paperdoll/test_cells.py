"""What counts in the loss of the lab's base: small marks more than the cells around them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from studies.paperdoll.make.base import bare, cell_weights, differ
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.figure import Mark


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_figure_without_marks_differs_nowhere_from_itself_bare(seed: int) -> None:
    plain = bare(random_figure(np.random.default_rng(seed)))
    assert bare(plain) == plain
    assert not differ([draw(plain)], [draw(bare(plain))]).any()


def test_the_cells_of_an_emblem_count_more_and_the_mean_stays_one() -> None:
    plain = bare(random_figure(np.random.default_rng(1)))
    plain = replace(plain, garment=replace(plain.garment, kind="dress", upper="white", lower="white"))
    marked = replace(plain, garment=replace(plain.garment, emblem=Mark("circle", "red")))
    drawn = draw(marked)
    marks = differ([drawn], [draw(plain)])
    parts = np.stack([drawn.parts])
    without = cell_weights(parts, np.zeros_like(marks)).float()
    weights = cell_weights(parts, marks).float()
    assert marks.any()
    assert abs(float(weights.mean()) - 1) < 0.01
    row, column = (int(np.mean(axis)) // 8 for axis in np.nonzero(marks[0]))
    assert weights[0, row, column] > 1.3 * without[0, row, column]
