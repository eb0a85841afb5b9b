"""What a small diffusion model does to a drawing, roughly: softness, blotches, noise, wavering lines, colours off, JPEG."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor


def corrupted(images: Tensor, rng: np.random.Generator, colour: float = 1.0) -> Tensor:
    """(N, 3, H, W) in [0, 1] to the same; every image gets its own draw of each fault, a fifth get none.

    `colour` scales how far colours move; 0 leaves them, for models that must tell colours apart.
    """
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    n = len(images)

    def each(low: float, high: float) -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low

    def field(cells: int, channels: int) -> Tensor:
        size = images.shape[-2:]
        coarse = torch.randn(n, channels, max(2, size[0] // cells), max(2, size[1] // cells), generator=generator)
        return F.interpolate(coarse, size=size, mode="bilinear", align_corners=False)

    x = _wavering(images, field(12, 2) * each(0, 1.1))
    x = torch.lerp(x, _soft(x, float(rng.uniform(1.2, 2.6))), each(0, 1.3).clamp(max=1))
    grey = x.mean(1, keepdim=True)
    x = grey + (x - grey) * (1 + colour * each(-0.25, 0.2))
    x = x * (1 + colour * 0.09 * torch.randn(n, 3, 1, 1, generator=generator)) + colour * each(-0.06, 0.06)
    x = x + field(8, 3) * each(0, 0.05) + field(3, 3) * each(0, 0.04) + torch.randn(x.shape, generator=generator) * each(0, 0.04)
    x = x.clamp(0, 1)
    for i in np.flatnonzero(rng.random(n) < 0.2):
        x[i] = _jpeg(x[i], int(rng.integers(55, 92)))
    clean = torch.from_numpy(rng.random(n) < 0.2).view(-1, 1, 1, 1)
    return torch.where(clean, images, x)


def hue_turned(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Channels in another order: shapes stay, colours are new."""
    order = torch.from_numpy(rng.permutation(3))
    return images[:, order]


def _soft(x: Tensor, factor: float) -> Tensor:
    size = x.shape[-2:]
    small = F.interpolate(x, size=(round(size[0] / factor), round(size[1] / factor)), mode="area")
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False)


def _wavering(x: Tensor, shift: Tensor) -> Tensor:
    """Moves every pixel by `shift` (N, 2, H, W) pixels."""
    h, w = x.shape[-2:]
    ys, xs = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    gx = (xs + shift[:, 0] + 0.5) * 2 / w - 1
    gy = (ys + shift[:, 1] + 0.5) * 2 / h - 1
    return F.grid_sample(x, torch.stack([gx, gy], -1), padding_mode="border", align_corners=False)


def _jpeg(x: Tensor, quality: int) -> Tensor:
    pixels = (x.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    back = np.asarray(Image.open(stream).convert("RGB"))
    return torch.from_numpy(back.copy()).permute(2, 0, 1).float() / 255
