"""A fake Observer: observations of given numbers, for tests of what renders, searches or reports."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from scorers.observe.observation import (
    ArmObservation,
    FaceSeen,
    HandObservation,
    Observation,
    Region,
    RegionKind,
    Vector,
)
from scorers.observe.references import References

PIXELS: Final = 6
"""Pixels of a picture's first row that `picture_of` writes."""
BOX: Final = ShareBox(0.25, 0.25, 0.75, 0.75)


@dataclass(frozen=True)
class Shown:
    """How much of each thing an image shows."""

    clothing: float | None = 0.0
    """The raw similarity to `references_of`, in [0, 1]; None: absent. So for shoes and the face."""
    shoes: float | None = 0.0
    face: float | None = 0.0
    hands: float | None = 0.0
    """The broken probability of the one hand in view; None: hidden, or gone with its arm if `armless`."""
    feet: int = 2
    heads: int = 1
    shift: float = 0.0
    """How far the figure has moved, in figure heights."""
    armless: bool = False


def observation_of(shown: Shown, size: tuple[int, int] = (128, 192)) -> Observation:
    """An observation that scores exactly as `shown`."""
    regions: dict[RegionKind, Region] = {}
    if shown.clothing is not None:
        regions["clothing"] = _region(shown.clothing)
    if shown.shoes is not None:
        regions["shoes"] = _region(shown.shoes)
    face = None if shown.face is None else FaceSeen(BOX, 1.0, _towards(shown.face))
    hands = () if shown.hands is None else (HandObservation(BOX, 40.0, shown.hands),)
    at = 0.3 + shown.shift
    points = {"head": ((at, 0.2),), "hands": ((at, 0.5),), "feet": ((at, 0.9),)}
    arms = () if shown.armless else (ArmObservation(BOX, "hidden" if shown.hands is None else "hand"),)
    return Observation(size, regions, face, hands, shown.heads, shown.feet, points, height=1.0, arms=arms)


def references_of(kind: ScoredKind) -> References:
    """References against which the numbers of `Shown` are the raw similarities."""
    return References(kind, (_towards(1.0),), () if kind == "face" else (_colour(1.0),))


def picture_of(shown: Shown, size: tuple[int, int] = (16, 24)) -> Image.Image:
    """A picture that carries `shown` in its first pixels, for fakes that render. Numbers keep 8 bits, `shift` in -1..1."""
    image = Image.new("RGB", size, (127, 127, 127))
    values = (shown.clothing, shown.shoes, shown.face, shown.hands, (shown.shift + 1) / 2)
    for x, value in enumerate(values):
        image.putpixel((x, 0), (0, 0, 0) if value is None else (round(255 * value), 255, 0))
    image.putpixel((len(values), 0), (shown.feet, shown.heads, 255 * shown.armless))
    return image


def read_picture(image: Image.Image) -> Shown:
    """What `picture_of` wrote; nothing in a picture that is too small to hold it."""
    if image.width < PIXELS:
        return Shown(None, None, None, None, feet=0, heads=0)
    rgb = image.convert("RGB")

    def value(x: int) -> float | None:
        red, there, _ = _pixel(rgb, x)
        return red / 255 if there else None

    feet, heads, armless = _pixel(rgb, PIXELS - 1)
    return Shown(value(0), value(1), value(2), value(3), feet, heads, 2 * (value(4) or 0.0) - 1, armless > 0)


def _pixel(rgb: Image.Image, x: int) -> tuple[int, ...]:
    found = rgb.getpixel((x, 0))
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


@dataclass
class FakeObserver:
    """Observes with `read`; counts the images that it observed."""

    read: Callable[[Image.Image], Shown] = field(default=read_picture)
    observed: int = 0

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        self.observed += len(images)
        return [observation_of(self.read(image), image.size) for image in images]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        return references_of(kind)


def _towards(cosine: float) -> Vector:
    return (cosine, math.sqrt(max(0.0, 1 - cosine * cosine)))


def _colour(affinity: float) -> Vector:
    return tuple(float(v) for v in np.square(_towards(affinity)))


def _region(similarity: float) -> Region:
    return Region(0.2, BOX, _towards(similarity), _colour(similarity))
