"""The 133 keypoints of a drawn figure (COCO-WholeBody), by the world's own places: what a faultless pose model would answer.

A hand that is broken has the points of a whole one, as such models answer; what is hidden or outside the picture is not sure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.vision.pose import KEYPOINTS, Pose
from studies.paperdoll.world import palette
from studies.paperdoll.world.draw import window_of
from studies.paperdoll.world.figure import HIDDEN, Figure
from studies.paperdoll.world.footwear import FEET
from studies.paperdoll.world.hands import hand_shape
from studies.paperdoll.world.limbs import ANGLES, BENT, LENGTH, SHOULDER
from studies.paperdoll.world.pen import Pen, Point
from studies.paperdoll.world.stage import Stage

SURE: Final = 0.9
UNSURE: Final = 0.1
EYE: Final = (9.0, 51.0)
HEAD: Final = ((0.0, 57.0), EYE, (-9.0, 51.0), (22.0, 50.0), (-22.0, 50.0))
"""Nose, eyes, ears: the figure's left is the picture's right."""
HIP: Final = (8.0, 110.0)
KNEE: Final = 150.0
ANKLE: Final = 172.0
SOLE: Final = 181.0
Found = tuple[int, Point, float]


def whole_body(figure: Figure, size: tuple[int, int] = (128, 192), jitter: float = 0.0, seed: int = 0) -> Pose:
    """`size` is that of the picture in pixels; `jitter` the standard deviation of an error of each point, in pixels."""
    stage = Stage(figure, Pen(size, window_of(figure), palette.GROUND[figure.ground]))
    points, confidence = np.zeros((KEYPOINTS, 2)), np.full(KEYPOINTS, UNSURE)
    for index, place, sure in (*_trunk(stage), *_legs(stage), *_face(stage), *_arms(stage)):
        points[index], confidence[index] = stage.pen.pixels(place), sure
    points += np.random.default_rng(seed).normal(0, jitter, points.shape)
    outside = ((points < 0) | (points >= np.array(size))).any(1)
    confidence[outside] = UNSURE
    return Pose(points.astype(np.float32), confidence.astype(np.float32), 1.0)


class KnownPoses:
    """Stands in for a pose model that is asked about these pictures alone."""

    def __init__(self, pictures: list[Image.Image], poses: list[Pose]) -> None:
        self._poses = {picture.tobytes(): pose for picture, pose in zip(pictures, poses, strict=True)}

    def find(self, image: Image.Image, box: PixelBox) -> Pose:
        return self._poses[image.tobytes()]


def _trunk(stage: Stage) -> Iterator[Found]:
    for index, place in enumerate(HEAD):
        yield index, stage.p(*place), SURE
    for index, side in ((5, 1), (6, -1)):
        yield index, stage.p(side * SHOULDER[0], SHOULDER[1]), SURE
        yield index + 6, stage.p(side * HIP[0], HIP[1]), SURE


def _legs(stage: Stage) -> Iterator[Found]:
    feet = stage.figure.pose.feet
    for side, x, knee, toes in ((0, FEET[1], 13, 17), (1, FEET[0], 14, 20)):
        sure = SURE if feet > 1 or side else UNSURE
        out = math.copysign(1.0, x)
        yield knee, stage.ground(x, KNEE), sure
        yield knee + 2, stage.ground(x, ANKLE), sure
        for index, shift in enumerate((7.0, 4.0, -4.0)):
            yield toes + index, stage.ground(x + out * shift, SOLE if index < 2 else SOLE - 2), sure


def _face(stage: Stage) -> Iterator[Found]:
    jaw = [(-22 * math.cos(t), 47 + 23 * math.sin(t)) for t in np.linspace(0, math.pi, 17)]
    brows = [(x, 43.0) for x in (-15, -12, -9, -6, -4, 4, 6, 9, 12, 15)]
    nose = [(0.0, y) for y in (50, 52, 54, 57)] + [(x, 58.0) for x in (-3, -1.5, 0, 1.5, 3)]
    eyes = [(side * EYE[0] + 5 * math.cos(t), EYE[1] + 5 * math.sin(t)) for side in (-1, 1) for t in np.arange(6) * math.pi / 3]
    mouth = [(4 * math.cos(t), 63 + 2 * math.sin(t)) for t in np.arange(20) * math.pi / 10]
    for index, place in enumerate((*jaw, *brows, *nose, *eyes, *mouth)):
        yield 23 + index, stage.p(*place), SURE


def _arms(stage: Stage) -> Iterator[Found]:
    pose = stage.figure.pose
    for side, elbow, hand in ((1, 7, 91), (-1, 8, 112)):
        shoulder = (side * SHOULDER[0], SHOULDER[1])
        if pose.arms in HIDDEN:
            middle, end = ((side * x, y) for x, y in BENT[pose.arms])
            yield elbow, stage.p(*middle), SURE
            yield elbow + 2, stage.p(*end), UNSURE if pose.arms == "arms behind back" else SURE
            continue
        raised = pose.arms == "one arm raised" and (side == -1) == (pose.raised == "left")
        angle = ANGLES["raised" if raised else "arms spread" if pose.arms == "arms spread" else "arms down"]
        way = (side * math.cos(angle), math.sin(angle))
        wrist = (shoulder[0] + way[0] * LENGTH, shoulder[1] + way[1] * LENGTH)
        yield elbow, stage.p((shoulder[0] + wrist[0]) / 2, (shoulder[1] + wrist[1]) / 2), SURE
        yield elbow + 2, stage.p(*wrist), SURE
        for index, (x, y) in enumerate(_hand(side)):
            place = stage.p(wrist[0] + way[0] * x - way[1] * y, wrist[1] + way[1] * x + way[0] * y)
            yield hand + index, place, SURE


def _hand(side: int) -> NDArray[np.float64]:
    """The 21 points of a whole hand from its wrist, thumb first: (21, 2) in figure units, the hand along +x."""
    *fingers, thumb = hand_shape("whole", -side, np.random.default_rng(0)).strokes
    near = fingers if side > 0 else fingers[::-1]
    rows = [(0.0, 0.0)]
    for stroke in (thumb, *near):
        rows += [
            (stroke.a[0] + (stroke.b[0] - stroke.a[0]) * t, stroke.a[1] + (stroke.b[1] - stroke.a[1]) * t)
            for t in np.linspace(0, 1, 4)
        ]
    return np.array(rows)
