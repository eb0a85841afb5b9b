from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorers.levels.psychometric import Answer, posteriors, probability_of_yes
from scorers.levels.questions import WORTH, expected_bits, next_question

SCORES = st.lists(st.floats(0, 1.2), min_size=1, max_size=3)


def bits_by_hand(answers: list[Answer], expressions: list[float]) -> float:
    """Mutual information, one answer after the other."""
    joint = posteriors({"a": answers})["a"]
    yes, level = probability_of_yes(np.array(expressions)), joint.sum(1)
    total = 0.0
    for said in itertools.product((True, False), repeat=len(expressions)):
        both = joint * np.prod([y if s else 1 - y for y, s in zip(yes, said, strict=True)], axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = both.sum(1) * np.log2(both.sum(1) / (level * both.sum()))
        total += float(np.nansum(terms))
    return total


@settings(max_examples=25, deadline=None)
@given(SCORES)
def test_expected_bits_are_the_mutual_information(expressions: list[float]) -> None:
    answers = [Answer(0.3, False), Answer(0.8, True)]
    found = expected_bits(posteriors({"a": answers})["a"], expressions)
    assert found == pytest.approx(bits_by_hand(answers, expressions), abs=1e-6)
    assert -1e-9 <= found <= len(expressions)


def test_the_first_pair_parts_the_range_into_three() -> None:
    asked = next_question(posteriors({"dress": []}), {"dress": list(np.linspace(0, 1.2, 25))})
    assert asked is not None
    less, more = (np.linspace(0, 1.2, 25)[i] for i in asked.pictures)
    assert 0.35 <= less <= 0.5
    assert 0.7 <= more <= 0.85


def test_the_lora_that_is_known_least_is_asked_about() -> None:
    known = [Answer(x, x > 0.55) for x in (0.4, 0.5, 0.6, 0.7)]
    scores = list(np.linspace(0, 1, 21))
    asked = next_question(posteriors({"dress": known, "shoes": []}), {"dress": scores, "shoes": scores})
    assert asked is not None
    assert asked.name == "shoes"


def test_pictures_that_tell_nothing_are_not_asked_about() -> None:
    known = [Answer(x, x > 0.55) for x in np.linspace(0.3, 0.8, 20)]
    left = {"dress": [0.0, 0.01, 0.02]}
    assert next_question(posteriors({"dress": known}), left) is None
    assert expected_bits(posteriors({"dress": known})["dress"], left["dress"]) < WORTH
    assert next_question(posteriors({"dress": []}), {"dress": [0.5]}) is None, "one picture is no pair"
    assert next_question(posteriors({"dress": []}), {}) is None


@pytest.mark.parametrize("shown", [2, 3, 4])
def test_as_many_pictures_as_are_asked_for_each_once(shown: int) -> None:
    asked = next_question(posteriors({"dress": []}), {"dress": [0.9, 0.1, 0.5, 0.6, 0.3]}, shown)
    assert asked is not None
    assert len(set(asked.pictures)) == shown
    scores = [[0.9, 0.1, 0.5, 0.6, 0.3][i] for i in asked.pictures]
    assert scores == sorted(scores)
