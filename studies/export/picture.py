"""The pick as a PNG with its settings inside, as it was drawn or enlarged. It is never drawn again."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.vision.upscaler import Upscaler
    from studies.picture_settings.settings import PictureSettings


def png_bytes(image: Image, info: PictureSettings) -> bytes:
    """A PNG whose text `parameters` A1111's "PNG Info" tab reads."""
    from PIL.PngImagePlugin import PngInfo

    from studies.picture_settings.infotext import write

    buffer, chunks = BytesIO(), PngInfo()
    chunks.add_text("parameters", write(info))
    image.save(buffer, format="PNG", pnginfo=chunks)
    return buffer.getvalue()


def enlarged(drawn: Image, info: PictureSettings, upscaler: Upscaler) -> tuple[Image, PictureSettings]:
    """The picture through the upscaler, and its settings with those of A1111's "Extras" tab; "Size" stays what was drawn.

    Raises InputError if the upscaler does not fit on its device.
    """
    postprocess = {"Postprocess upscale by": str(upscaler.scale), "Postprocess upscaler": upscaler.name}
    return upscaler.enlarge(drawn), replace(info, other={**info.other, **postprocess})
