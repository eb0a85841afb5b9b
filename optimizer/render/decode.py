"""Latents to pictures, one at a time; a picture that a half-precision VAE spoils is decoded once more in float32."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


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


def decode(vae: Any, latents: Tensor, *, upcast: bool = False) -> Image | NotDrawn:
    """One picture of latents (C, h, w), unscaled by the VAE's own factor; NotDrawn where latents or, even in float32, pixels are
    not finite. `upcast`: the VAE is known to overflow in float16 and is not tried in it."""
    import torch

    if not bool(latents.isfinite().all()):
        return NotDrawn("the UNet gave NaN")
    x = latents[None] / vae.config["scaling_factor"]
    kept = vae.dtype
    half = kept == torch.float16
    pixels = None if half and upcast else _pixels(vae, x)
    if half and (pixels is None or not bool(pixels.isfinite().all())):
        vae.to(torch.float32)
        try:
            pixels = _pixels(vae, x)
        finally:
            vae.to(kept)
    if pixels is None or not bool(pixels.isfinite().all()):
        return NotDrawn("the VAE gave NaN")
    return _picture(pixels[0])


def _pixels(vae: Any, x: Tensor) -> Tensor:
    found: Tensor = vae.decode(x.to(vae.dtype), return_dict=False)[0]
    return found


def _picture(pixels: Tensor) -> Image:
    """(3, H, W) in [-1, 1], rounded as diffusers' image processor does."""
    from PIL import Image

    shares = (pixels.float() / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return Image.fromarray((shares * 255).round().astype("uint8"))
