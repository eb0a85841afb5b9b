"""Pictures are drawn where they tell something: in the widest gap, at a weight that brackets it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scorers.levels.gaps import HIGHEST, LOWEST, WIDE, widest_gap

LINE = {0.0: 0.0, 1.0: 1.0}


def test_the_widest_gap_is_halved() -> None:
    found = widest_gap([0.3, 0.4, 0.9], LINE)
    assert found is not None
    assert found.weight == 0.5
    assert round(found.width, 3) == 0.5


def test_nothing_is_drawn_where_no_gap_is_left() -> None:
    assert widest_gap([0.3 + 0.05 * k for k in range(15)], LINE) is None


def test_a_step_too_steep_to_stop_on_is_left_alone() -> None:
    assert widest_gap([0.3, 1.0], {0.0: 0.0, 0.5: 0.1, 0.51: 0.95, 1.0: 1.0}) is None


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.4), st.lists(st.floats(0, 1.2), max_size=4), st.integers(1, 30))
def test_drawing_on_ends_and_never_draws_a_weight_twice(place: float, width: float, shown: list[float], most: int) -> None:
    def expression(weight: float) -> float:
        return min(1.0, max(0.0, 0.5 + (weight - place) / width))

    line, seen = {0.0: 0.0, 1.0: 1.0}, list(shown)
    for _ in range(most):
        gap = widest_gap(seen, line)
        if gap is None:
            break
        assert gap.weight not in line
        assert WIDE < gap.width <= HIGHEST - LOWEST + 1e-9
        line[gap.weight] = expression(gap.weight)
        seen.append(line[gap.weight])
