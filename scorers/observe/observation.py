"""What one look at an image found. Raw: nothing here is judged, so stored observations can be judged again without rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from models.boxes import ShareBox
from models.errors import InputError

RegionKind = Literal["clothing", "shoes"]
ArmEnd = Literal["hand", "hidden", "open"]
Vector = tuple[float, ...]
Point = tuple[float, float]

REGION_KINDS: Final[tuple[RegionKind, ...]] = ("clothing", "shoes")
FORMAT: Final = 3
"""Of stored observations. 2 tells where arms lead and where the figure is, 3 of arms in sleeves too; what lacks it is looked at
again."""


@dataclass(frozen=True)
class Region:
    """A garment as seen: `area` is its share of the image, `box` (left, top, right, bottom) in shares of width and height,
    `embedding` a unit vector, `colour` a colour descriptor (scorers.observe.colour)."""

    area: float
    box: ShareBox
    embedding: Vector
    colour: Vector


@dataclass(frozen=True)
class FaceSeen:
    """The surest face: `box` as in Region, detector's `score` in [0, 1], `embedding` a unit vector."""

    box: ShareBox
    score: float
    embedding: Vector


@dataclass(frozen=True)
class HandObservation:
    """`size` is the longer side of the hand in pixels, `broken` in [0, 1] the judge's probability that it is broken."""

    box: ShareBox
    size: float
    broken: float


@dataclass(frozen=True)
class ArmObservation:
    """A bare arm, or what a sleeve leaves of it, and whether it `end`s at a hand, out of sight, or in the open without a hand; or
    a sleeve that leads back to the body (`sleeved`)."""

    box: ShareBox
    end: ArmEnd
    sleeved: bool = False


@dataclass(frozen=True)
class Observation:
    """`heads` counts heads (and so people), `feet` separate pieces of shoes or feet. `points` holds the centroids of "head",
    "hands" and "feet" in units of the image's height, and `height` is the figure's height in the same unit, 0 if none is seen.
    `cover` is where the figure is (scorers.observe.cover); `extra` holds other people's scores (scorers.plugins), None where
    one failed.
    `windows` stand for `regions` where there is no part parser: the one that looks most like the references counts.
    `failed` says why there was no image to look at; empty if there was."""

    size: tuple[int, int]
    regions: Mapping[RegionKind, Region] = field(default_factory=dict)
    face: FaceSeen | None = None
    hands: tuple[HandObservation, ...] = ()
    heads: int = 0
    feet: int = 0
    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    height: float = 0.0
    failed: str = ""
    arms: tuple[ArmObservation, ...] = ()
    cover: tuple[str, ...] = ()
    extra: Mapping[str, float | None] = field(default_factory=dict)
    windows: Mapping[RegionKind, tuple[Region, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values; `from_json` gives back an equal observation."""
        return {
            "format": FORMAT,
            "size": list(self.size),
            "regions": {kind: _plain(r) for kind, r in self.regions.items()},
            "face": None if self.face is None else _plain(self.face),
            "hands": [_plain(h) for h in self.hands],
            "heads": self.heads,
            "feet": self.feet,
            "points": {name: [list(p) for p in points] for name, points in self.points.items()},
            "height": self.height,
            "failed": self.failed,
            "arms": [_plain(a) for a in self.arms],
            "cover": list(self.cover),
            "extra": dict(self.extra),
            "windows": {kind: [_plain(r) for r in windows] for kind, windows in self.windows.items()},
        }

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Observation:
        """Raises InputError if `held` is not what `to_json` wrote."""
        try:
            if held["format"] != FORMAT:
                raise ValueError(f"format {held['format']}")
            return cls(
                size=(int(held["size"][0]), int(held["size"][1])),
                regions={kind: Region(**_fields(r)) for kind, r in held["regions"].items()},
                face=None if held["face"] is None else FaceSeen(**_fields(held["face"])),
                hands=tuple(HandObservation(**_fields(h)) for h in held["hands"]),
                heads=int(held["heads"]),
                feet=int(held["feet"]),
                points={name: tuple((float(x), float(y)) for x, y in points) for name, points in held["points"].items()},
                height=float(held["height"]),
                failed=str(held["failed"]),
                arms=tuple(ArmObservation(**_fields(a)) for a in held["arms"]),
                cover=tuple(str(row) for row in held["cover"]),
                extra={name: None if value is None else float(value) for name, value in held["extra"].items()},
                windows={kind: tuple(Region(**_fields(r)) for r in windows) for kind, windows in held.get("windows", {}).items()},
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"not a stored observation ({error})", "observation", "observe the image again") from error


def _plain(value: Region | FaceSeen | HandObservation | ArmObservation) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(value).items()}


def _fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    vectors = {k: tuple(float(x) for x in v) for k, v in stored.items() if isinstance(v, list)}
    return {**stored, **vectors, "box": ShareBox(*vectors["box"])}
