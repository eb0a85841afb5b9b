"""What fits on a device: how many images at once, and whether pictures are decoded in tiles or models wait in main memory.

Estimates from what Stable Diffusion 1.5 held on a CPU (docs/rendering.md); what still does not fit is drawn in smaller batches
(optimizer.render.diffusers_renderer).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import torch
    from torch import nn

UNET_VALUES: Final = 256
"""Numbers that the UNet holds at once for each pixel of a guided image."""
DECODER_VALUES: Final = 1536
"""The same of the VAE's decoder, whose widest layers work at full size."""
SPARE: Final = 0.9
MOST: Final = 8


@dataclass(frozen=True)
class Fit:
    """`batch` images at once; `tiled`: the decoder works in tiles; `offload`: models wait in main memory until needed."""

    batch: int
    tiled: bool
    offload: bool


@dataclass(frozen=True)
class Needs:
    """In bytes: weights that stay on the device, the largest model alone, one folded copy, and one number of an image."""

    weights: int
    largest: int
    copy: int
    element: int


def fit(free: int, held: int, needs: Needs, pixels: int, *, most: int = MOST) -> Fit:
    """`free` bytes on the device, of whose models `held` bytes are there already; `pixels` of one image.

    At least one image is always tried.
    """
    room = int((free + held) * SPARE)
    image, decoder = pixels * UNET_VALUES * needs.element, pixels * DECODER_VALUES * needs.element
    offload = needs.weights + needs.copy + image > room
    left = room - (needs.largest if offload else needs.weights)
    batch = left // (needs.copy + image)
    return Fit(max(1, min(most, batch)), decoder > left, offload)


def free_bytes(device: torch.device) -> int:
    """What a device can still hold; main memory for the CPU."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    import psutil

    return int(psutil.virtual_memory().available)


def size_of(model: nn.Module) -> int:
    """Bytes of a model's weights."""
    return sum(p.numel() * p.element_size() for p in model.parameters())
