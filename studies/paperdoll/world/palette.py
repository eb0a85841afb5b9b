"""The colours of the paper-doll world, as sRGB triples in 0..255, by the word a caption uses."""

from __future__ import annotations

from typing import Final

RGB = tuple[int, int, int]

HAIR: Final[dict[str, RGB]] = {
    "blonde": (240, 206, 110),
    "red": (214, 54, 46),
    "brown": (122, 74, 40),
    "black": (36, 34, 40),
    "pink": (246, 140, 180),
    "blue": (58, 104, 214),
    "purple": (134, 78, 186),
    "grey": (146, 148, 156),
}
RARE_HAIR: Final[dict[str, RGB]] = {
    "teal": (24, 164, 160),
    "lime": (150, 206, 52),
}
"""Hair that only products have."""
EYES: Final[dict[str, RGB]] = {
    "brown": (128, 76, 34),
    "blue": (48, 98, 210),
    "green": (44, 148, 78),
    "purple": (132, 66, 180),
}
SKIN: Final[dict[str, RGB]] = {
    "pale": (253, 226, 204),
    "fair": (246, 204, 168),
    "tan": (206, 150, 104),
    "dark": (132, 86, 58),
}
CLOTH: Final[dict[str, RGB]] = {
    "red": (214, 48, 44),
    "blue": (58, 104, 214),
    "green": (54, 158, 88),
    "yellow": (246, 210, 74),
    "orange": (242, 142, 44),
    "purple": (134, 78, 186),
    "pink": (247, 148, 186),
    "black": (36, 34, 40),
    "grey": (146, 148, 156),
    "white": (252, 252, 252),
}
GROUND: Final[dict[str, RGB]] = {
    "blue": (214, 226, 240),
    "green": (222, 240, 228),
    "cream": (250, 248, 232),
    "peach": (252, 236, 222),
    "lilac": (240, 228, 246),
    "grey": (226, 228, 230),
}
FLOOR_SHADE: Final = 0.92
"""How much darker the floor is than the wall."""
STOOL: Final[RGB] = (150, 112, 74)
BLUSH: Final[RGB] = (248, 116, 124)
FRECKLES: Final[RGB] = (168, 96, 60)
LINE: Final[RGB] = (34, 30, 34)


def hair(name: str) -> RGB:
    return RARE_HAIR[name] if name in RARE_HAIR else HAIR[name]


def shade(colour: RGB, factor: float) -> RGB:
    r, g, b = (round(channel * factor) for channel in colour)
    return r, g, b
