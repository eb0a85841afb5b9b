"""Random people, garments and shoes for everyday figures. None is a product or has its marks."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import numpy as np

from studies.paperdoll.world import palette
from studies.paperdoll.world.figure import (
    HAIR_STYLES,
    SHAPES,
    Garment,
    GarmentKind,
    Identity,
    Mark,
    Pattern,
    ShoeKind,
    Shoes,
    Sleeves,
)
from studies.paperdoll.world.products import WORN

T = TypeVar("T")
Worn = TypeVar("Worn", Garment, Shoes)

TRIM: Final = 0.25
"""How often a garment has each of the trims that it may have."""
RESERVED: Final = frozenset({Mark("heart", "yellow"), Mark("star", "yellow"), Mark("heart", "red")})
"""Marks that only products have."""
GARMENTS_OFTEN: Final[tuple[GarmentKind, ...]] = (*("dress",) * 4, *("shirt and skirt",) * 3, "coat")


def pick(rng: np.random.Generator, options: tuple[T, ...]) -> T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def random_mark(rng: np.random.Generator) -> Mark:
    while True:
        mark = Mark(pick(rng, SHAPES), pick(rng, tuple(palette.CLOTH)))
        if mark not in RESERVED:
            return mark


def random_identity(rng: np.random.Generator, marked: float = 0.1) -> Identity:
    """Anyone; each mark with probability `marked`."""
    blush, mole, glasses, freckles = (bool(rng.random() < marked) for _ in range(4))
    return Identity(
        skin=pick(rng, tuple(palette.SKIN)),
        hair=pick(rng, tuple(palette.HAIR)),
        style=pick(rng, HAIR_STYLES),
        eyes=pick(rng, tuple(palette.EYES)),
        glasses=glasses,
        blush=blush,
        mole=mole,
        freckles=freckles,
        pin=random_mark(rng) if rng.random() < marked else None,
    )


def random_garment(rng: np.random.Generator, trimmed: float = TRIM) -> Garment:
    """Any garment that shares no trim with a product of its kind and colour; each trim it may have with probability `trimmed`."""
    kind: GarmentKind = pick(rng, GARMENTS_OFTEN)
    upper = pick(rng, tuple(palette.CLOTH))
    lower = pick(rng, tuple(palette.CLOTH)) if kind == "shirt and skirt" else upper
    others = tuple(c for c in palette.CLOTH if c not in (upper, lower))

    def trim(allowed: bool = True) -> str | None:
        return pick(rng, others) if allowed and rng.random() < trimmed else None

    coat = kind == "coat"
    pattern: Pattern = "plain" if coat else pick(rng, ("plain", "plain", "plain", "plain", "dotted", "striped"))
    sleeves: Sleeves = "long" if coat else pick(rng, ("none", "none", "none", "short", "long"))
    garment = Garment(
        kind,
        upper,
        lower,
        pattern,
        sleeves,
        straps=trim(not coat),
        belt=trim(),
        hem=trim(),
        collar=trim(),
        buttons=trim(),
        emblem=random_mark(rng) if not coat and pattern == "plain" and rng.random() < trimmed else None,
    )
    for product in WORN.values():
        if isinstance(product, Garment) and (product.kind, product.upper) == (kind, upper):
            garment = _unlike(garment, product, ("straps", "belt", "hem", "collar", "buttons", "emblem"))
            garment = garment if coat else _unlike(garment, product, ("pattern", "sleeves"))
    return garment


def _unlike(thing: Worn, product: Worn, trims: tuple[str, ...]) -> Worn:
    """`thing` without those of its trims that the product has too."""
    default: dict[str, Any] = {f.name: f.default for f in fields(thing)}
    return replace(thing, **{name: default[name] for name in trims if getattr(thing, name) == getattr(product, name)})


def random_shoes(rng: np.random.Generator, trimmed: float = 0.3) -> Shoes:
    """Any shoes that share no trim with a product of their kind and colour; soles and dots with probability `trimmed` each."""
    kind: ShoeKind = pick(rng, ("shoes", "shoes", "boots", "boots", "sandals"))
    colour = pick(rng, tuple(palette.CLOTH))
    others = tuple(c for c in palette.CLOTH if c != colour)
    soles, dots = (pick(rng, others) if rng.random() < trimmed else None for _ in range(2))
    shoes = Shoes(kind, colour, soles, dots)
    for product in WORN.values():
        if isinstance(product, Shoes) and (product.kind, product.colour) == (kind, colour):
            shoes = _unlike(shoes, product, ("soles", "dots"))
    return shoes
