from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorers.levels.psychometric import LAPSE, LEVELS, SPREADS, Answer, level_of, posteriors, probability_of_yes

ANSWERS = st.lists(st.builds(Answer, st.floats(0, 1.2), st.booleans()), max_size=8)


def test_a_person_says_yes_half_of_the_time_at_the_level_and_slips_at_the_ends() -> None:
    at_level = probability_of_yes(np.array([0.6]))[0, list(LEVELS).index(0.6)]
    assert at_level == pytest.approx(np.full(len(SPREADS), 0.5))
    far = probability_of_yes(np.array([0.0, 1.2]))[:, list(LEVELS).index(0.6), 0]
    assert far == pytest.approx([LAPSE / 2, 1 - LAPSE / 2], abs=1e-6)


def test_without_an_answer_nothing_is_known() -> None:
    level = level_of(posteriors({"dress": []})["dress"])
    assert (level.value, level.low, level.high) == pytest.approx((0.6, 0.06, 1.14), abs=0.02)


def test_answers_close_in_on_the_level() -> None:
    said = [Answer(x, x > 0.55) for x in (0.3, 0.45, 0.5, 0.6, 0.65, 0.8)]
    level = level_of(posteriors({"dress": said})["dress"])
    assert level.value == pytest.approx(0.55, abs=0.02)
    assert level.low < 0.55 < level.high
    assert level.half_width < 0.12


def test_a_gap_between_pictures_is_an_honest_interval() -> None:
    said = [Answer(0.2, False), Answer(0.25, False), Answer(0.8, True), Answer(0.85, True)]
    level = level_of(posteriors({"dress": said})["dress"])
    assert level.low < 0.32
    assert level.high > 0.73


def test_one_lora_tells_of_anothers_how_far_eye_and_scores_are_apart() -> None:
    few = [Answer(0.5, False), Answer(0.6, True)]
    sure = [Answer(x, x > 0.5) for x in np.linspace(0.4, 0.6, 20)]
    unsure = [Answer(x, bool(i % 2)) for i, x in enumerate(np.linspace(0.3, 0.7, 20))]
    widths = [level_of(posteriors({"dress": few, "shoes": other})["dress"]).half_width for other in (sure, unsure)]
    assert widths[0] < widths[1]


@settings(max_examples=40, deadline=None)
@given(ANSWERS, ANSWERS)
def test_a_posterior_adds_up_to_one_and_its_interval_holds_its_median(one: list[Answer], other: list[Answer]) -> None:
    for posterior in posteriors({"a": one, "b": other}).values():
        assert posterior.sum() == pytest.approx(1)
        level = level_of(posterior)
        assert 0 <= level.low <= level.value <= level.high <= 1.2
