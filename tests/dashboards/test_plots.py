"""The trade-off plot shows what it is given, also when there is little."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dashboards.plots import BROKEN, FEASIBLE, PICK, Point, trade_off

POINTS = [Point(0, 1.6, 0.8, True), Point(1, 1.2, 0.72, True), Point(2, 0.7, 0.2, False)]


def _has(image: Image.Image, colour: str) -> bool:
    wanted = np.asarray(Image.new("RGB", (1, 1), colour))[0, 0].astype(int)
    return bool((abs(np.asarray(image).astype(int) - wanted).max(axis=2) <= 3).any())


def test_feasible_broken_and_picked_trials_are_distinguished() -> None:
    drawn = trade_off(POINTS, title="pink-dress $seed$ 裙 7", required=0.7, pick=1)
    assert all(_has(drawn, colour) for colour in (FEASIBLE, BROKEN, PICK))


@pytest.mark.parametrize(("points", "colour"), [(POINTS[:1], FEASIBLE), (POINTS[2:], BROKEN)])
def test_one_kind_alone_is_drawn(points: list[Point], colour: str) -> None:
    assert _has(trade_off(points, title=""), colour)


def test_no_trial_draws_empty_axes() -> None:
    assert not _has(trade_off([], title="nothing yet"), FEASIBLE)


def test_an_unknown_pick_is_refused() -> None:
    with pytest.raises(ValueError, match="no trial 9"):
        trade_off(POINTS, title="", pick=9)
