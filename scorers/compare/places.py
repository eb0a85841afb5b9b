"""What changed between two images of one seed, by what of a figure it changed: where a LoRA acts that it was not made for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from scorers.observe.base import PartSource
from scorers.observe.observation import Observation
from scorers.observe.parts import Group, Mask, groups_of
from scorers.observe.rgb import as_rgb

Place = Literal["head", "clothing", "shoes", "limbs", "ground"]
Masks: TypeAlias = Mapping[Place, Mask]
PLACES: Final[Mapping[Place, tuple[Group, ...]]] = {
    "clothing": ("clothing",),
    "shoes": ("shoes",),
    "limbs": ("hands", "arms", "legs"),
    "head": ("head", "face"),
}
"""By place the groups of a parser's labels; what no group has is ground."""
OWN: Final[Mapping[ScoredKind, Place]] = {"face": "head", "clothing": "clothing", "shoes": "shoes"}
"""The place that a LoRA of a kind is made for."""
RIM: Final = 0.02
"""Of the image's height, by how much the own place is widened: an edge that moves a little is no leak."""
HAIR: Final = 1.0
"""Of a face's box, what is added on each side where no parser tells where the head is."""


@dataclass(frozen=True)
class Changed:
    """Mean absolute differences of pixels, in levels of 255, over all three colours."""

    inside: float
    """Over the LoRA's own place in either image, widened by a rim; 0 where neither shows it."""
    outside: float
    """Over all the rest."""
    by_place: Mapping[Place, float]
    """Over each other place in either image, without the widened own one; places that no image shows are left out."""


def part_masks(source: PartSource, images: Sequence[Image.Image]) -> list[dict[Place, Mask]]:
    """By a part parser, at each image's own size."""
    groups = groups_of(source.labels)
    found = []
    for labels in source.parse([as_rgb(image) for image in images]):
        masks: dict[Place, Mask] = {
            place: np.isin(labels, np.concatenate([groups[name] for name in names])) for place, names in PLACES.items()
        }
        masks["ground"] = ~np.logical_or.reduce(list(masks.values()))
        found.append(masks)
    return found


def box_masks(observation: Observation, kind: ScoredKind, own: ShareBox | None) -> dict[Place, Mask]:
    """Without a part parser: the box of the LoRA's own thing, the head around the face's box, and the rest as ground."""
    width, height = observation.size
    empty = np.zeros((height, width), np.bool_)
    masks: dict[Place, Mask] = {"head": empty if observation.face is None else _filled(empty, _grown(observation.face.box))}
    if kind != "face" and own is not None:
        masks[OWN[kind]] = _filled(empty, own)
        masks["head"] = masks["head"] & ~masks[OWN[kind]]
    masks["ground"] = ~np.logical_or.reduce(list(masks.values()))
    return masks


def changed(image: Image.Image, other: Image.Image, masks: Masks, other_masks: Masks, own: Place) -> Changed:
    """Of two images of one size, whose places `part_masks` or `box_masks` tells."""
    apart = np.abs(_numbers(image) - _numbers(other)).mean(2)
    either = {place: masks[place] | other_masks[place] for place in masks if place in other_masks}
    inside = _widened(either.get(own, np.zeros(apart.shape, np.bool_)))
    by_place = {place: _mean(apart, mask & ~inside) for place, mask in either.items() if place != own}
    return Changed(
        _mean(apart, inside) or 0.0,
        _mean(apart, ~inside) or 0.0,
        {place: value for place, value in by_place.items() if value is not None},
    )


def _numbers(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(as_rgb(image), np.float32)


def _widened(mask: Mask) -> Mask:
    from scipy import ndimage

    rim = round(RIM * mask.shape[0])
    if not rim or not mask.any():
        return mask
    widened: Mask = ndimage.binary_dilation(mask, iterations=rim)
    return widened


def _mean(apart: NDArray[np.float32], mask: Mask) -> float | None:
    return float(apart[mask].mean()) if mask.any() else None


def _grown(box: ShareBox) -> ShareBox:
    left, top, right, bottom = box
    wide, high = HAIR * (right - left), HAIR * (bottom - top)
    return ShareBox(max(0.0, left - wide), max(0.0, top - high), min(1.0, right + wide), min(1.0, bottom + high))


def _filled(empty: Mask, box: ShareBox) -> Mask:
    mask = empty.copy()
    height, width = mask.shape
    left, top, right, bottom = box
    mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
    return mask
