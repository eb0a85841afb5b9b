"""Which arithmetic a device is quick in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16. A processor without them is many times slower in it than in float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
