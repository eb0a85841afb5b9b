"""The observer with a part parser: each model sees all its crops of all images in one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox, ShareBox
from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from models.vision.faces import Face, FaceModel
from models.vision.pose import PoseModel
from scorers.observe.base import PartSource
from scorers.observe.colours.cells import clothing_cells, head_cells, shoe_cells, stored_cells
from scorers.observe.colours.histogram import colour_descriptor
from scorers.observe.crops import enlarged_head, masked_crop
from scorers.observe.embedders import Embedder
from scorers.observe.faces import face_references, prominence
from scorers.observe.figure_cover import cover_of
from scorers.observe.figure_points import height_of, points_of
from scorers.observe.limbs.arms import AREA as ARM_AREA
from scorers.observe.limbs.arms import arm_end, chin_of, touches
from scorers.observe.limbs.hand_judge import HandJudge, hand_crop
from scorers.observe.limbs.hand_points import hand_points
from scorers.observe.limbs.pose_hands import PoseLimbs, limbs_of_image
from scorers.observe.limbs.sleeves import sleeves
from scorers.observe.observation import (
    REGION_KINDS,
    ArmObservation,
    FaceSeen,
    HandObservation,
    Observation,
    Region,
    RegionKind,
)
from scorers.observe.parts import Group, Mask, Piece, box_of, groups_of, heads_of, parted, person_labels, pieces
from scorers.observe.references import References
from scorers.observe.rgb import as_rgb, is_flat
from scorers.observe.rounding import rounded_vector
from scorers.observe.windows import in_pixels, mask_of
from scorers.plugins import ImageScorer, extra_scores
from scorers.regions import RegionDuty, RegionPicture, region_scores, with_region_scores

GARMENT_AREA: Final[dict[RegionKind, float]] = {"clothing": 0.01, "shoes": 0.004}
"""Shares of the image below which a garment counts as absent: specks of a parser's mistakes."""
PIECE_AREA: Final = 0.0015
"""Share of the image that a hand must have to be counted."""
FOOT_AREA: Final = 0.0006
"""Share of the image that a foot less its rim must have to be counted."""


@dataclass(frozen=True)
class Seen:
    """One image as RGB, its groups' masks, and the pieces of head, hands, feet and bare arms."""

    image: Image.Image
    masks: dict[Group, Mask]
    person: Mask
    heads: list[Piece]
    hands: list[Piece]
    feet: list[Piece]
    arms: list[Piece]

    def share(self, box: PixelBox) -> ShareBox:
        """The box in shares of the image, five decimals."""
        w, h = self.image.size
        left, top, right, bottom = box
        return ShareBox(round(left / w, 5), round(top / h, 5), round(right / w, 5), round(bottom / h, 5))


@dataclass(frozen=True)
class ParserObserver:
    """An Observer. Raises InputError if the parser lacks a label that is needed."""

    parser: PartSource
    garments: Embedder
    faces: FaceModel | None
    """None for studies that need no face: then none is ever seen."""
    hand_judge: HandJudge | None
    pose: PoseModel | None = None
    """Finds and judges hands and arms in place of the parser and the hand judge. Without either no hand is judged."""
    extra: Mapping[str, ImageScorer] = field(default_factory=dict)
    """Plugged-in scorers by name."""
    regions: Mapping[str, RegionDuty] = field(default_factory=dict)
    """Plugged-in scorers of LoRAs' regions by the name of their score."""
    garment_parts: bool = False
    """Whether garments' colours are observed by place, so that their parts can be compared."""
    whole_heads: bool = False
    """Whether heads' are, so that hair can be compared; a face not found in the largest head is then looked for in all of it."""

    def __post_init__(self) -> None:
        groups = groups_of(self.parser.labels)
        wanted: list[Group] = ["clothing", "shoes", "face"]
        if self.hand_judge is not None:
            wanted.append("hands")
        for group in wanted:
            if not len(groups[group]):
                present = ", ".join(self.parser.labels.values())
                mend = "name a parser that does" if group != "hands" else "name a parser that does, or leave the hand judge out"
                raise InputError(phrase("the part parser has no label for {group}", group=group), present, mend)

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        """Images of any size and mode; each model gets all of its crops in one batch."""
        seen = self._parse(images)
        regions = self._regions(seen)
        faces = self._faces(seen)
        limbs = self._limbs(seen)
        extra = with_region_scores(extra_scores(self.extra, [s.image for s in seen]), self._extra_of_regions(seen, faces))
        return [
            Observation(
                size=s.image.size,
                regions=r,
                face=f,
                hands=limb.hands,
                heads=len(s.heads),
                feet=len(s.feet),
                points={
                    "head": points_of(s.heads[:1], s.image.height),
                    "hands": hand_points(limb.hands, s.image.size) if self.pose else points_of(s.hands, s.image.height),
                    "feet": points_of(s.feet, s.image.height),
                },
                height=height_of(s.person),
                arms=limb.arms,
                cover=cover_of(s.person),
                extra=more,
            )
            for s, r, f, limb, more in zip(seen, regions, faces, limbs, extra, strict=True)
        ]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        """The parser finds the thing itself: `boxes` are ignored. Raises InputError if no photo shows it."""
        seen = self._parse(images)
        if kind == "face":
            return face_references(self._faces(seen))
        found = [regions.get(kind) for regions in self._regions(seen)]
        shown = [region for region in found if region is not None]
        unused = tuple(i for i, region in enumerate(found) if region is None)
        cells = tuple(r.cells for r in shown) if self.garment_parts else ()
        return References(kind, tuple(r.embedding for r in shown), tuple(r.colour for r in shown), unused, cells=cells)

    def _parse(self, images: Sequence[Image.Image]) -> list[Seen]:
        plain = [as_rgb(image) for image in images]
        groups, person = groups_of(self.parser.labels), person_labels(self.parser.labels)
        return [_seen(image, labels, groups, person) for image, labels in zip(plain, self.parser.parse(plain), strict=True)]

    def _regions(self, seen: list[Seen]) -> list[dict[RegionKind, Region]]:
        found: list[dict[RegionKind, Region]] = [{} for _ in seen]
        places: list[tuple[int, RegionKind, Mask, PixelBox]] = []
        for i, s in enumerate(seen):
            for kind in REGION_KINDS:
                mask = _garment(s, kind)
                if mask is not None:
                    places.append((i, kind, mask, box_of(mask)))
        embeddings = self.garments.embed_images([masked_crop(seen[i].image, mask, box) for i, _, mask, box in places])
        for (i, kind, mask, box), embedding in zip(places, embeddings, strict=True):
            colour = rounded_vector(colour_descriptor(seen[i].image, mask))
            cells = _garment_cells(seen[i].image, kind, mask) if self.garment_parts else ""
            found[i][kind] = Region(round(float(mask.mean()), 5), seen[i].share(box), rounded_vector(embedding), colour, cells)
        return found

    def _extra_of_regions(self, seen: list[Seen], faces: list[FaceSeen | None]) -> dict[str, list[float | None]]:
        found = {}
        for name, duty in self.regions.items():
            places = [_shown(s, face, duty.kind) for s, face in zip(seen, faces, strict=True)]
            found[name] = region_scores(duty.scorer, places, self._region_references[name])
        return found

    @cached_property
    def _region_references(self) -> dict[str, list[RegionPicture]]:
        """Raises InputError if no photo shows a LoRA's thing."""
        found = {}
        for name, duty in self.regions.items():
            seen = self._parse(duty.photos)
            faces = self._faces(seen) if duty.kind == "face" else [None] * len(seen)
            places = [_shown(s, face, duty.kind) for s, face in zip(seen, faces, strict=True)]
            found[name] = [place for place in places if place is not None]
            if not found[name]:
                raise InputError(
                    phrase("no {kind} found in any reference photo", kind=duty.kind), name, "give photos that show it larger"
                )
        return found

    def _faces(self, seen: list[Seen]) -> list[FaceSeen | None]:
        if self.faces is None:
            return [None] * len(seen)
        crops = [_head_crop(s) for s in seen]
        found = self.faces.find([crop for crop, _, _ in crops])
        best = [_best(s, faces, scale, at) for s, faces, (_, scale, at) in zip(seen, found, crops, strict=True)]
        return [self._with_head(s, face) for s, face in zip(seen, best, strict=True)] if self.whole_heads else best

    def _with_head(self, seen: Seen, face: FaceSeen | None) -> FaceSeen | None:
        """The face, looked for once more where it was not found, with the colours of its head."""
        assert self.faces is not None
        again = _all_heads_crop(seen) if face is None else None
        if again is not None:
            crop, scale, at = again
            face = _best(seen, self.faces.find([crop])[0], scale, at)
        if face is None:
            return None
        (width, height), (left, top, right, bottom) = seen.image.size, face.box
        box = PixelBox(left * width, top * height, right * width, bottom * height)
        return replace(face, cells=stored_cells(head_cells(seen.image, seen.masks["head"], box)))

    def _limbs(self, seen: list[Seen]) -> list[PoseLimbs]:
        if self.pose is None:
            return [PoseLimbs(hands, _arms(s)) for s, hands in zip(seen, self._hands(seen), strict=True)]
        return [limbs_of_image(self.pose, s.image, s.person, s.masks["arms"] | s.masks["hands"]) for s in seen]

    def _hands(self, seen: list[Seen]) -> list[tuple[HandObservation, ...]]:
        if self.hand_judge is None:
            return [()] * len(seen)
        broken = iter(self.hand_judge.broken([hand_crop(s.image, piece.box) for s in seen for piece in s.hands]))
        return [tuple(_hand(s, piece, next(broken)) for piece in s.hands) for s in seen]


def _seen(
    image: Image.Image, labels: NDArray[np.uint8], groups: dict[Group, NDArray[np.uint8]], person: NDArray[np.uint8]
) -> Seen:
    if is_flat(image):
        groups, person = dict.fromkeys(groups, person[:0]), person[:0]
    masks = {group: np.isin(labels, indices) for group, indices in groups.items()}
    heads = heads_of(masks["head"], masks["face"])
    feet = pieces(parted(masks["shoes"]), FOOT_AREA)
    hands, arms = pieces(masks["hands"], PIECE_AREA), pieces(masks["arms"], ARM_AREA)
    return Seen(image, masks, np.isin(labels, person), heads, hands, feet, arms)


def _garment(seen: Seen, kind: RegionKind) -> Mask | None:
    """A garment without a parser's specks; None where it is absent."""
    kept = pieces(seen.masks[kind], GARMENT_AREA[kind] / 4)
    mask: Mask = np.logical_or.reduce([p.mask for p in kept]) if kept else seen.masks[kind]
    return mask if mask.mean() >= GARMENT_AREA[kind] else None


def _shown(seen: Seen, face: FaceSeen | None, kind: ScoredKind) -> RegionPicture | None:
    """Where a LoRA of `kind` is looked for; None where its thing is absent."""
    if kind == "face":
        size = seen.image.size
        return None if face is None else RegionPicture(seen.image, mask_of(face.box, size), in_pixels(face.box, size))
    mask = _garment(seen, kind)
    return None if mask is None else RegionPicture(seen.image, mask, box_of(mask))


def _head_crop(seen: Seen) -> tuple[Image.Image, float, tuple[int, int]]:
    """The largest head, or the whole image where the parser sees none."""
    if not seen.heads:
        whole = PixelBox(0.0, 0.0, float(seen.image.width), float(seen.image.height))
        return enlarged_head(seen.image, whole, whole, margin=0.0)
    head = seen.heads[0]
    return enlarged_head(seen.image, head.box, box_of(head.mask & seen.masks["face"]))


def _all_heads_crop(seen: Seen) -> tuple[Image.Image, float, tuple[int, int]] | None:
    """All that a parser takes for a head: it may have torn one apart, and lost most of the face. None where it sees no head."""
    torn = pieces(seen.masks["head"], PIECE_AREA)
    if not torn:
        return None
    box = box_of(np.logical_or.reduce([piece.mask for piece in torn]))
    quarter = (box.right - box.left) / 4
    return enlarged_head(seen.image, box, PixelBox(box.left + quarter, box.top, box.right - quarter, box.bottom))


def _garment_cells(image: Image.Image, kind: RegionKind, mask: Mask) -> str:
    return stored_cells(clothing_cells(image, mask) if kind == "clothing" else shoe_cells(image, mask, FOOT_AREA))


def _best(seen: Seen, faces: list[Face], scale: float, corner: tuple[int, int]) -> FaceSeen | None:
    if not faces:
        return None
    best = max(faces, key=prominence)
    x, y = corner
    left, top, right, bottom = (v / scale for v in best.box)
    box = PixelBox(left + x, top + y, right + x, bottom + y)
    return FaceSeen(seen.share(box), round(best.score, 5), rounded_vector(best.embedding))


def _hand(seen: Seen, piece: Piece, broken: float) -> HandObservation:
    left, top, right, bottom = piece.box
    return HandObservation(seen.share(piece.box), max(right - left, bottom - top), round(broken, 5))


def _arms(seen: Seen) -> tuple[ArmObservation, ...]:
    """Bare arms, then sleeves that lead back to the body: a sleeve holds what is no bare arm of its own."""
    if not seen.person.any():
        return ()
    chin = chin_of(seen.masks["face"], seen.person)
    hands, bare = (np.logical_or.reduce([np.zeros_like(seen.person), *(p.mask for p in ps)]) for ps in (seen.hands, seen.arms))
    found = [ArmObservation(seen.share(a.box), arm_end(a, hands, seen.person, chin)) for a in seen.arms]
    covered = [s for s in sleeves(seen.masks["clothing"] | (seen.masks["arms"] & ~bare), chin) if not touches(s, bare)]
    led = [ArmObservation(seen.share(s.box), "hand" if touches(s, hands) else "hidden", sleeved=True) for s in covered]
    return (*found, *led)
