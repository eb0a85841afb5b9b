"""Parts of a figure without a part parser: a pose says where they are, GrabCut where the figure ends, colours the rest.

Each pixel of the figure goes to the part of the least cost: how far it lies from the part's limbs, and how unlike the part's
colours it is. Clothes may have any colour, so what resembles neither skin nor hair nor shoes is clothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from models.vision.faces import FaceModel
from models.vision.pose import Pose
from scorers.observe.limbs.hand_geometry import CONFIDENT
from scorers.observe.parts import Mask
from scorers.observe.posed.cutout import Distances, cut_out, distances_of
from scorers.observe.posed.palettes import Palettes, palettes_of, unlike, weighted_lab
from scorers.observe.posed.skeleton import Limb, Skeleton, skeleton_of
from scorers.observe.rgb import is_flat

LIMITS: Final = (
    "parts are told from the pose model by places and colours: clothes of the ground's colours lose their edges, and of other "
    "people the faces alone are seen"
)
FORMAT: Final = 1
"""Counted up where the same image gives other parts: what was observed is then observed anew."""
LABELS: Final = ("background", "face", "hair", "clothing", "skin", "arms", "hands", "legs", "feet")
SIDE: Final = 384
"""Longer side in pixels at which parts are told: GrabCut takes a second there, and three at 768."""
FAR: Final = 2.0
"""The most that colour counts."""
ANY: Final = 1.2
"""The most that colour counts against clothes."""
INSIDE: Final = {"face": 0.3, "hands": 0.5, "feet": 0.4}
"""The same within the shape itself: eyes and lips, gloves, shoes of many colours."""
BLUR: Final = 0.06
"""Over how much of the shoulders' width costs are averaged: parts are no specks."""
SLOPES: Final = {"hair": 0.4, "skin": 0.5, "feet": 0.12}
"""Cost of a radius beyond the shape where it is not 1: long hair, bare shoulders, boots."""
ANOTHER: Final = 0.25
"""Width of another's face, in widths of the widest, from which it counts."""
OWN: Final = 0.3
"""Share of a face's box that is the figure's head from which it is the figure's own."""
LIMBS: Final[dict[str, tuple[Limb, ...]]] = {
    "face": ("face",),
    "hair": ("crown",),
    "clothing": ("torso", "arm", "thigh", "shin"),
    "skin": ("neck",),
    "arms": ("arm",),
    "hands": ("hand",),
    "legs": ("thigh", "shin"),
    "feet": ("foot",),
}


class FindsPoses(Protocol):
    """`models.vision.pose.PoseModel`, or what stands in for it."""

    def find(self, image: Image.Image, box: PixelBox) -> Pose:
        """The pose of the one person in `box` of an RGB image."""


@dataclass(frozen=True)
class PoseParts:
    """A `PartSource` of the one figure that the pose model finds. Of other people the faces alone are told, where `faces` finds
    any; without it they are background."""

    pose: FindsPoses
    faces: FaceModel | None = None

    @property
    def labels(self) -> Mapping[int, str]:
        return dict(enumerate(LABELS))

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        """For each RGB image a map (height, width) of label indices; background alone where no figure is found."""
        return [self._one(image) for image in images]

    def _one(self, image: Image.Image) -> NDArray[np.uint8]:
        width, height = image.size
        empty = np.zeros((height, width), np.uint8)
        if is_flat(image):
            return empty
        skeleton = skeleton_of(self._pose(image))
        labels = empty if skeleton is None else _at_full_size(image, skeleton)
        return labels if self.faces is None else with_faces(labels, self.faces.boxes(image))

    def _pose(self, image: Image.Image) -> Pose:
        """Looked for in the whole image, then in the box of what was found: these models expect a person that fills it."""
        whole = PixelBox(0.0, 0.0, float(image.width), float(image.height))
        first = self.pose.find(image, whole)
        sure = first.points[first.confidence >= CONFIDENT]
        if skeleton_of(first) is None:
            return first
        (left, top), (right, bottom) = sure.min(0).tolist(), sure.max(0).tolist()
        x, y = 0.1 * (right - left), 0.1 * (bottom - top)
        box = PixelBox(max(0.0, left - x), max(0.0, top - y), min(whole.right, right + x), min(whole.bottom, bottom + y))
        second = self.pose.find(image, box)
        return second if skeleton_of(second) is not None else first


def _at_full_size(image: Image.Image, skeleton: Skeleton) -> NDArray[np.uint8]:
    scale = min(1.0, SIDE / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image if scale == 1 else image.resize(size, Image.Resampling.BOX)
    labels = labelled(np.asarray(small), scaled(skeleton, size[0] / image.width))
    return labels if scale == 1 else np.array(Image.fromarray(labels).resize(image.size, Image.Resampling.NEAREST))


def with_faces(labels: NDArray[np.uint8], boxes: Sequence[tuple[PixelBox, float]]) -> NDArray[np.uint8]:
    """The map with the other faces (boxes and scores) of about the size of the largest, as ovals; it has the figure's own."""
    import cv2

    head = np.isin(labels, [LABELS.index("face"), LABELS.index("hair")])
    found = labels.copy()
    widest = max((box.right - box.left for box, _ in boxes), default=0.0)
    for left, top, right, bottom in (box for box, _ in boxes):
        middle, half = ((left + right) / 2, (top + bottom) / 2), ((right - left) / 2, (bottom - top) / 2)
        within = head[max(0, int(top)) : max(1, int(bottom)), max(0, int(left)) : max(1, int(right))]
        if right - left >= ANOTHER * widest and not (within.size and within.mean() > OWN):
            oval = cv2.ellipse(np.zeros_like(labels), (middle, (2 * half[0], 2 * half[1]), 0), 1, -1)
            found[(oval > 0) & (labels == 0)] = LABELS.index("face")
    return found


def scaled(skeleton: Skeleton, factor: float) -> Skeleton:
    """The skeleton in a picture of `factor` times the size."""
    shapes = tuple(replace(s, points=s.points * factor, radius=s.radius * factor) for s in skeleton.shapes)
    return Skeleton(shapes, skeleton.unit * factor)


def labelled(pixels: NDArray[np.uint8], skeleton: Skeleton) -> NDArray[np.uint8]:
    """Indices into LABELS for an RGB image (height, width, 3) that shows a figure of this skeleton."""
    import cv2
    from scipy import ndimage

    distances = distances_of(skeleton, pixels.shape[:2])
    figure = cut_out(pixels, skeleton, distances)
    lab = weighted_lab(cv2.GaussianBlur(pixels, (3, 3), 0))
    blur = max(3, 2 * round(BLUR * skeleton.unit / 2) + 1)
    raw = _costs(lab, palettes_of(lab, figure, distances), distances)
    costs = np.stack([cv2.GaussianBlur(cost, (blur, blur), 0) for cost in raw])
    for _ in range(2):
        labels = np.where(figure, costs.argmin(0) + 1, 0).astype(np.uint8)
        for index, name in enumerate(LABELS[1:], start=1):
            if name != "clothing":
                costs[index - 1][_astray(labels == index, name, distances)] = np.inf
    labels = np.where(figure, costs.argmin(0) + 1, 0).astype(np.uint8)
    shoes = labels == LABELS.index("feet")
    labels[ndimage.binary_fill_holes(shoes) & figure] = LABELS.index("feet")
    return labels


def _astray(mask: Mask, name: str, distances: Distances) -> Mask:
    """The pieces of a part that do not touch its limbs: skin of another person, what has the colour of hair."""
    from scipy import ndimage

    numbered, _ = ndimage.label(mask)
    there = [distances[limb] <= 1 for limb in LIMBS[name] if limb in distances]
    near: Mask = np.logical_or.reduce([np.zeros_like(mask), *there])
    found: Mask = mask & ~np.isin(numbered, np.unique(numbered[near & mask]))
    return found


def _costs(lab: NDArray[np.float32], palettes: Palettes, distances: Distances) -> list[NDArray[np.float32]]:
    """In the order of LABELS without its first."""
    skin, hair, cloth, shoes = (unlike(lab, p) for p in (palettes.skin, palettes.hair, palettes.cloth, palettes.shoes))
    colours = {"hair": hair, "clothing": cloth, "feet": shoes}
    return [_cost(name, colours.get(name, skin), distances) for name in LABELS[1:]]


def _cost(name: str, colour: NDArray[np.float32], distances: Distances) -> NDArray[np.float32]:
    there = [distances[limb] for limb in LIMBS[name] if limb in distances]
    if not there:
        return np.full(colour.shape, 2 * FAR + len(LIMBS), np.float32)
    near = np.minimum.reduce(there)
    inside: Mask = near <= 1
    most = np.where(inside, INSIDE.get(name, FAR), FAR) if name != "clothing" else ANY
    beyond = np.clip((near - 1) * SLOPES.get(name, 1.0), 0, len(LIMBS))
    return np.asarray(beyond + np.minimum(colour, most), np.float32)
