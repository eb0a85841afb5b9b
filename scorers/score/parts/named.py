"""The parts that references share, under the names that captions give them, or by colour and place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from models.language.translate import phrase
from models.lora_kinds import ScoredKind
from scorers.observe.colours.cells import read_cells
from scorers.observe.parts import Mask
from scorers.score.parts.colour_names import TERMS
from scorers.score.parts.hair import LEAST as LEAST_OF_HEAD
from scorers.score.parts.presence import rigid_presence
from scorers.score.parts.template import LEAST, Part, Template, template_of
from scorers.score.parts.vocabulary import PLACES, Place

CLEAR: Final = 0.5
"""Presence that half of the photos must have themselves: what they hardly show cannot be missed in an image."""
SMALL: Final = 0.06
"""Share of all the parts' cells below which a part is called a mark."""
OWN: Final = 0.7
"""Share of a colour's cells that must lie free at the place of a name without a colour: freckles are no part of dark skin."""
LEFT: Final = 0.5
"""Share of a part's cells that no name has claimed from which it is listed by colour and place."""


@dataclass(frozen=True, eq=False)
class NamedPart:
    """A part, its name in words, and the median of the photos' own presence."""

    name: str
    part: Part
    usual: float


@lru_cache(maxsize=64)
def named_parts(kind: ScoredKind, cells: tuple[str, ...], tags: tuple[str, ...]) -> tuple[NamedPart, ...]:
    """What to look for, in the order of the tags, then what these do not name, the largest first. `cells` are the references'."""
    least = LEAST_OF_HEAD if kind == "face" else LEAST
    template = template_of(cells, least)
    if template is None:
        return ()
    found: list[tuple[str, Part]] = []
    for tag in sorted(_known(kind, tags), key=lambda tag: _place(kind, tag).bare):
        part = _claimed(template, tag, _place(kind, tag), [p for _, p in found], LEAST_OF_HEAD)
        if part is not None:
            found.append((tag, part))
    found += _unnamed(kind, template, [part for _, part in found])
    grids = [read_cells(text) for text in cells if text]
    named = [NamedPart(name, part, float(np.median([rigid_presence(part, grid) for grid in grids]))) for name, part in found]
    return tuple(one for one in named if one.usual >= CLEAR)


def _known(kind: ScoredKind, tags: Sequence[str]) -> list[str]:
    """The tags that say a place of this kind, with a colour where one is needed."""
    known = [tag for tag in tags if tag and tag.split()[-1] in PLACES[kind]]
    return [tag for tag in known if _place(kind, tag).bare or _colour_of(tag) is not None]


def _place(kind: ScoredKind, tag: str) -> Place:
    return PLACES[kind][tag.split()[-1]]


def _colour_of(tag: str) -> str | None:
    return next((TERMS[word] for word in tag.split() if word in TERMS), None)


def _claimed(template: Template, tag: str, place: Place, taken: Sequence[Part], least: int) -> Part | None:
    """The cells of the tag's colour at its place; without a colour, those that no other tag has taken."""
    colour = _colour_of(tag)
    here = _mask_of(place, template.agreed.shape)
    if colour is None:
        free = [(patch, patch.mask & here & ~_union(taken, here.shape)) for patch in template.patches[1:]]
        free = [(patch, mask) for patch, mask in free if mask.sum() >= max(least, OWN * patch.mask.sum())]
        patch, mask = max(free, key=lambda pair: int(pair[1].sum()), default=(None, here))
        return None if patch is None else Part(mask, patch.colour)
    mask = _union([patch for patch in template.patches if _alike(patch.name, colour)], here.shape) & here
    return Part(mask, np.median(template.colours[mask], axis=0)) if mask.sum() >= least else None


def _alike(name: str, tag: str) -> bool:
    return name == tag or (name, tag) in NEIGHBOURS


NEIGHBOURS: Final = frozenset({("green", "lime"), ("lime", "green"), ("green", "teal"), ("teal", "green"), ("blue", "teal")})
"""Names of one colour by the survey and by captions."""


def _unnamed(kind: ScoredKind, template: Template, taken: Sequence[Part]) -> list[tuple[str, Part]]:
    claimed = _union(taken, template.agreed.shape)
    total = sum(int(part.mask.sum()) for part in template.parts)
    parts = [part for part in template.parts if (part.mask & ~claimed).sum() >= LEFT * part.mask.sum()]
    return [
        (phrase("{colour} {place}", colour=phrase(part.name), place=_where(kind, part, part.mask.sum() < SMALL * total)), part)
        for part in parts
    ]


def _where(kind: ScoredKind, part: Part, small: bool) -> str:
    row, _ = part.centre
    if kind == "face":
        return phrase("mark on the head" if small else "around the face" if row < 0.45 else "of the face")
    place = phrase("upper part" if row < 0.3 else "lower edge" if row > 0.8 else "middle")
    return phrase("mark, {place}", place=place) if small else place


def _mask_of(place: Place, shape: tuple[int, ...]) -> Mask:
    ys, xs = (np.mgrid[: shape[0], : shape[1]] + 0.5) / np.array(shape)[:, None, None]
    side = np.abs(2 * xs - 1)
    (top, low), (near, far) = place.rows, place.sides
    found: Mask = (ys >= top) & (ys <= low) & (side >= near) & (side <= far)
    return found


def _union(parts: Sequence[Part], shape: tuple[int, ...]) -> Mask:
    found: Mask = np.logical_or.reduce([np.zeros(shape, np.bool_), *(part.mask for part in parts)])
    return found
