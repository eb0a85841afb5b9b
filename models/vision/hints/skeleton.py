"""Skeletons in the colours of OpenPose (Cao et al. 2017), as ControlNets of poses were trained on them: body, hands and face."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.boxes import PixelBox
    from models.vision.pose import Pose, PoseModel

SEEN: Final = 0.3
"""Confidence from which a keypoint is drawn."""
DRAWN_AT: Final = 512
"""Pixels of the shorter side at which limbs are 4 wide."""
FADED: Final = 0.6
"""Brightness of limbs beside that of joints."""

BODY: Final = (0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""OpenPose's 18 joints as places in COCO's 17; -1 is the neck, which lies between the shoulders."""
SHOULDERS: Final = (5, 6)
LIMBS: Final = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of OpenPose's joints."""
FACE: Final = slice(23, 91)
HANDS: Final = (slice(91, 112), slice(112, 133))
FINGERS: Final = tuple((0 if at % 4 == 1 else at - 1, at) for at in range(1, 21))
"""Pairs of a hand's 21 points: from the wrist along each finger."""
POINT: Final = (0, 0, 255)

Points = NDArray[np.float32]


def skeleton(image: Image, model: PoseModel, boxes: Sequence[PixelBox]) -> Image:
    """RGB of the picture's size, black but for the skeletons of the people in `boxes`, one each."""
    from PIL import Image as Pictures

    canvas = np.zeros((image.height, image.width, 3), np.uint8)
    scale = min(image.size) / DRAWN_AT
    for box in boxes:
        pose = model.find(image, box)
        near = _box_of(pose)
        _draw(canvas, pose if near is None else model.find(image, near), scale)
    return Pictures.fromarray(canvas)


def _box_of(pose: Pose) -> PixelBox | None:
    """Around what is seen of the body: a pose found in a whole picture is found again nearer."""
    from models.boxes import PixelBox

    seen = pose.points[:17][pose.confidence[:17] >= SEEN]
    if len(seen) < 3:
        return None
    (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
    return PixelBox(float(left), float(top), float(right), float(bottom))


def _draw(canvas: NDArray[np.uint8], pose: Pose, scale: float) -> None:
    points, seen = _joints(pose)
    thick = max(1, round(4 * scale))
    for at, (one, other) in enumerate(LIMBS):
        if seen[one] and seen[other]:
            _line(canvas, points[one], points[other], _hue(at / 18, FADED), 2 * thick)
    for at in range(len(points)):
        if seen[at]:
            _dot(canvas, points[at], _hue(at / 18, 1.0), thick)
    for hand in HANDS:
        _draw_hand(canvas, pose.points[hand], pose.confidence[hand] >= SEEN, scale)
    for point, visible in zip(pose.points[FACE], pose.confidence[FACE] >= SEEN, strict=True):
        if visible:
            _dot(canvas, point, (255, 255, 255), max(1, round(3 * scale)))


def _joints(pose: Pose) -> tuple[Points, NDArray[np.bool_]]:
    """OpenPose's 18 (18, 2), and which of them are seen."""
    found = pose.confidence >= SEEN
    neck, has_neck = pose.points[list(SHOULDERS)].mean(axis=0), bool(found[list(SHOULDERS)].all())
    points = np.array([neck if at < 0 else pose.points[at] for at in BODY], np.float32)
    return points, np.array([has_neck if at < 0 else found[at] for at in BODY], np.bool_)


def _draw_hand(canvas: NDArray[np.uint8], points: Points, seen: NDArray[np.bool_], scale: float) -> None:
    for at, (one, other) in enumerate(FINGERS):
        if seen[one] and seen[other]:
            _line(canvas, points[one], points[other], _hue(at / len(FINGERS), 1.0), max(1, round(2 * scale)))
    for point, visible in zip(points, seen, strict=True):
        if visible:
            _dot(canvas, point, POINT, max(1, round(4 * scale)))


def _hue(share: float, brightness: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(share, 1.0, brightness)
    return int(255 * red), int(255 * green), int(255 * blue)


def _line(canvas: NDArray[np.uint8], one: Points, other: Points, colour: tuple[int, int, int], thick: int) -> None:
    import cv2

    cv2.line(canvas, _pixel(one), _pixel(other), colour, thick)


def _dot(canvas: NDArray[np.uint8], point: Points, colour: tuple[int, int, int], radius: int) -> None:
    import cv2

    cv2.circle(canvas, _pixel(point), radius, colour, thickness=-1)


def _pixel(point: Points) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
