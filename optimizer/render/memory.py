"""What fits on a device: how many images at once, and whether pictures are decoded in tiles or models wait in main memory.

Estimates from what Stable Diffusion 1.5 needed on a CPU (docs/rendering.md); what still does not fit is drawn in smaller batches
(optimizer.render.diffusers_renderer).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase

if TYPE_CHECKING:
    import torch
    from torch import nn

DENOISER_VALUES: Final = 256
"""Numbers that the denoiser keeps at once for each pixel of a guided image, measured on SD1.5's."""
TRANSFORMER_VALUES: Final = 600
"""The same of a transformer that draws along a flow, counted at the published shapes (benchmarks.rendering.families)."""
DECODER_VALUES: Final = 1536
"""The same of the VAE's decoder, whose widest layers work at full size."""
SPARE: Final = 0.9
GB: Final = 2**30
MAX_BATCH: Final = 8
"""More images at once are drawn no faster."""


@dataclass(frozen=True)
class Fit:
    """How images are drawn on a device."""

    batch: int
    """Images at once."""
    tiled: bool
    """The decoder works in tiles."""
    offload: bool
    """Models wait in main memory until they are needed."""
    lean: bool = False
    """What LoRAs touch of the denoiser stays in main memory even then: its folded copy takes its place on the device."""
    rows: int = field(default=1, compare=False)
    """What memory holds of images at once, or of regions of one: as `batch`, but for what is faster."""


@dataclass(frozen=True)
class Needs:
    """Sizes in bytes."""

    weights: int
    """All models together."""
    largest: int
    """The largest model alone."""
    copy: int
    """One folded copy of the layers that LoRAs touch."""
    element: int
    """One number of a latent or an activation."""
    denoiser: int = 0
    """The denoiser alone; 0 for the largest model."""
    vae: int = 0
    loras: int = 0
    """What LoRAs take beside the copies while these are folded."""
    values: int = DENOISER_VALUES
    """Numbers that the denoiser keeps at once for each pixel of a guided image."""


def fit(free: int, loaded: int, needs: Needs, pixels: int, *, max_batch: int = MAX_BATCH) -> Fit:
    """`free` bytes on the device, of whose models `loaded` bytes are there already; `pixels` of one image.

    At least one image is always tried.
    """
    room = int((free + loaded) * SPARE) - needs.loras
    image, decoder = pixels * needs.values * needs.element, pixels * DECODER_VALUES * needs.element
    offload = needs.weights + needs.copy + image > room
    denoiser = needs.denoiser or needs.largest
    lean = offload and needs.copy > 0 and denoiser + needs.copy + image > room
    left = room - (denoiser - needs.copy if lean else needs.largest if offload else needs.weights)
    rows = max(1, left // (needs.copy + image))
    batch = min(max_batch, rows)
    # While pictures are decoded the copies stay where they are, and the denoiser does not.
    tiled = decoder > (room - batch * needs.copy - needs.vae if lean else left)
    return Fit(batch, tiled, offload, lean, rows)


def check_room(room: int, needs: Needs, device: torch.device) -> None:
    """Raises InputError where the denoiser alone takes more than `room` bytes: nothing can be drawn there."""
    if needs.denoiser > room:
        what = phrase(
            "the base's denoiser takes {needed:.1f} GB, and {device} has {room:.1f} GB free",
            needed=needs.denoiser / GB,
            room=room / GB,
            device=device,
        )
        raise InputError(
            what, "render.device", "use a device with more memory, or draw in ComfyUI or a WebUI (draw: {with: ...})"
        )


def free_bytes(device: torch.device) -> int:
    """Memory of a device that is free; main memory for the CPU."""
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
