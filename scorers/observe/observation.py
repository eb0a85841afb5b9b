"""Observations: what was seen in an image. Nothing here is scored, so stored ones are scored again without rendering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from models.boxes import ShareBox
from models.errors import InputError
from models.language.translate import phrase

RegionKind = Literal["clothing", "shoes"]
ArmEnd = Literal["hand", "hidden", "open"]
Vector = tuple[float, ...]
Point = tuple[float, float]

REGION_KINDS: Final[tuple[RegionKind, ...]] = ("clothing", "shoes")
FORMAT: Final = 3
"""Of stored observations; images of an older one are observed again. 2 added arms and the cover, 3 arms in sleeves."""


@dataclass(frozen=True)
class Region:
    """A garment in an image."""

    area: float
    """Its share of the image."""
    box: ShareBox
    embedding: Vector
    """A unit vector."""
    colour: Vector
    """A colour descriptor (scorers.observe.colours.histogram)."""
    cells: str = ""
    """Its colours by place (scorers.observe.colours.cells); empty where they are not compared."""


@dataclass(frozen=True)
class FaceSeen:
    """The most prominent face."""

    box: ShareBox
    score: float
    """The detector's, in [0, 1]."""
    embedding: Vector
    """A unit vector."""
    cells: str = ""
    """The head's colours by place (scorers.observe.colours.cells); empty where hair is not compared."""


@dataclass(frozen=True)
class HandObservation:
    """One hand."""

    box: ShareBox
    size: float
    """Its longer side in pixels."""
    broken: float
    """The judge's probability that it is broken."""


@dataclass(frozen=True)
class ArmObservation:
    """A bare arm, or what a sleeve leaves of it."""

    box: ShareBox
    end: ArmEnd
    """At a hand, hidden from view, or in the open without a hand."""
    sleeved: bool = False
    """Whether it is a sleeve that leads back to the body."""


@dataclass(frozen=True)
class Observation:
    """All that scores need of one image. `from_json` of `to_json` gives an equal one."""

    size: tuple[int, int]
    """Width and height in pixels."""
    regions: Mapping[RegionKind, Region] = field(default_factory=dict)
    """Garments that a part parser found."""
    face: FaceSeen | None = None
    hands: tuple[HandObservation, ...] = ()
    heads: int = 0
    """Heads, and so people."""
    feet: int = 0
    """Separate shoes or feet."""
    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    """Centroids of "head", "hands" and "feet", in units of the image's height."""
    height: float = 0.0
    """The figure's height in the same unit; 0 if none is seen."""
    failed: str = ""
    """Why there is no image; empty if there is one."""
    arms: tuple[ArmObservation, ...] = ()
    cover: tuple[str, ...] = ()
    """Where the figure is (scorers.observe.figure_cover)."""
    extra: Mapping[str, float | None] = field(default_factory=dict)
    """Plugged-in scorers' scores (scorers.plugins); None where one failed."""
    windows: Mapping[RegionKind, tuple[Region, ...]] = field(default_factory=dict)
    """In place of `regions` without a part parser: the window that is most similar to the references counts."""
    figures: Mapping[str, Observation] = field(default_factory=dict)
    """Of an image of several people, each by name and alone, in the whole image's coordinates; empty where one is expected."""

    def of(self, figure: str | None) -> Observation:
        """What is seen of one figure; the whole image for None, or where figures are not told apart."""
        return self if figure is None else self.figures.get(figure, self)

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
            **({"figures": {name: seen.to_json() for name, seen in self.figures.items()}} if self.figures else {}),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Observation:
        """Raises InputError if `stored` is not what `to_json` wrote."""
        try:
            if stored["format"] != FORMAT:
                raise ValueError(f"format {stored['format']}")
            return cls(
                size=(int(stored["size"][0]), int(stored["size"][1])),
                regions={kind: Region(**_fields(r)) for kind, r in stored["regions"].items()},
                face=None if stored["face"] is None else FaceSeen(**_fields(stored["face"])),
                hands=tuple(HandObservation(**_fields(h)) for h in stored["hands"]),
                heads=int(stored["heads"]),
                feet=int(stored["feet"]),
                points={name: tuple((float(x), float(y)) for x, y in points) for name, points in stored["points"].items()},
                height=float(stored["height"]),
                failed=str(stored["failed"]),
                arms=tuple(ArmObservation(**_fields(a)) for a in stored["arms"]),
                cover=tuple(str(row) for row in stored["cover"]),
                extra={name: None if value is None else float(value) for name, value in stored["extra"].items()},
                windows={
                    kind: tuple(Region(**_fields(r)) for r in windows) for kind, windows in stored.get("windows", {}).items()
                },
                figures={str(name): cls.from_json(seen) for name, seen in stored.get("figures", {}).items()},
            )
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(
                phrase("not a stored observation ({error})", error=error), "observation", "observe the image again"
            ) from error


def _plain(value: Region | FaceSeen | HandObservation | ArmObservation) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in vars(value).items() if (k, v) != ("cells", "")}


def _fields(stored: Mapping[str, Any]) -> dict[str, Any]:
    vectors = {k: tuple(float(x) for x in v) for k, v in stored.items() if isinstance(v, list)}
    return {**stored, **vectors, "box": ShareBox(*vectors["box"])}
