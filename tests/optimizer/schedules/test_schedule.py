"""In which steps a LoRA acts, and which LoRAs act together."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from optimizer.point import Point
from optimizer.schedules.schedule import WHOLE, Schedule, acting, windows

COUNTS = st.integers(1, 150)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    start, end = sorted(draw(st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True)))
    return Schedule(start / 20, end / 20)


@given(schedules(), COUNTS)
def test_a_step_belongs_to_the_schedule_that_its_share_lies_in(schedule: Schedule, count: int) -> None:
    inside = [step for step in range(count) if round(schedule.start * 20) * count <= step * 20 < round(schedule.end * 20) * count]
    assert list(schedule.steps(count)) == inside
    assert math.isclose(schedule.share(count), len(inside) / count)


@given(st.integers(1, 19), COUNTS)
def test_schedules_that_meet_part_the_steps(cut: int, count: int) -> None:
    first, second = Schedule(0, cut / 20), Schedule(cut / 20, 1)
    assert [*first.steps(count), *second.steps(count)] == list(range(count))
    assert math.isclose(first.share(count) + second.share(count), 1)


@given(st.dictionaries(st.sampled_from("abc"), schedules()), COUNTS)
def test_in_every_step_those_loras_act_whose_schedule_has_it(given_schedules: dict[str, Schedule], count: int) -> None:
    found = windows(given_schedules)
    assert [step for window in found for step in window.steps(count)] == list(range(count))
    for window in found:
        on = acting(dict.fromkeys("abc", 0.5), given_schedules, window)
        for step in window.steps(count):
            assert set(on) == {name for name in "abc" if step in given_schedules.get(name, WHOLE).steps(count)}


@given(st.floats(0, 1), schedules())
def test_a_schedule_is_part_of_the_image_only_where_it_decides_it(weight: float, schedule: Schedule) -> None:
    plain = Point({"dress": weight}, 7.0)
    scheduled = Point({"dress": weight}, 7.0, schedules={"dress": schedule})
    decides = weight >= 5e-7 and not schedule.whole
    assert (scheduled.key() != plain.key()) == decides
    assert (scheduled.key() != Point({"dress": weight}, 7.0, schedules={"dress": Schedule(0, 0.51)}).key()) == (weight >= 5e-7)
    assert Point({"dress": weight}, 7.0, schedules={"dress": WHOLE}).key() == plain.key()
