"""Which arithmetic is fast on a device, and which is exact."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def multiplies_in_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16. A processor without them is many times slower in it than in float32."""
    import torch

    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@contextmanager
def whole_float32() -> Iterator[None]:
    """Within it, float32 convolutions use all bits: by default CUDA devices round their factors to 10 bits (TF32), so that an
    image drawn in a batch is not the one drawn alone."""
    from torch.backends import cudnn

    before = cudnn.allow_tf32
    cudnn.allow_tf32 = False
    try:
        yield
    finally:
        cudnn.allow_tf32 = before
