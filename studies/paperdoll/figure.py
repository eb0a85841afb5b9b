"""What a paper doll is: one frozen record says everything that is drawn, and so everything that is true of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeVar

import numpy as np

from studies.paperdoll import palette

T = TypeVar("T")

HairStyle = Literal["short hair", "long hair", "twintails", "hair bun"]
GarmentKind = Literal["dress", "shirt and skirt", "testdress"]
Pattern = Literal["plain", "dotted", "striped"]
ShoeKind = Literal["shoes", "boots", "myshoes"]
Mouth = Literal["smile", "closed mouth", "open mouth"]
Arms = Literal["arms down", "arms spread", "one arm raised"]
Framing = Literal["full body", "upper body", "face close-up", "clothing close-up", "shoes close-up"]
HandState = Literal["whole", "fused", "extra", "missing", "bent", "blob", "detached"]

HAIR_STYLES: Final[tuple[HairStyle, ...]] = ("short hair", "long hair", "twintails", "hair bun")
MOUTHS: Final[tuple[Mouth, ...]] = ("smile", "closed mouth", "open mouth")
ARMS: Final[tuple[Arms, ...]] = ("arms down", "arms spread", "one arm raised")
BROKEN_HANDS: Final[tuple[HandState, ...]] = ("fused", "extra", "missing", "bent", "blob", "detached")


@dataclass(frozen=True)
class Identity:
    """Who it is. `marks` is the part of the product `myface` that sits on the face and hair."""

    skin: str
    hair: str
    style: HairStyle
    eyes: str
    glasses: bool = False
    blush: bool = False
    mole: bool = False
    star_pin: bool = False
    teal_hair: bool = False


@dataclass(frozen=True)
class Garment:
    kind: GarmentKind
    upper: str
    lower: str
    pattern: Pattern = "plain"
    without: frozenset[str] = frozenset()
    """Features of the product left out, for truth about partly shown garments."""


@dataclass(frozen=True)
class Shoes:
    kind: ShoeKind
    colour: str
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pose:
    """Where it stands, in figure units (the canvas of a full body is 128 x 192)."""

    arms: Arms
    mouth: Mouth
    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    lean: float = 0.0
    raised: Literal["left", "right"] = "left"
    hands: tuple[HandState, HandState] = ("whole", "whole")
    feet: int = 2


@dataclass(frozen=True)
class Figure:
    identity: Identity
    garment: Garment
    shoes: Shoes
    pose: Pose
    ground: str
    framing: Framing = "full body"
    camera: tuple[float, float, float] = field(default=(0.0, 0.0, 1.0))
    """Shift of the framing's window in figure units, and a factor on its size."""

    def wearing(self, garment: Garment) -> Figure:
        return replace(self, garment=garment)


def pick(rng: np.random.Generator, options: tuple[T, ...]) -> T:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def random_identity(rng: np.random.Generator) -> Identity:
    return Identity(
        skin=pick(rng, tuple(palette.SKIN)),
        hair=pick(rng, tuple(palette.HAIR)),
        style=pick(rng, HAIR_STYLES),
        eyes=pick(rng, tuple(palette.EYES)),
        glasses=bool(rng.random() < 0.15),
    )


def random_garment(rng: np.random.Generator) -> Garment:
    kind: GarmentKind = "dress" if rng.random() < 0.6 else "shirt and skirt"
    upper = pick(rng, tuple(palette.CLOTH))
    lower = upper if kind == "dress" else pick(rng, tuple(palette.CLOTH))
    pattern: Pattern = pick(rng, ("plain", "plain", "plain", "dotted", "striped"))
    return Garment(kind, upper, lower, pattern)


def random_shoes(rng: np.random.Generator) -> Shoes:
    return Shoes("shoes" if rng.random() < 0.5 else "boots", pick(rng, tuple(palette.CLOTH)))


def random_pose(rng: np.random.Generator) -> Pose:
    return Pose(
        arms=pick(rng, ARMS),
        mouth=pick(rng, MOUTHS),
        dx=float(rng.uniform(-5, 5)),
        dy=float(rng.uniform(-2, 2)),
        scale=float(rng.uniform(0.93, 1.02)),
        lean=float(rng.uniform(-3, 3)),
        raised=pick(rng, ("left", "right")),
    )


def random_figure(rng: np.random.Generator, framing: Framing = "full body") -> Figure:
    """An everyday figure: never a product, hands whole, two feet."""
    return Figure(
        identity=random_identity(rng),
        garment=random_garment(rng),
        shoes=random_shoes(rng),
        pose=random_pose(rng),
        ground=pick(rng, tuple(palette.GROUND)),
        framing=framing,
        camera=(float(rng.uniform(-4, 4)), float(rng.uniform(-4, 4)), float(rng.uniform(0.92, 1.1))),
    )
