"""A small LoRA file on disk: whole, and for no base in particular."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

STEM = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"


def save_small_lora(path: Path, metadata: Mapping[str, str] | None = None, *, width: int = 16, seed: int = 0) -> Path:
    """One layer of rank 2, of `width` numbers each way: the width of `tiny_unet` by default."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        f"{STEM}.lora_down.weight": torch.randn(2, width, generator=generator),
        f"{STEM}.lora_up.weight": torch.randn(width, 2, generator=generator),
        f"{STEM}.alpha": torch.tensor(2.0),
    }
    save_file(tensors, path, dict(metadata or {}))
    return path
