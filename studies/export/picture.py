"""The pick as a PNG with its settings inside, as it was drawn or enlarged. It is never drawn again."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.vision.upscaler import Upscaler
    from studies.a1111.infotext import Infotext


def png_bytes(image: Image, info: Infotext) -> bytes:
    """A PNG whose text `parameters` A1111's "PNG Info" tab reads."""
    from PIL.PngImagePlugin import PngInfo

    from studies.a1111.infotext import write

    buffer, chunks = BytesIO(), PngInfo()
    chunks.add_text("parameters", write(info))
    image.save(buffer, format="PNG", pnginfo=chunks)
    return buffer.getvalue()


def enlarged(drawn: Image, info: Infotext, upscaler: Upscaler) -> tuple[Image, Infotext]:
    """The picture through the upscaler, and its settings with those of A1111's "Extras" tab; "Size" stays what was drawn.

    Raises InputError if the upscaler does not fit on its device.
    """
    postprocess = {"Postprocess upscale by": str(upscaler.scale), "Postprocess upscaler": upscaler.name}
    return upscaler.enlarge(drawn), replace(info, other={**info.other, **postprocess})
