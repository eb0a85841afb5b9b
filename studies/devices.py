"""Where models run."""

from __future__ import annotations

from typing import Final

SCORERS_NEED: Final = 3 * 2**30
"""Bytes that scorers of full size may hold on a device beside the base: ViT-L-14, a SegFormer, and what they compute."""


def best_device(asked: str) -> str:
    """`asked`, or for "auto" the first of CUDA, MPS and CPU that is there."""
    if asked != "auto":
        return asked
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def scorers_device(asked: str) -> str:
    """`asked`, or for "auto" the device of the drawing where it still has room, and the CPU where the base needs it all."""
    device = best_device(asked)
    if asked != "auto" or device == "cpu":
        return device
    import torch

    from optimizer.render.memory import free_bytes

    return device if free_bytes(torch.device(device)) >= SCORERS_NEED else "cpu"
