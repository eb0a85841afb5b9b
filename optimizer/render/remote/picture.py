"""What a server sent, as a picture: decoded under guard, of the expected size, or the reason why it is none."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.images import DAMAGES, MAX_PIXELS
from models.language.translate import phrase
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.client import LARGEST

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "WEBP")


def picture_from(data: bytes, where: str, size: tuple[int, int] | None = None) -> Image | NotDrawn:
    """The picture in RGB; NotDrawn if it is all black, as servers show NaN.

    `size` is width and height in pixels, None if any will do. Raises InputError for what is no picture, damaged, larger than
    `LARGEST` bytes or of another size: a server that answers so would go on answering so.
    """
    from PIL import Image, UnidentifiedImageError

    if len(data) > LARGEST:
        raise InputError(phrase("a picture of more than {largest} MB", largest=LARGEST // 2**20), where, "draw smaller pictures")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise InputError("a picture of too many pixels", where, "draw smaller pictures")
                opened.load()
                image = opened.convert("RGB")
    except UnidentifiedImageError as error:
        raise InputError("the server's answer is no picture", where, "see its log") from error
    except Image.DecompressionBombError as error:
        raise InputError("a picture of too many pixels", where, "draw smaller pictures") from error
    except DAMAGES as error:
        raise InputError("the server's picture is damaged", where, "see its log") from error
    if size is not None and image.size != size:
        asked, given = (f"{width}x{height}" for width, height in (size, image.size))
        raise InputError(
            phrase("the server drew {given}, asked for {asked}", given=given, asked=asked),
            where,
            "see which setting or extension of it resizes",
        )
    if image.getbbox() is None:
        return NotDrawn("the server's picture is black")
    return image
