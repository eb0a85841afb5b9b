"""Noise to latents under classifier-free guidance (Ho and Salimans 2022), each image of a batch with its own scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Conditioning:
    """What the UNet is told of one image: hidden states (1, tokens, width), and for SDXL the pooled state (1, width) and the
    sizes (1, 6)."""

    hidden: Tensor
    pooled: Tensor | None = None
    sizes: Tensor | None = None


def interleaved(images: Sequence[tuple[Conditioning, ...]]) -> Conditioning:
    """The rows of each image next to each other, as models.lora.fold wants them."""
    import torch

    rows = [conditionings for image in images for conditionings in image]
    joined: dict[str, Any] = {}
    for field in fields(Conditioning):
        parts = [getattr(conditionings, field.name) for conditionings in rows]
        joined[field.name] = None if parts[0] is None else torch.cat(parts)
    return Conditioning(**joined)


def denoise(
    unet: Callable[..., Any], scheduler: Any, latents: Tensor, conditionings: Conditioning, scales: Sequence[float]
) -> Tensor:
    """Latents (B, C, h, w) in float32 through all timesteps of `scheduler`. `conditionings` holds the rows (negative,
    positive) of each
    image, or the positive ones alone where no image is guided; `scales` are the guidance scales.

    The scheduler's arithmetic is float32 whatever the UNet's, as in A1111.
    """
    import torch

    rows = len(conditionings.hidden) // len(latents)
    scale = torch.tensor(list(scales), device=latents.device).view(-1, 1, 1, 1)
    conditions = (
        {}
        if conditionings.pooled is None
        else {"added_cond_kwargs": {"text_embeds": conditionings.pooled, "time_ids": conditionings.sizes}}
    )
    for t in scheduler.timesteps:
        x = scheduler.scale_model_input(latents, t).repeat_interleave(rows, dim=0)
        said = unet(x.to(conditionings.hidden.dtype), t, conditionings.hidden, return_dict=False, **conditions)[0].float()
        if rows == 2:
            negative, positive = said.unflatten(0, (-1, 2)).unbind(1)
            said = negative + scale * (positive - negative)
        latents = scheduler.step(said, t, latents, return_dict=False)[0]
    return latents
