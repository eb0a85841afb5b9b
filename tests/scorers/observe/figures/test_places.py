"""Which pixels belong to whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorers.observe.figures.places import figure_places
from scorers.observe.parts import Mask, Piece, pieces

SIZE = 60, 120


def figure(left: int, wide: int = 20) -> tuple[Mask, Mask]:
    """A person and her head, `left` pixels from the left."""
    person, head = np.zeros(SIZE, np.bool_), np.zeros(SIZE, np.bool_)
    head[5:15, left + 5 : left + wide - 5] = True
    person[5:55, left : left + wide] = True
    return person, head


def heads_in(*heads: Mask) -> list[Piece]:
    return [piece for head in heads for piece in pieces(head, 0.0)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True))
def test_places_part_the_image_and_hold_their_own_figure(slots: list[int]) -> None:
    people = [figure(24 * slot) for slot in slots]
    person = np.logical_or.reduce([body for body, _ in people])
    found = figure_places(person, heads_in(*(head for _, head in people)), len(slots))
    assert len(found) == len(slots)
    assert (np.sum([place for place in found if place is not None], axis=0) == 1).all()
    for (body, _), place in zip((people[i] for i in np.argsort(slots)), found, strict=True):
        assert place is not None
        assert (place & person == body).all()


def test_the_largest_heads_count_and_a_third_person_belongs_to_her_neighbour() -> None:
    (left, a), (middle, b), (right, c) = figure(0), figure(40, 14), figure(96)
    found = figure_places(left | middle | right, heads_in(a, b, c), 2)
    first, second = found
    assert first is not None
    assert second is not None
    assert (first >= left | middle).all()
    assert (second >= right).all()


def test_two_who_touch_are_parted_between_their_heads() -> None:
    (left, a), (right, b) = figure(20), figure(40)
    first, second = figure_places(left | right, heads_in(a, b), 2)
    assert first is not None
    assert second is not None
    assert (first >= left).all()
    assert (second >= right).all()


@pytest.mark.parametrize(("left", "there"), [(0, 0), (30, 0), (70, 1), (100, 1)])
def test_one_alone_is_she_whose_side_it_is(left: int, there: int) -> None:
    body, head = figure(left)
    found = figure_places(body, heads_in(head), 2)
    assert [place is not None for place in found] == [there == 0, there == 1]
    assert all(place.all() for place in found if place is not None)


def test_nobody_is_nowhere() -> None:
    assert figure_places(np.zeros(SIZE, np.bool_), [], 3) == [None, None, None]
