"""From a whole-body pose to hands and arms: which are found, how plausible they are, and where arms without one lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from models.vision.pose import Pose, PoseModel
from scorers.observe.limbs.hand_geometry import CONFIDENT, implausible, is_found
from scorers.observe.observation import ArmEnd, ArmObservation, HandObservation
from scorers.observe.parts import Mask, box_of

ELBOWS: Final = (7, 8)
WRISTS: Final = (9, 10)
HANDS: Final = (slice(91, 112), slice(112, 133))
"""Of COCO-WholeBody's 133 points, left then right; a hand's 21 begin at its wrist."""
REACH: Final = 0.4
"""How far beyond the wrist the middle of a hand lies, in lengths of the forearm."""


@dataclass(frozen=True)
class PoseLimbs:
    """Hands and arms of one pose; an arm needs a visible elbow."""

    hands: tuple[HandObservation, ...] = ()
    arms: tuple[ArmObservation, ...] = ()


def limbs_of_image(model: PoseModel, image: Image.Image, person: Mask, bare: Mask) -> PoseLimbs:
    """Hands and arms of the person in an RGB image. `person` is all but the ground, `bare` what of it is arm or hand. Where
    nobody is, there is no pose: these models find one in anything."""
    if not person.any():
        return PoseLimbs()
    return limbs_of_pose(model.find(image, box_of(person)), person, bare)


def limbs_of_pose(pose: Pose, person: Mask, bare: Mask) -> PoseLimbs:
    """As `limbs_of_image`, of a pose that the model has found."""
    found = PoseLimbs()
    for elbow, wrist, hand in zip(ELBOWS, WRISTS, HANDS, strict=True):
        seen = is_found(pose.confidence[hand])
        hands = (*found.hands, _hand(pose, hand, person.shape)) if seen else found.hands
        arms = found.arms
        if pose.confidence[elbow] >= CONFIDENT:
            end: ArmEnd = "hand" if seen else _end(pose, elbow, wrist, person & ~bare)
            arms = (*arms, ArmObservation(_shares(pose.points[[elbow, wrist]], person.shape), end))
        found = PoseLimbs(hands, arms)
    return found


def _hand(pose: Pose, hand: slice, shape: tuple[int, ...]) -> HandObservation:
    """Its size is the lesser of that in the image and that in the model's input: the model cannot judge what it sees small."""
    points, confidence = pose.points[hand], pose.confidence[hand]
    sure = points[confidence >= CONFIDENT]
    size = float((sure.max(0) - sure.min(0)).max()) * min(1.0, pose.scale)
    return HandObservation(_shares(sure, shape), _round(size), _round(implausible(points, confidence)))


def _end(pose: Pose, elbow: int, wrist: int, cloth: Mask) -> ArmEnd:
    """Where an arm without a hand leads: out of sight if the wrist is not seen, or the hand's place is covered or outside."""
    if pose.confidence[wrist] < CONFIDENT:
        return "hidden"
    x, y = pose.points[wrist] + REACH * (pose.points[wrist] - pose.points[elbow])
    height, width = cloth.shape
    if not (0 <= x < width and 0 <= y < height):
        return "hidden"
    return "hidden" if cloth[int(y), int(x)] else "open"


def _shares(points: NDArray[np.floating], shape: tuple[int, ...]) -> ShareBox:
    height, width = shape
    (left, top), (right, bottom) = points.min(0), points.max(0)
    return ShareBox(_round(left / width), _round(top / height), _round(right / width), _round(bottom / height))


def _round(value: float) -> float:
    return round(float(value), 5)
