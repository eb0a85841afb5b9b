"""Axes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InputError
from optimizer.point import Point
from studies.axes import parse_axis

LORAS = ["face", "dress"]


def test_reads_ranges_and_lists() -> None:
    assert parse_axis("dress=0.3:0.6:0.1", LORAS).values == (0.3, 0.4, 0.5, 0.6)
    assert parse_axis("cfg=5,6.5", LORAS).values == (5.0, 6.5)


def test_places_values_on_a_point() -> None:
    point = Point({"face": 0.5, "dress": 0.4}, 5.0)
    assert parse_axis("dress=0.6", LORAS).place(point, 0.6).weights == {"face": 0.5, "dress": 0.6}
    assert parse_axis("cfg=7", LORAS).place(point, 7.0) == Point(point.weights, 7.0)


@pytest.mark.parametrize(
    "text", ["hat=1", "dress", "dress=", "dress=1:0:0.1", "dress=0:1:0", "dress=3", "cfg=0.5", "dress=a", "dress=0:2:0.001"]
)
def test_refuses_in_one_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_axis(text, LORAS)
    assert "\n" not in str(caught.value)


@given(st.integers(0, 10), st.integers(0, 10), st.integers(1, 5))
def test_a_range_holds_its_ends(start: int, more: int, step: int) -> None:
    a, s = start / 20, step / 20
    b = round(a + more * s, 6)
    values = parse_axis(f"dress={a}:{b}:{s}", LORAS).values if b <= 2 else (a, b)
    assert values[0] == pytest.approx(a)
    assert values[-1] == pytest.approx(b)
