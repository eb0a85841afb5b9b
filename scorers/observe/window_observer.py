"""The observer without a part parser: garments in windows, hands by a pose model alone, faces in the whole image.

What needs the outline of a person is missing: feet, whether a hand is covered, whether a garment is present. LACKS is the text
for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.boxes import ShareBox
from models.lora_kinds import ScoredKind
from models.vision.faces import Face, FaceModel
from models.vision.pose import PoseModel
from scorers.observe.colours.histogram import colour_descriptor
from scorers.observe.crops import masked_crop
from scorers.observe.embedders import Embedder
from scorers.observe.faces import face_references, prominence
from scorers.observe.limbs.hand_points import hand_points
from scorers.observe.limbs.pose_hands import PoseLimbs, limbs_of_image
from scorers.observe.observation import REGION_KINDS, FaceSeen, Observation, Point, Region, RegionKind
from scorers.observe.references import References
from scorers.observe.rgb import as_rgb, is_flat
from scorers.observe.rounding import rounded_vector
from scorers.observe.windows import WINDOWS, in_pixels, mask_of, middle_of
from scorers.plugins import ImageScorer, extra_scores
from scorers.regions import RegionDuty, RegionPicture, region_scores, with_region_scores

LACKS: Final = (
    "no part parser: garments are looked for in fixed windows and never count as absent, feet are not counted, a hand covered "
    "by the figure counts as lost, faces are not enlarged"
)
ANOTHER: Final = 0.25
"""Share of the most prominent face's prominence from which another face counts as another head."""


@dataclass(frozen=True)
class WindowObserver:
    """An Observer with no parser. Heights are those of the image, since the figure's is unknown."""

    garments: Embedder
    faces: FaceModel | None
    pose: PoseModel | None
    extra: Mapping[str, ImageScorer] = field(default_factory=dict)
    regions: Mapping[str, RegionDuty] = field(default_factory=dict)

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        """Images of any size and mode; each model gets all of its crops in one batch."""
        plain = [as_rgb(image) for image in images]
        shown = [not is_flat(image) for image in plain]
        windows_of = [[(kind, box) for kind in REGION_KINDS for box in WINDOWS[kind]] if there else [] for there in shown]
        regions = self._regions(plain, windows_of)
        faces = self._faces(plain)
        extra = with_region_scores(extra_scores(self.extra, plain), self._extra_of_regions(plain, regions, faces))
        return [
            _observation(image, windows, found, self._limbs(image, there), more, there=there)
            for image, windows, found, more, there in zip(plain, regions, faces, extra, shown, strict=True)
        ]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        """Reads each photo in its box, or without boxes in the first window of its kind. Raises InputError if none shows it."""
        plain = [as_rgb(image) for image in images]
        if kind == "face":
            return face_references([_surest(image, faces) for image, faces in zip(plain, self._faces(plain), strict=True)])
        places = boxes if boxes is not None else [WINDOWS[kind][0]] * len(plain)
        unused = tuple(i for i, image in enumerate(plain) if is_flat(image))
        windows_of: list[list[tuple[RegionKind, ShareBox]]] = [
            [] if i in unused else [(kind, box)] for i, box in enumerate(places)
        ]
        shown = [region for windows in self._regions(plain, windows_of) for region in windows.get(kind, ())]
        return References(kind, tuple(r.embedding for r in shown), tuple(r.colour for r in shown), unused)

    def _regions(
        self, images: list[Image.Image], windows_of: list[list[tuple[RegionKind, ShareBox]]]
    ) -> list[dict[RegionKind, tuple[Region, ...]]]:
        places = [(i, kind, box) for i, windows in enumerate(windows_of) for kind, box in windows]
        crops = [masked_crop(images[i], mask_of(box, images[i].size), in_pixels(box, images[i].size)) for i, _, box in places]
        found: list[dict[RegionKind, tuple[Region, ...]]] = [{} for _ in images]
        for (i, kind, box), embedding in zip(places, self.garments.embed_images(crops), strict=True):
            found[i][kind] = (*found[i].get(kind, ()), _region(images[i], box, embedding))
        return found

    def _extra_of_regions(
        self, images: list[Image.Image], regions: list[dict[RegionKind, tuple[Region, ...]]], faces: list[list[Face]]
    ) -> dict[str, list[float | None]]:
        found = {}
        for name, duty in self.regions.items():
            known, references = self._region_references[name]
            boxes = [_shown(r, _surest(i, f), known) for i, r, f in zip(images, regions, faces, strict=True)]
            places = [None if box is None else _region_picture(i, box) for i, box in zip(images, boxes, strict=True)]
            found[name] = region_scores(duty.scorer, places, references)
        return found

    @cached_property
    def _region_references(self) -> dict[str, tuple[References, list[RegionPicture]]]:
        """What each LoRA is recognised by, and its pictures. Raises InputError if no photo shows its thing."""
        found = {}
        for name, duty in self.regions.items():
            known, plain = self.references_of(duty.photos, duty.kind), [as_rgb(photo) for photo in duty.photos]
            faces = self._faces(plain) if duty.kind == "face" else [[] for _ in plain]
            boxes = [
                WINDOWS[duty.kind][0] if duty.kind != "face" else None if (seen := _surest(i, f)) is None else seen.box
                for i, f in zip(plain, faces, strict=True)
            ]
            pictures = [_region_picture(i, box) for i, box in zip(plain, boxes, strict=True) if box is not None]
            found[name] = known, pictures
        return found

    def _faces(self, images: list[Image.Image]) -> list[list[Face]]:
        return [[] for _ in images] if self.faces is None else self.faces.find(images)

    def _limbs(self, image: Image.Image, there: bool) -> PoseLimbs:
        if self.pose is None:
            return PoseLimbs()
        person = np.full((image.height, image.width), there, np.bool_)
        return limbs_of_image(self.pose, image, person, person)


def _observation(
    image: Image.Image,
    windows: dict[RegionKind, tuple[Region, ...]],
    faces: list[Face],
    limbs: PoseLimbs,
    extra: Mapping[str, float | None],
    *,
    there: bool,
) -> Observation:
    heads = _heads(image, faces)
    return Observation(
        size=image.size,
        face=_surest(image, faces),
        hands=limbs.hands,
        heads=len(heads),
        points={"head": heads[:1], "hands": hand_points(limbs.hands, image.size), "feet": ()},
        height=float(there),
        arms=limbs.arms,
        extra=extra,
        windows=windows,
    )


def _region(image: Image.Image, box: ShareBox, embedding: NDArray[np.floating]) -> Region:
    rounded = ShareBox(*(round(v, 5) for v in box))
    area = (rounded.right - rounded.left) * (rounded.bottom - rounded.top)
    colour = rounded_vector(colour_descriptor(image, mask_of(middle_of(box), image.size)))
    return Region(round(area, 5), rounded, rounded_vector(embedding), colour)


def _shown(regions: Mapping[RegionKind, tuple[Region, ...]], face: FaceSeen | None, known: References) -> ShareBox | None:
    """The face, or the window whose embedding is nearest to any reference."""
    if known.kind == "face":
        return None if face is None else face.box
    windows = regions.get(known.kind, ())
    if not windows:
        return None
    cosines = np.asarray([w.embedding for w in windows]) @ np.asarray(known.embeddings).T
    return windows[int(cosines.max(1).argmax())].box


def _region_picture(image: Image.Image, box: ShareBox) -> RegionPicture:
    return RegionPicture(image, mask_of(box, image.size), in_pixels(box, image.size))


def _surest(image: Image.Image, faces: list[Face]) -> FaceSeen | None:
    if not faces:
        return None
    best = max(faces, key=prominence)
    (left, top, right, bottom), (width, height) = best.box, image.size
    box = ShareBox(round(left / width, 5), round(top / height, 5), round(right / width, 5), round(bottom / height, 5))
    return FaceSeen(box, round(best.score, 5), rounded_vector(best.embedding))


def _heads(image: Image.Image, faces: list[Face]) -> tuple[Point, ...]:
    """The centres of faces in heights of the image, the most prominent first; far less prominent ones do not count."""
    ranked = sorted(faces, key=prominence, reverse=True)
    counted = [face.box for face in ranked if prominence(face) >= ANOTHER * prominence(ranked[0])]
    unit = 2 * image.height
    return tuple((round((left + right) / unit, 5), round((top + bottom) / unit, 5)) for left, top, right, bottom in counted)
