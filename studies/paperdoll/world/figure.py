"""What a paper doll is: one frozen record of everything that is drawn, which is the truth about the picture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

HairStyle = Literal["short hair", "long hair", "twintails", "hair bun"]
GarmentKind = Literal["dress", "shirt and skirt", "coat"]
Pattern = Literal["plain", "dotted", "striped"]
Sleeves = Literal["none", "short", "long"]
ShoeKind = Literal["shoes", "boots", "sandals"]
Shape = Literal["heart", "star", "circle"]
Mouth = Literal["smile", "closed mouth", "open mouth"]
Arms = Literal["arms down", "arms spread", "one arm raised", "arms behind back", "hands in pockets"]
Framing = Literal["full body", "upper body", "face close-up", "clothing close-up", "shoes close-up"]
HandState = Literal["whole", "fused", "extra", "missing", "bent", "blob", "detached"]

HAIR_STYLES: Final[tuple[HairStyle, ...]] = ("short hair", "long hair", "twintails", "hair bun")
SHAPES: Final[tuple[Shape, ...]] = ("heart", "star", "circle")
MOUTHS: Final[tuple[Mouth, ...]] = ("smile", "closed mouth", "open mouth")
ARMS: Final[tuple[Arms, ...]] = ("arms down", "arms spread", "one arm raised", "arms behind back", "hands in pockets")
HIDDEN: Final[frozenset[Arms]] = frozenset({"arms behind back", "hands in pockets"})
"""Poses that show no hand. A hidden hand is not a broken one."""
BROKEN_HANDS: Final[tuple[HandState, ...]] = ("fused", "extra", "missing", "bent", "blob", "detached")


@dataclass(frozen=True)
class Mark:
    """A shape in a colour: a hairpin, or an emblem on a skirt."""

    shape: Shape
    colour: str


@dataclass(frozen=True)
class Identity:
    """Who it is."""

    skin: str
    hair: str
    style: HairStyle
    eyes: str
    glasses: bool = False
    blush: bool = False
    mole: bool = False
    freckles: bool = False
    pin: Mark | None = None


@dataclass(frozen=True)
class Garment:
    """`lower` is the skirt's colour, the dress's or coat's own otherwise. A trim is None or its colour."""

    kind: GarmentKind
    upper: str
    lower: str
    pattern: Pattern = "plain"
    sleeves: Sleeves = "none"
    straps: str | None = None
    belt: str | None = None
    hem: str | None = None
    collar: str | None = None
    buttons: str | None = None
    emblem: Mark | None = None


@dataclass(frozen=True)
class Shoes:
    kind: ShoeKind
    colour: str
    soles: str | None = None
    dots: str | None = None


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
    sitting: bool = False
    hands: tuple[HandState, HandState] = ("whole", "whole")
    feet: int = 2


@dataclass(frozen=True)
class Figure:
    identity: Identity
    garment: Garment
    shoes: Shoes
    pose: Pose
    ground: str
    floor: bool = False
    framing: Framing = "full body"
    camera: tuple[float, float, float] = field(default=(0.0, 0.0, 1.0))
    """Shift of the framing's window in figure units, and a factor on its size."""
