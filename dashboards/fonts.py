"""Letters on pictures: Pillow's own font, and one that is present when the text needs more than it holds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from models.language.translate import Phrase

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

WIDE_FONTS: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansSC-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "msyh.ttc",
    "simsun.ttc",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "DejaVuSans.ttf",
)
SIMPLIFIED: Final = {"NotoSansCJK-Regular.ttc": 2}
"""Which font of a collection has the letters as Simplified Chinese writes them; the first of this one has Japanese ones."""
UNKNOWN: Final = "\U0010fffd"


def drawable(text: str, size: float) -> str:
    """What is drawn of a text: a phrase in the language of this process if a present font has its letters, else its English."""
    other = text.translated() if isinstance(text, Phrase) else text
    return other if legible(other, size)[0] == other else str(text)


def legible(text: str, size: float) -> tuple[str, FreeTypeFont]:
    """`text` and a font of `size` pixels that can draw it; letters that no present font has become question marks."""
    best, fewest = text, len(text) + 1
    chosen = _fonts(size)[0]
    for font in _fonts(size):
        shown = "".join(letter if _has(font, letter) else "?" for letter in text)
        lost = sum(a != b for a, b in zip(shown, text, strict=True))
        if lost < fewest:
            best, fewest, chosen = shown, lost, font
        if not lost:
            break
    return best, chosen


@lru_cache(maxsize=16)
def _fonts(size: float) -> tuple[FreeTypeFont, ...]:
    from PIL import ImageFont

    own = ImageFont.load_default(size)
    found = [own] if isinstance(own, ImageFont.FreeTypeFont) else []
    for name in WIDE_FONTS:
        try:
            found.append(ImageFont.truetype(name, size, SIMPLIFIED.get(name, 0)))
        except OSError:
            continue
    return tuple(found)


@lru_cache(maxsize=4096)
def _has(font: FreeTypeFont, letter: str) -> bool:
    if letter.isspace():
        return True
    return bytes(font.getmask(letter)) != bytes(font.getmask(UNKNOWN))
