"""Arms drawn as bars beside a body: the ways in which one can end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from scorers.observe.limbs.arms import arm_end, chin_of
from scorers.observe.parts import pieces

Masks = dict[str, NDArray[np.bool_]]


def scene(arm: tuple[int, int, int, int], hand: tuple[int, int, int, int] | None = None) -> Masks:
    """In an image 120 wide and 160 high a body 40 wide, a face above it, and an arm and a hand (left, top, right, bottom)."""
    found = {name: np.zeros((160, 120), np.bool_) for name in ("body", "face", "arm", "hand")}
    found["body"][60:140, 40:80] = True
    found["face"][20:56, 46:74] = True
    for name, box in (("arm", arm), ("hand", hand)):
        if box is not None:
            left, top, right, bottom = box
            found[name][top:bottom, left:right] = True
    return found


def end_of(scene: Masks) -> str:
    person = np.logical_or.reduce(list(scene.values()))
    return arm_end(pieces(scene["arm"], 0.001)[0], scene["hand"], person, chin_of(scene["face"], person))


@pytest.mark.parametrize(
    ("arm", "hand", "end"),
    [
        ((80, 64, 104, 72), (104, 60, 118, 76), "hand"),
        ((80, 64, 104, 72), None, "open"),
        ((80, 64, 120, 72), None, "hidden"),
        ((12, 64, 40, 72), None, "open"),
        ((56, 64, 64, 100), None, "hidden"),
    ],
    ids=["to a hand", "in the open", "out of the image", "in the open on the other side", "over the body"],
)
def test_where_an_arm_leads(arm: tuple[int, int, int, int], hand: tuple[int, int, int, int] | None, end: str) -> None:
    assert end_of(scene(arm, hand)) == end


def test_an_arm_that_comes_back_to_the_body_is_hidden() -> None:
    bent = scene((80, 64, 90, 72))
    bent["arm"][64:110, 84:92] = True
    bent["arm"][102:110, 80:92] = True
    assert end_of(bent) == "hidden"


def test_a_hand_nearby_is_met_and_a_far_one_is_not() -> None:
    assert end_of(scene((80, 64, 100, 72), (101, 60, 112, 76))) == "hand"
    assert end_of(scene((80, 64, 100, 72), (100, 130, 116, 146))) == "open"


def test_without_a_face_the_figure_itself_says_where_arms_begin() -> None:
    faceless = scene((80, 64, 104, 72))
    faceless["face"][:] = False
    assert end_of(faceless) == "open"
