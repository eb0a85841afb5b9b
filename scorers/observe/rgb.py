"""Images as observers read them: RGB, and whether they show anything at all."""

from __future__ import annotations

from typing import Final

from PIL import Image

from scorers.observe.crops import GROUND

FLAT: Final = 8
"""Levels of 255 between the darkest and the lightest pixel of a channel. An image below it in all three is a failed render."""


def is_flat(image: Image.Image) -> bool:
    """Whether an RGB image shows nothing."""
    return all(high - low < FLAT for low, high in image.getextrema())  # type: ignore[misc]


def as_rgb(image: Image.Image) -> Image.Image:
    """RGB; what is transparent becomes neutral grey."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (*GROUND, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return image.convert("RGB")
