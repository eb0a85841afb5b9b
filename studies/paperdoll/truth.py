"""Which features of the products a picture shows, by the world's own colours and places: the yardstick that no score can move.

A full-body figure stands on its soles and over its feet, so the lowest figure pixel and the middle of the feet tell where every
feature must be. A feature is shown if enough of its place has its colour. Works on drawn and on generated pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from studies.paperdoll import palette
from studies.paperdoll.palette import RGB
from studies.paperdoll.products import FEATURES, Product

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.float32]
MEAN_SCALE: Final = 0.975
"""Figures stand 0.93 to 1.02 times as tall as drawn."""
NEAR: Final = 78.0
"""Euclidean distance in RGB within which a pixel has a colour, if no rival is nearer."""
WHITE: Final[RGB] = (252, 252, 252)
BLACK: Final[RGB] = palette.CLOTH["black"]
PINK: Final[RGB] = palette.CLOTH["pink"]


@dataclass(frozen=True)
class Place:
    """Figure units: `x` either side of the middle (or signed where `sided` is set), `y` from the top of a full body."""

    x: tuple[float, float]
    y: tuple[float, float]
    colour: RGB
    share: float
    both: bool = False
    """Both sides must show it; else the two together are one place."""
    left_only: bool = False
    right_only: bool = False


PLACES: Final[dict[str, tuple[Place, ...]]] = {
    "pink": (Place((0, 12), (112, 134), PINK, 0.40), Place((0, 4), (84, 102), PINK, 0.30)),
    "black straps": (Place((4.5, 10.5), (84, 101), BLACK, 0.35, both=True),),
    "black belt": (Place((0, 9.5), (103, 110), BLACK, 0.55),),
    "yellow heart": (Place((0, 6), (115, 127), palette.HEART, 0.30),),
    "white hem": (Place((0, 19), (136.5, 142.5), WHITE, 0.33),),
    "white boots": (Place((4.5, 13), (152, 176), WHITE, 0.25, both=True),),
    "red soles": (Place((4.5, 14), (178.5, 184), palette.SOLE, 0.35, both=True),),
    "blue dot": (Place((5.5, 12.5), (159, 168), palette.DOT, 0.18, both=True),),
    "teal twintails": (Place((0, 15), (24, 38), palette.TEAL, 0.35), Place((24, 35), (50, 74), palette.TEAL, 0.25)),
    "star pin": (Place((7, 19), (25, 38), palette.STAR, 0.12, left_only=True),),
    "blush": (Place((11, 18), (57, 63), palette.BLUSH, 0.20, both=True),),
    "mole": (Place((6.5, 11), (61, 67), palette.LINE, 0.06, right_only=True),),
}
RIVALS: Final[tuple[RGB, ...]] = (
    *palette.CLOTH.values(), *palette.SKIN.values(), *palette.HAIR.values(), *palette.GROUND.values(),
    palette.TEAL, palette.STAR, palette.BLUSH, palette.HEART, palette.SOLE, palette.DOT, palette.LINE,
)  # fmt: skip
ALIKE: Final = 40.0
"""Colours closer than this are one colour to a person, and no rivals."""


def features_shown(image: Image) -> dict[str, bool]:
    """For every feature of every product whether this full-body picture shows it. All False where no figure is seen."""
    pixels = np.asarray(image.convert("RGB"), np.float32)
    at = _stance(pixels)
    if at is None:
        return dict.fromkeys(PLACES, False)
    middle, bottom, unit = at
    return {name: all(_shows(pixels, p, middle, bottom, unit) for p in places) for name, places in PLACES.items()}


def product_share(shown: Mapping[str, bool], product: Product) -> float:
    """The share of a product's features that is shown, in [0, 1]."""
    names = FEATURES[product]
    return sum(shown[n] for n in names) / len(names)


def _stance(pixels: Pixels) -> tuple[float, float, float] | None:
    """The middle of the feet (x), the soles (y), and pixels a figure unit."""
    height, width = pixels.shape[:2]
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[0]])
    figure = np.abs(pixels - np.median(border, axis=0)).sum(axis=2) > 90
    rows = np.nonzero(figure[:, width // 5 : -width // 5].sum(axis=1) >= max(3, width // 25))[0]
    if not len(rows):
        return None
    bottom = float(rows[-1]) + 1
    unit = height / 192 * MEAN_SCALE
    feet = figure[max(0, int(bottom - 30 * unit)) : int(bottom)]
    columns = np.nonzero(feet.any(axis=0))[0]
    columns = columns[(columns > width * 0.2) & (columns < width * 0.8)]
    return (float(columns.min() + columns.max() + 1) / 2, bottom, unit) if len(columns) else None


def _shows(pixels: Pixels, place: Place, middle: float, bottom: float, unit: float) -> bool:
    sides = []
    if not place.right_only:
        sides.append(_cut(pixels, (-place.x[1], -place.x[0]), place.y, middle, bottom, unit))
    if not place.left_only:
        sides.append(_cut(pixels, place.x, place.y, middle, bottom, unit))
    shares = [_share(side, place.colour) for side in sides]
    return min(shares) >= place.share if place.both else float(np.mean(shares)) >= place.share


def _cut(pixels: Pixels, x: tuple[float, float], y: tuple[float, float], middle: float, bottom: float, unit: float) -> Pixels:
    left, right = round(middle + x[0] * unit), round(middle + x[1] * unit)
    top, low = round(bottom + (y[0] - 184) * unit), round(bottom + (y[1] - 184) * unit)
    return pixels[max(0, top) : max(0, low), max(0, left) : max(0, right)].reshape(-1, 3)


def _share(pixels: Pixels, colour: RGB) -> float:
    """The share of pixels that are near `colour` and nearer to it than to any colour that a person would call another."""
    if not len(pixels):
        return 0.0
    rivals = [r for r in RIVALS if np.linalg.norm(np.subtract(r, colour)) > ALIKE]
    own = np.linalg.norm(pixels - np.array(colour, np.float32), axis=1)
    other = np.linalg.norm(pixels[:, None] - np.array(rivals, np.float32), axis=2).min(axis=1)
    return float(((own < NEAR) & (own < other)).mean())
