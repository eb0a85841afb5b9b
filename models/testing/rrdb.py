"""Upscalers in ESRGAN's format, small and of random weights."""

from __future__ import annotations

import torch
from torch import Tensor


def rrdb(*, blocks: int = 1, width: int = 8, growth: int = 4, scale: int = 4, channels: int = 3) -> dict[str, Tensor]:
    """Weights of an RRDB network under the names that BSRGAN and Real-ESRGAN write, random, not flat; `scale`: a power of 2."""
    torch.manual_seed(1)

    def layer(name: str, wide: int, out: int, gain: float = 0.5) -> dict[str, Tensor]:
        spread = gain / (wide * 9) ** 0.5
        return {f"{name}.weight": torch.randn(out, wide, 3, 3) * spread, f"{name}.bias": torch.randn(out) * 0.01}

    state = layer("conv_first", channels, width, 1.5)
    for block in range(blocks):
        for dense in (1, 2, 3):
            for conv in range(1, 6):
                wide, out = width + (conv - 1) * growth, growth if conv < 5 else width
                state |= layer(f"body.{block}.rdb{dense}.conv{conv}", wide, out)
    state |= layer("conv_body", width, width)
    for up in range(1, scale.bit_length()):
        state |= layer(f"conv_up{up}", width, width, 1.5)
    return state | layer("conv_hr", width, width, 1.5) | layer("conv_last", width, channels, 1.5)


def brighter(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same network with outputs around middle grey, so that none is clipped at black or white."""
    return state | {"conv_last.bias": torch.full_like(state["conv_last.bias"], 0.5)}
