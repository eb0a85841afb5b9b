from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from models.boxes import ShareBox
from scorers.observe.observation import ArmEnd, ArmObservation, HandObservation, Observation
from scorers.score.hands import hands_allowed, hands_score
from scorers.score.judgeable_hands import SMALLEST
from scorers.score.missing_hands import hands_lost
from scorers.testing.fake_observer import Shown, observation_of
from scorers.testing.pictures import shown

LEFT, RIGHT = ShareBox(0.1, 0.4, 0.2, 0.5), ShareBox(0.8, 0.4, 0.9, 0.5)
NOWHERE: tuple[str, ...] = ("." * 32,) * 48
EVERYWHERE: tuple[str, ...] = ("#" * 32,) * 48


def seen(*hands: ShareBox, arms: tuple[ArmEnd, ...] = (), cover: tuple[str, ...] = NOWHERE, size: float = 40) -> Observation:
    found = tuple(HandObservation(box, size, 0.1) for box in hands)
    return Observation(
        (128, 192), hands=found, heads=1, feet=2, arms=tuple(ArmObservation(LEFT, end) for end in arms), cover=cover
    )


BARE = seen(LEFT, RIGHT, arms=("hand", "hand"))
SLEEVED = seen(LEFT, RIGHT)


@pytest.mark.parametrize(
    ("now", "lost"),
    [
        (seen(LEFT, RIGHT, arms=("hand", "hand")), 0),
        (seen(LEFT, arms=("hand",)), 1),
        (seen(), 2),
        (seen(arms=("open", "open")), 2),
        (seen(arms=("hidden", "hidden")), 0),
        (seen(RIGHT, arms=("hand", "hidden")), 0),
        (seen(LEFT, arms=("hand", "open")), 1),
        (seen(cover=EVERYWHERE), 2),
    ],
)
def test_hands_of_bare_arms_are_lost_unless_an_arm_leads_out_of_sight(now: Observation, lost: int) -> None:
    assert hands_lost(now, BARE, BARE) == lost


@pytest.mark.parametrize(("now", "lost"), [(seen(), 2), (seen(cover=EVERYWHERE), 0), (seen(LEFT, cover=EVERYWHERE), 0)])
def test_hands_of_sleeved_arms_are_hidden_where_the_figure_covers_their_place(now: Observation, lost: int) -> None:
    assert hands_lost(now, SLEEVED, SLEEVED) == lost


def test_a_covered_place_and_an_arm_out_of_sight_explain_one_hand_not_two() -> None:
    half = tuple("#" * 16 + "." * 16 for _ in range(48))
    assert hands_lost(seen(arms=("hidden",), cover=half), SLEEVED, SLEEVED) == 1


def test_the_plain_image_is_asked_even_where_the_locked_one_has_lost_its_hands() -> None:
    assert hands_lost(seen(), plain=BARE, locked=seen()) == 2
    assert hands_lost(seen(), plain=seen(), locked=BARE) == 2
    assert hands_lost(seen(), plain=seen(), locked=seen()) == 0


def test_a_hand_may_move() -> None:
    assert hands_lost(seen(ShareBox(0.4, 0.1, 0.5, 0.2), RIGHT), BARE, BARE) == 0


def test_hands_too_small_to_judge_are_not_asked_for_and_a_third_is_none_to_keep() -> None:
    tiny = seen(LEFT, RIGHT, size=SMALLEST - 1)
    assert hands_lost(seen(), tiny, tiny) == 0
    three = seen(LEFT, RIGHT, ShareBox(0.4, 0.1, 0.5, 0.2))
    assert hands_lost(seen(LEFT, RIGHT), three, three) == 0


@given(shown)
def test_no_image_loses_a_hand_beside_itself(image: Shown) -> None:
    observation = observation_of(image)
    assert hands_lost(observation, observation, observation) == 0


def test_a_lost_hand_counts_as_a_broken_one_and_hidden_ones_do_not() -> None:
    whole = observation_of(Shown(hands=0.0))
    gone, hidden = observation_of(Shown(hands=None, armless=True)), observation_of(Shown(hands=None))
    assert hands_score(gone, hands_lost(gone, whole, whole)) == 1.0
    assert hands_score(hidden, hands_lost(hidden, whole, whole)) == 0.0


def test_a_locked_image_without_its_hands_allows_no_more_than_one_with_whole_ones() -> None:
    assert hands_allowed(replace(observation_of(Shown()), hands=(), arms=()), 0.1) == pytest.approx(0.1)
