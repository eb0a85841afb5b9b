"""Drawings as the lab's own base would paint them: through its autoencoder and back, the latents a little off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny

from studies.paperdoll.make.data import as_tensor
from studies.paperdoll.make.pool import Pool

BATCH = 16
NOISE = 0.25
"""The most noise added to the latents, in shares of their own spread."""


@torch.no_grad()
def reconstructed(pool: Pool, vae: Path, seed: int) -> Pool:
    """The same figures, each picture encoded and decoded by the diffusers folder `vae` with its own amount of latent noise."""
    coder = AutoencoderTiny.from_pretrained(vae, torch_dtype=torch.float32).eval().to(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(seed)
    found = []
    for start in range(0, len(pool.figures), BATCH):
        x = as_tensor(pool.images[start : start + BATCH]).to(memory_format=torch.channels_last)
        latents = coder.encode(x, return_dict=False)[0]
        spread = latents.std(dim=(1, 2, 3), keepdim=True) * NOISE * torch.rand(len(x), 1, 1, 1, generator=generator)
        y = coder.decode(latents + spread * torch.randn(latents.shape, generator=generator), return_dict=False)[0]
        found.append(((y.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy())
    return replace(pool, images=np.concatenate(found))
