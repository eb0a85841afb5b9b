"""Colours of a photo as sRGB: what a picture's ICC profile says of its numbers is applied, as browsers do."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image, ImageCms

NEGLIGIBLE: Final = 2
"""Levels of 255 by which a profile may move a colour and still be called sRGB: the many writings of sRGB differ by rounding."""
MODES: Final = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
"""Pillow's modes by the colour space that a profile describes (ICC.1:2022, 7.2.6)."""


def in_srgb(image: Image.Image) -> Image.Image:
    """`image` with the colours that its ICC profile means, in RGB (RGBA where it has transparent parts) and sRGB.

    Unchanged where it has no profile, one of sRGB, or one that is damaged or describes another kind of colours than the picture
    holds: viewers ignore those too.
    """
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or not data:
        return image
    colours = _without_palette(image)
    transform = _transform(data, colours.mode.removesuffix("A"))
    if transform is None:
        return image
    from PIL import Image

    converted = Image.new("RGB", image.size)
    base = colours.convert(colours.mode.removesuffix("A")) if colours.mode.endswith("A") else colours
    transform.apply(base, converted)
    if image.has_transparency_data:
        converted.putalpha(image.convert("RGBA").getchannel("A"))
    return converted


def has_other_colours(path: Path) -> bool:
    """Whether the picture's profile changes its colours; reads its header alone. False for what is no picture."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            data, mode = opened.info.get("icc_profile"), "RGB" if opened.mode in ("P", "PA") else opened.mode.removesuffix("A")
    except (OSError, SyntaxError, ValueError):
        return False
    return isinstance(data, bytes) and bool(data) and _transform(data, mode) is not None


def _without_palette(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if image.has_transparency_data else "RGB") if image.mode in ("P", "PA") else image


@lru_cache(maxsize=8)
def _transform(data: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From the profile to sRGB; None if the profile cannot apply to `mode`, or changes nothing."""
    from PIL import ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        if MODES.get(profile.profile.xcolor_space) != mode:
            return None
        transform = ImageCms.ImageCmsTransform(
            profile,
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if mode == "RGB" and _changes_little(transform) else transform


def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a coarse grid of all colours comes out as it went in."""
    import numpy as np
    from PIL import Image

    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    after = Image.new("RGB", (27, 27))
    transform.apply(Image.fromarray(grid), after)
    return int(np.abs(np.asarray(after).astype(int) - grid).max()) <= NEGLIGIBLE
