"""Latents to pictures, one at a time; a picture that a half-precision VAE spoils is decoded once more in float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from models.base.family import Base


@dataclass(frozen=True)
class NotDrawn:
    """An image that came out as nothing, and why: a result to record, not a fault of the input. A black picture is a picture."""

    reason: str


def pictures(drawn: Sequence[Image | NotDrawn]) -> list[Image]:
    """All of them. Raises ValueError if one was not drawn: for callers to whom half of the pictures is no result."""
    found = []
    for image in drawn:
        if isinstance(image, NotDrawn):
            raise ValueError(f"a picture was not drawn: {image.reason}")
        found.append(image)
    return found


def decode(base: Base, latents: Tensor, *, cut_off: bool = False) -> Image | NotDrawn:
    """One picture of latents (C, h, w); NotDrawn where latents or, even in float32, pixels are not finite. Levels are rounded, or
    `cut_off` to whole numbers as ComfyUI and A1111 store them."""
    import torch

    if not bool(latents.isfinite().all()):
        return NotDrawn("the UNet gave NaN")
    x, vae, family = latents[None], base.vae, base.family
    dtype = vae.dtype
    half = dtype == torch.float16
    pixels = None if half and family.vae_overflows(base) else family.decode(base, x)
    if half and (pixels is None or not bool(pixels.isfinite().all())):
        vae.to(torch.float32)
        try:
            pixels = family.decode(base, x)
        finally:
            vae.to(dtype)
    if pixels is None or not bool(pixels.isfinite().all()):
        return NotDrawn("the VAE gave NaN")
    return _picture(pixels[0], cut_off)


def _picture(pixels: Tensor, cut_off: bool) -> Image:
    """(3, H, W) in [-1, 1]; rounded as diffusers' image processor does."""
    from PIL import Image

    shares = (pixels.float() / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    levels = shares * 255 if cut_off else (shares * 255).round()
    return Image.fromarray(levels.astype("uint8"))
