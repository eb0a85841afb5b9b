"""The pick as a PNG with its settings inside, as it was drawn or enlarged. It is never drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.vision.upscaler import Upscaler
    from studies.picture_settings.settings import PictureSettings


def png_bytes(image: Image, texts: Mapping[str, str]) -> bytes:
    """A PNG with text chunks: "parameters" is read by A1111's "PNG Info" tab, "prompt" and "workflow" by ComfyUI."""
    from PIL.PngImagePlugin import PngInfo

    buffer, chunks = BytesIO(), PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    image.save(buffer, format="PNG", pnginfo=chunks)
    return buffer.getvalue()


def with_upscaler(info: PictureSettings, upscaler: Upscaler) -> PictureSettings:
    """The settings with those of A1111's "Extras" tab; "Size" stays what was drawn."""
    postprocess = {"Postprocess upscale by": str(upscaler.scale), "Postprocess upscaler": upscaler.name}
    return replace(info, other={**info.other, **postprocess})
