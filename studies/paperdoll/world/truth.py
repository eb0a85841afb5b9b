"""Which features of the products a picture shows, by the world's own colours and places: the yardstick that no score can move.

A full-body figure stands on its soles and over its feet, so the lowest figure pixel and the middle of the feet tell where every
feature must be. A feature is shown if enough of its place has its colour. Works on drawn and on generated pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from studies.paperdoll.world import palette
from studies.paperdoll.world.palette import RGB
from studies.paperdoll.world.products import FEATURES, Product

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.float32]
SCALES: Final = (0.97, 1.01)
MEAN_SCALE: Final = 0.99
"""Figures stand so many times as tall as drawn."""
NECK_HEIGHT: Final = 72.7
HEAD_HEIGHT: Final = 28.0
FEET_HEIGHT: Final = 170.0
NEAR: Final = 78.0
"""Euclidean distance in RGB within which a pixel has a colour, if no rival is nearer."""
CLOTH: Final = palette.CLOTH
TEAL: Final = palette.RARE_HAIR["teal"]
LIME: Final = palette.RARE_HAIR["lime"]
Side = Literal["either", "both", "left", "right"]


@dataclass(frozen=True)
class Place:
    """Figure units: `x` from the middle outwards, `y` from the top of a full body.

    `share` of it must have the colour: "either" takes both sides together, "both" sides each, or one side alone.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    colour: RGB
    share: float
    side: Side = "either"


PLACES: Final[dict[Product, dict[str, tuple[Place, ...]]]] = {
    "myface": {
        "teal twintails": (Place((0, 15), (24, 38), TEAL, 0.35), Place((24, 35), (50, 74), TEAL, 0.25)),
        "star pin": (Place((7, 19), (25, 38), CLOTH["yellow"], 0.12, side="left"),),
        "blush": (Place((9.5, 16.5), (57, 63), palette.BLUSH, 0.20, side="both"),),
        "mole": (Place((6.5, 11.5), (61.5, 67), palette.LINE, 0.12, side="right"),),
    },
    "newface": {
        "lime bun": (Place((0, 15), (24, 38), LIME, 0.35), Place((0, 8), (8, 22), LIME, 0.25)),
        "heart pin": (Place((7, 19), (25, 38), CLOTH["red"], 0.12, side="left"),),
        "freckles": (Place((8, 17), (56, 62.5), palette.FRECKLES, 0.15, side="both"),),
        "glasses": (Place((14.5, 18.5), (46, 56), palette.LINE, 0.10, side="both"),),
    },
    "testdress": {
        "pink": (Place((0, 12), (112, 134), CLOTH["pink"], 0.40), Place((0, 4), (84, 102), CLOTH["pink"], 0.30)),
        "black straps": (Place((5, 11), (84, 101), CLOTH["black"], 0.35, side="both"),),
        "black belt": (Place((0, 9.5), (103, 110), CLOTH["black"], 0.55),),
        "yellow heart": (Place((0, 6), (115, 127), CLOTH["yellow"], 0.30),),
        "white hem": (Place((0, 19), (136, 142.5), CLOTH["white"], 0.33),),
    },
    "sleevedress": {
        "blue": (Place((3, 10), (90, 104), CLOTH["blue"], 0.40),),
        "stripes": (Place((0, 12), (114, 140), CLOTH["white"], 0.22), Place((0, 12), (114, 140), CLOTH["blue"], 0.22)),
        "blue sleeves": (Place((13, 18), (79, 88), CLOTH["blue"], 0.30, side="both"),),
        "red collar": (Place((3, 11.5), (76.5, 84), CLOTH["red"], 0.30, side="both"),),
        "yellow buttons": (Place((0, 2.4), (86.5, 99.5), CLOTH["yellow"], 0.25),),
    },
    "mycoat": {
        "green": (Place((4, 14), (114, 138), CLOTH["green"], 0.40),),
        "purple belt": (Place((0, 9.5), (103, 110), CLOTH["purple"], 0.50),),
        "black hem": (Place((0, 16), (143, 149), CLOTH["black"], 0.33),),
        "orange collar": (Place((3, 11.5), (76.5, 84), CLOTH["orange"], 0.30, side="both"),),
        "white buttons": (Place((0.5, 5.2), (86.5, 99.5), CLOTH["white"], 0.15, side="right"),),
    },
    "myshoes": {
        "white boots": (Place((4.5, 13), (153, 176), CLOTH["white"], 0.25, side="both"),),
        "red soles": (Place((4.5, 14), (178, 184), CLOTH["red"], 0.35, side="both"),),
        "blue dot": (Place((5.5, 12.5), (159, 168), CLOTH["blue"], 0.18, side="both"),),
    },
    "mysandals": {
        "yellow sandals": (Place((4, 14), (164, 169), CLOTH["yellow"], 0.20, side="both"),),
        "purple soles": (Place((4.5, 14), (180, 184), CLOTH["purple"], 0.35, side="both"),),
        "red dot": (Place((6.5, 11.5), (173.5, 178.5), CLOTH["red"], 0.18, side="both"),),
    },
}
RIVALS: Final[tuple[RGB, ...]] = (
    *CLOTH.values(), *palette.SKIN.values(), *palette.HAIR.values(), *palette.RARE_HAIR.values(), *palette.GROUND.values(),
    palette.BLUSH, palette.FRECKLES, palette.LINE,
)  # fmt: skip
ALIKE: Final = 40.0
"""Colours closer than this are one colour to a person, and no rivals."""


def features_shown(image: Image) -> dict[str, bool]:
    """For every feature of every product whether this full-body picture of one who stands shows it.

    All False where no figure is seen.
    """
    pixels = np.asarray(image.convert("RGB"), np.float32)
    stance = _stance(pixels)
    every = {name: places for product in PLACES.values() for name, places in product.items()}
    if stance is None:
        return dict.fromkeys(every, False)
    return {name: all(_shows(pixels, p, stance) for p in places) for name, places in every.items()}


def shows(image: Image, places: Sequence[Place]) -> bool:
    """Whether this full-body picture of one who stands has all of these colours at these places."""
    pixels = np.asarray(image.convert("RGB"), np.float32)
    stance = _stance(pixels)
    return stance is not None and all(_shows(pixels, place, stance) for place in places)


def product_share(shown: Mapping[str, bool], product: Product) -> float:
    """The share of a product's features that is shown, in [0, 1]."""
    names = FEATURES[product]
    return sum(shown[n] for n in names) / len(names)


@dataclass(frozen=True)
class Stance:
    """Where a figure stands in a picture: middles of feet and head (x), soles (y), pixels a figure unit."""

    feet: float
    head: float
    soles: float
    unit: float

    def middle(self, y: float) -> float:
        """The figure's middle at figure height `y`: it may lean."""
        return self.feet + (self.head - self.feet) * (FEET_HEIGHT - y) / (FEET_HEIGHT - HEAD_HEIGHT)

    def row(self, y: float) -> float:
        return self.soles + (y - 184) * self.unit


def _stance(pixels: Pixels) -> Stance | None:
    height, width = pixels.shape[:2]
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[0]])
    figure = np.abs(pixels - np.median(border, axis=0)).sum(axis=2) > 90
    rows = np.nonzero(figure[:, width // 5 : -width // 5].sum(axis=1) >= max(3, width // 25))[0]
    if not len(rows):
        return None
    soles, unit = float(rows[-1]) + 1, height / 192 * MEAN_SCALE
    feet = _middle(figure, soles - 30 * unit, soles)
    head = _middle(figure, soles - (184 - HEAD_HEIGHT + 8) * unit, soles - (184 - HEAD_HEIGHT - 8) * unit)
    if feet is None:
        return None
    head = feet if head is None else head
    return Stance(feet, head, soles, _unit(figure, head, soles, height / 192))


def _unit(figure: NDArray[np.bool_], middle: float, soles: float, full: float) -> float:
    """Pixels a figure unit, from the height of the neck: the narrow rows between head and shoulders. The mean where long hair
    hides it. `full` is a unit at scale 1."""
    near = figure[:, round(middle - 18 * full) : round(middle + 18 * full)]
    top, bottom = (round(soles - (184 - NECK_HEIGHT) * full * s) for s in (SCALES[1] + 0.02, SCALES[0] - 0.02))
    narrow = [y for y in range(max(0, top), bottom) if 0 < near[y].sum() < 15 * full]
    return (soles - float(np.mean(narrow)) - 0.5) / (184 - NECK_HEIGHT) if narrow else full * MEAN_SCALE


def _middle(figure: NDArray[np.bool_], top: float, bottom: float) -> float | None:
    """The middle between the figure's outermost columns in these rows, the picture's outer fifths left out."""
    width = figure.shape[1]
    columns = np.nonzero(figure[max(0, round(top)) : max(0, round(bottom))].any(axis=0))[0]
    columns = columns[(columns > width * 0.2) & (columns < width * 0.8)]
    return float(columns.min() + columns.max() + 1) / 2 if len(columns) else None


def _shows(pixels: Pixels, place: Place, stance: Stance) -> bool:
    sides = []
    if place.side != "right":
        sides.append(_cut(pixels, (-place.x[1], -place.x[0]), place.y, stance))
    if place.side != "left":
        sides.append(_cut(pixels, place.x, place.y, stance))
    shares = [_share(side, place.colour) for side in sides]
    return min(shares) >= place.share if place.side == "both" else float(np.mean(shares)) >= place.share


def _cut(pixels: Pixels, x: tuple[float, float], y: tuple[float, float], stance: Stance) -> Pixels:
    middle = stance.middle((y[0] + y[1]) / 2)
    left, right = round(middle + x[0] * stance.unit), round(middle + x[1] * stance.unit)
    top, low = round(stance.row(y[0])), round(stance.row(y[1]))
    return pixels[max(0, top) : max(0, low), max(0, left) : max(0, right)].reshape(-1, 3)


def _share(pixels: Pixels, colour: RGB) -> float:
    """The share of pixels that are near `colour` and nearer to it than to any colour that a person would call another."""
    if not len(pixels):
        return 0.0
    rivals = [r for r in RIVALS if np.linalg.norm(np.subtract(r, colour)) > ALIKE]
    own = np.linalg.norm(pixels - np.array(colour, np.float32), axis=1)
    other = np.linalg.norm(pixels[:, None] - np.array(rivals, np.float32), axis=2).min(axis=1)
    return float(((own < NEAR) & (own < other)).mean())
