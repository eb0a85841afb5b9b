"""Random everyday figures: what the base is trained on. None of them wears a product, or the marks by which one is known."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np

from studies.paperdoll import palette
from studies.paperdoll.figure import (
    HAIR_STYLES,
    MOUTHS,
    SHAPES,
    Arms,
    Figure,
    Framing,
    Garment,
    GarmentKind,
    Identity,
    Mark,
    Pattern,
    Pose,
    ShoeKind,
    Shoes,
    Sleeves,
)

T = TypeVar("T")

TRIM: Final = 0.22
"""How often a garment has each of the trims that it may have."""
PLAIN_ONLY: Final = frozenset(
    {("dress", "pink"), ("dress", "blue"), ("coat", "green"), ("boots", "white"), ("sandals", "yellow")}
)
"""What the products are made of: everyday figures wear these only without any trim."""
RESERVED: Final = frozenset({Mark("heart", "yellow"), Mark("star", "yellow"), Mark("heart", "red")})
"""Marks that only products have."""
GARMENTS_OFTEN: Final[tuple[GarmentKind, ...]] = (*("dress",) * 4, *("shirt and skirt",) * 3, "coat")
ARMS_OFTEN: Final[tuple[Arms, ...]] = (
    *("arms down",) * 7, *("arms spread",) * 8, *("one arm raised",) * 5, *("arms behind back",) * 2, *("hands in pockets",) * 2,
)  # fmt: skip


def pick(rng: np.random.Generator, options: tuple[T, ...]) -> T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def random_mark(rng: np.random.Generator) -> Mark:
    while True:
        mark = Mark(pick(rng, SHAPES), pick(rng, tuple(palette.CLOTH)))
        if mark not in RESERVED:
            return mark


def random_identity(rng: np.random.Generator) -> Identity:
    blush, mole = ((True, False), (False, True), (False, False), (False, False), (False, False))[int(rng.integers(5))]
    glasses, freckles = ((True, False), (False, True), (False, False), (False, False), (False, False))[int(rng.integers(5))]
    return Identity(
        skin=pick(rng, tuple(palette.SKIN)),
        hair=pick(rng, tuple(palette.HAIR)),
        style=pick(rng, HAIR_STYLES),
        eyes=pick(rng, tuple(palette.EYES)),
        glasses=glasses,
        blush=blush,
        mole=mole,
        freckles=freckles,
        pin=random_mark(rng) if rng.random() < 0.25 else None,
    )


def random_garment(rng: np.random.Generator) -> Garment:
    kind: GarmentKind = pick(rng, GARMENTS_OFTEN)
    upper = pick(rng, tuple(palette.CLOTH))
    lower = pick(rng, tuple(palette.CLOTH)) if kind == "shirt and skirt" else upper
    if (kind, upper) in PLAIN_ONLY:
        return Garment(kind, upper, lower, sleeves="long" if kind == "coat" else "none")
    others = tuple(c for c in palette.CLOTH if c not in (upper, lower))

    def trim(allowed: bool = True) -> str | None:
        return pick(rng, others) if allowed and rng.random() < TRIM else None

    coat = kind == "coat"
    pattern: Pattern = "plain" if coat else pick(rng, ("plain", "plain", "plain", "plain", "dotted", "striped"))
    sleeves: Sleeves = "long" if coat else pick(rng, ("none", "none", "none", "short", "long"))
    return Garment(
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
        emblem=random_mark(rng) if not coat and pattern == "plain" and rng.random() < TRIM else None,
    )


def random_shoes(rng: np.random.Generator) -> Shoes:
    kind: ShoeKind = pick(rng, ("shoes", "shoes", "boots", "boots", "sandals"))
    colour = pick(rng, tuple(palette.CLOTH))
    if (kind, colour) in PLAIN_ONLY:
        return Shoes(kind, colour)
    others = tuple(c for c in palette.CLOTH if c != colour)
    soles, dots = (pick(rng, others) if rng.random() < 0.3 else None for _ in range(2))
    return Shoes(kind, colour, soles, dots)


def random_pose(rng: np.random.Generator, framing: Framing = "full body") -> Pose:
    return Pose(
        arms=pick(rng, ARMS_OFTEN),
        mouth=pick(rng, MOUTHS),
        dx=float(rng.uniform(-2, 2)),
        dy=float(rng.uniform(-1, 1)),
        scale=float(rng.uniform(0.97, 1.01)),
        lean=float(rng.uniform(-1.5, 1.5)),
        raised=pick(rng, ("left", "right")),
        sitting=framing == "full body" and bool(rng.random() < 0.12),
    )


def random_figure(rng: np.random.Generator, framing: Framing = "full body") -> Figure:
    """An everyday figure: never a product, hands whole, two feet."""
    return Figure(
        identity=random_identity(rng),
        garment=random_garment(rng),
        shoes=random_shoes(rng),
        pose=random_pose(rng, framing),
        ground=pick(rng, tuple(palette.GROUND)),
        floor=bool(rng.random() < 0.25),
        framing=framing,
        camera=(float(rng.uniform(-2, 2)), float(rng.uniform(-2, 2)), float(rng.uniform(0.96, 1.06))),
    )
