"""A picture enlarged without drawing anything anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from models.vision.upscaler import Upscaler


def enlarged(picture: Image, size: tuple[int, int], upscaler: Upscaler | None) -> Image:
    """The RGB picture at exactly `size` (width, height): through the upscaler until that is reached, then by Lanczos.

    Raises InputError as `Upscaler.enlarge` does."""
    from PIL import Image

    found = picture.convert("RGB")
    while upscaler is not None and found.width < size[0]:
        found = upscaler.enlarge(found)
    return found if found.size == size else found.resize(size, Image.Resampling.LANCZOS)


def shrunk(picture: Image, size: tuple[int, int]) -> Image:
    """At `size`, as an image that was drawn so: what scores are calibrated on."""
    from PIL import Image

    return picture.resize(size, Image.Resampling.LANCZOS)
