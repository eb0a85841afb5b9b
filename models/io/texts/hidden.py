"""Text hidden in the lowest bits of a picture's pixels, as NovelAI and the "stealth pnginfo" extensions write it.

Bits run down the columns, the highest bit of a byte first: 15 letters that name the kind, the number of bits as 32 bits, the text
in UTF-8, packed with gzip where the kind says `comp`. They lie in the alpha channel, or in red, green and blue in turn.
"""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.io.images import DAMAGES, MAX_PIXELS
from models.io.texts.picture_texts import LARGEST

if TYPE_CHECKING:
    from PIL import Image

KINDS: Final = {
    b"stealth_pnginfo": ("A", False),
    b"stealth_pngcomp": ("A", True),
    b"stealth_rgbinfo": ("RGB", False),
    b"stealth_rgbcomp": ("RGB", True),
}
"""Letters at the start: the channels, and whether the text is packed."""
START: Final = 15
"""Letters that name the kind."""
GZIP: Final = 16 + zlib.MAX_WBITS


def hidden_text(path: Path) -> str | None:
    """The text in the pixels of a PNG or WebP; None where there is none, or the file is no such picture."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG", "WEBP"]) as image:
                if image.width * image.height > MAX_PIXELS or image.mode not in ("RGB", "RGBA"):
                    return None
                return _read(image)
    except (*DAMAGES, zlib.error, Image.DecompressionBombError):
        return None


def _read(image: Image.Image) -> str | None:
    for candidate in ("A", "RGB") if image.mode == "RGBA" else ("RGB",):
        start = _bytes(image, candidate, START + 4)
        expected, packed = KINDS.get(start[:START], ("", False))
        if expected != candidate:
            continue
        length = int.from_bytes(start[START:], "big") // 8
        data = _bytes(image, candidate, START + 4 + length)[START + 4 :]
        return (zlib.decompressobj(GZIP).decompress(data, LARGEST) if packed else data).decode("utf-8")
    return None


def _bytes(image: Image.Image, channels: str, count: int) -> bytes:
    """The first `count` bytes in the lowest bits of these channels."""
    import numpy as np

    columns = -(-count * 8 // (image.height * len(channels)))
    strip = image.crop((0, 0, min(columns, image.width), image.height))
    planes = [np.asarray(strip.getchannel(channel)).T for channel in channels]
    bits = np.stack(planes, axis=-1).reshape(-1) & 1
    return np.packbits(bits)[:count].tobytes()
