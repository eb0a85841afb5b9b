"""The trade-off plot shows what it is given, also when there is little."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dashboards.plots import PICK, Point, trade_off
from optimizer.search.verdict import Verdict

POINTS = [
    Point(number, 1.6 - 0.2 * number, 0.9 - 0.15 * number, verdict)
    for number, verdict in enumerate((Verdict.ROBUST, Verdict.UNCHECKED, Verdict.FRAGILE, Verdict.BREAKS))
]


def _has(image: Image.Image, colour: str) -> bool:
    wanted = np.asarray(Image.new("RGB", (1, 1), colour))[0, 0].astype(int)
    return bool((abs(np.asarray(image).astype(int) - wanted).max(axis=2) <= 3).any())


def test_every_verdict_and_the_pick_are_distinguished() -> None:
    drawn = trade_off(POINTS, title="pink-dress $seed$ 裙 7", required=0.7, pick=1)
    assert all(_has(drawn, colour) for colour in (PICK, *(point.mark.colour for point in POINTS)))


@pytest.mark.parametrize("point", POINTS)
def test_one_kind_alone_is_drawn(point: Point) -> None:
    drawn = trade_off([point], title="")
    others = {other.mark.colour for other in POINTS} - {point.mark.colour}
    assert _has(drawn, point.mark.colour)
    assert not any(_has(drawn, colour) for colour in others)


def test_no_trial_draws_empty_axes() -> None:
    drawn = trade_off([], title="nothing yet")
    assert not any(_has(drawn, verdict.colour) for verdict in Verdict)


def test_an_unknown_pick_is_refused() -> None:
    with pytest.raises(ValueError, match="no trial 9"):
        trade_off(POINTS, title="", pick=9)
