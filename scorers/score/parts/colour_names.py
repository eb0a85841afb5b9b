"""Colours in words: the basic terms of English, by the names that people gave shades in the XKCD survey.

The survey's 949 names come with matplotlib. A name stands for the basic term that it ends in, as "dusty rose" for pink.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from scorers.observe.colours.histogram import lab

if TYPE_CHECKING:
    from scipy.spatial import KDTree

Colours = NDArray[np.float64]

_WORDS: Final = {
    **{term: term for term in ("black", "white", "orange", "green", "brown", "lime")},
    "grey": "grey gray",
    "red": "red maroon",
    "yellow": "yellow gold blonde",
    "blue": "blue navy",
    "purple": "purple violet lilac lavender",
    "pink": "pink magenta rose",
    "teal": "teal turquoise aqua cyan",
    "beige": "beige tan cream peach",
}
TERMS: Final = {word: term for term, words in _WORDS.items() for word in words.split()}
"""Words of survey names and of tags, and the basic term that each stands for."""
CENTRES: Final = (
    *("black", "white", "grey", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "teal", "beige"),
    *("lime green", "sky blue"),
)
"""The survey's names whose colours are rivals of one another."""
NEUTRAL: Final = 14.0
"""Chroma below which a colour is black, grey or white, by its lightness alone."""
DARK: Final = 35.0
LIGHT: Final = 85.0
SCALE: Final = (0.7, 1.0, 1.0)
"""Weights of the axes of CIE Lab in `distance`: shading is no other colour."""


def colour_name(colour: Colours) -> str:
    """The basic term of a CIE Lab colour (3,)."""
    return colour_names(colour[None])[0]


def colour_names(colours: Colours) -> list[str]:
    """The basic term of each CIE Lab colour (N, 3)."""
    names, shades = _survey()
    _, nearest = shades.query(colours)
    chroma = np.hypot(colours[:, 1], colours[:, 2])
    return [
        names[shade] if away >= NEUTRAL else "black" if light < DARK else "white" if light > LIGHT else "grey"
        for shade, away, light in zip(nearest, chroma, colours[:, 0], strict=True)
    ]


def distance(a: Colours, b: Colours) -> Colours:
    """Of CIE Lab colours (..., 3), lightness counting less."""
    found: Colours = np.sqrt((((np.asarray(a) - np.asarray(b)) * SCALE) ** 2).sum(-1))
    return found


@lru_cache(maxsize=1)
def centres() -> Colours:
    """(N, 3) CIE Lab of the basic terms."""
    from matplotlib.colors import XKCD_COLORS

    return _lab_of([XKCD_COLORS[f"xkcd:{name}"] for name in CENTRES])


@lru_cache(maxsize=1)
def _survey() -> tuple[tuple[str, ...], KDTree]:
    from matplotlib.colors import XKCD_COLORS
    from scipy.spatial import KDTree

    known = [(TERMS[word], shade) for name, shade in XKCD_COLORS.items() if (word := name[5:].split()[-1]) in TERMS]
    return tuple(term for term, _ in known), KDTree(_lab_of([shade for _, shade in known]))


def _lab_of(shades: list[str]) -> Colours:
    rgb = np.array([[int(shade[at : at + 2], 16) for at in (1, 3, 5)] for shade in shades], np.uint8)
    return lab(rgb)
