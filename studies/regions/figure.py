"""Where on the figure of a locked image LoRAs act by themselves: head, clothes and shoes, grown until they meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import InputError
from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from studies.regions.section import PARTS

if TYPE_CHECKING:
    from PIL.Image import Image

    from optimizer.regions.regions import Mask
    from scorers.observe.base import PartSource
    from scorers.observe.parts import Group

VERSION: Final = 1
"""Of how regions are found on a figure: a change must be a new one, and a study of another is refused."""
GROUPS: Final[Mapping[ScoredKind, Group]] = {"face": "head", "clothing": "clothing", "shoes": "shoes"}
CODES: Final[Mapping[ScoredKind, int]] = {"face": 1, "clothing": 2, "shoes": 3}
"""Of a map of parts; 0 is the background."""
HANDS: Final = 4
"""Of a map of parts: no LoRA's part grows over a hand, which is what weights break first."""
OTHER: Final = 5
"""Of a map of parts: what of the person is none of these."""
SPECK: Final = 0.001
"""Share of the image below which a piece of a part is a parser's mistake."""
GROWN: Final = 0.08
"""Share of the image's height by which a part grows: a LoRA's garment is seldom exactly as large as what the image shows. Twice
0.04 showed more of the lab's shoes, three times 0.04 no more (docs/regions.md)."""


def part_map(parser: PartSource, image: Image) -> NDArray[np.uint8]:
    """(height, width) of codes: where an RGB image shows the parts, as `scorers.observe.parser_observer` finds them."""
    from scorers.observe.parts import groups_of, person_labels, pieces
    from scorers.observe.rgb import is_flat

    (labels,) = parser.parse([image])
    groups, person = groups_of(parser.labels), person_labels(parser.labels)
    found = np.where(np.isin(labels, person), OTHER, 0).astype(np.uint8)
    if is_flat(image):
        return np.zeros_like(found)
    found[np.isin(labels, groups["hands"])] = HANDS
    for kind, group in GROUPS.items():
        for piece in pieces(np.isin(labels, groups[group]), SPECK):
            found[piece.mask] = CODES[kind]
    return found


def regions_of_parts(parts: NDArray[np.uint8], kinds: Mapping[str, ScoredKind], seed: int) -> dict[str, Mask]:
    """By LoRA, where it acts: its part and what lies within `GROWN` of it, nearer to it than to the other kinds' parts; no hand.

    Raises InputError if nobody is there, or somebody without that part.
    """
    from scipy import ndimage

    where = phrase("seed {seed}", seed=seed)
    if not parts.any():
        mend = "lock another seed, or write the region as {box: [left, top, right, bottom]} or {mask: FILE}"
        raise InputError("the locked image shows no person, in whom `region: auto` finds a LoRA's place", where, mend)
    away: dict[ScoredKind, NDArray[np.float64]] = {}
    for lora, kind in kinds.items():
        mask = parts == CODES[kind]
        if not mask.any():
            what = phrase("{lora} would act in {part}, which the locked image does not show", part=phrase(PARTS[kind]), lora=lora)
            raise InputError(what, where, phrase("lock another seed, or write loras.{lora}.region as a box or a mask", lora=lora))
        away.setdefault(kind, ndimage.distance_transform_edt(~mask))
    # The first of those that are equally far: a pixel belongs to one part.
    nearest = np.argmin(np.stack(list(away.values())), axis=0)
    within = GROWN * parts.shape[0]
    grown = {kind: (far <= within) & (nearest == i) & (parts != HANDS) for i, (kind, far) in enumerate(away.items())}
    return {lora: grown[kind] for lora, kind in kinds.items()}
