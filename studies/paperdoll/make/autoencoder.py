"""The lab's autoencoder: diffusers' AutoencoderTiny, 12 latent channels at factor 8, trained on crops that favour hands.

No normalisation layers: with few channels they wipe out the flat areas that drawn figures are made of.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from PIL import Image
from torch import Tensor

from studies.paperdoll.make.training.data import MIX, as_tensor, pixels
from studies.paperdoll.make.training.device import mixed
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.world.draw import Drawing, draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import WORN, wear

LATENTS = 12
STEPS = 3600
DETAIL_STEPS = 15500
BATCH = 10
CROP = 64
RECOLOURED = 0.25
STEADY_STEPS = 4000
STEADY_CROP = 96
SMOOTH = 0.5
"""Weight of the gradients' absolute error, which keeps an outline from echoing in the flat area next to it."""
NOISE = 0.4
"""Up to so much noise on latents of unit deviation the decoder learns to see through: a UNet's latents are never exact."""


def build() -> AutoencoderTiny:
    return AutoencoderTiny(
        encoder_block_out_channels=(48, 48, 48, 48),
        decoder_block_out_channels=(48, 48, 48, 48),
        num_encoder_blocks=(0, 1, 2, 2),
        num_decoder_blocks=(3, 2, 1, 0),
        latent_channels=LATENTS,
    )


def _pool(count: int, rng: np.random.Generator) -> list[Drawing]:
    """Everyday figures and, so that the products' colours and shapes can be drawn at all, some in products."""
    found = []
    for _ in range(count):
        framing, size, _ = MIX[int(rng.choice(len(MIX), p=[m[2] for m in MIX]))]
        figure = random_figure(rng, framing)
        if rng.random() < 0.35:
            figure = wear(figure, *[p for p in WORN if rng.random() < 0.4])
        if rng.random() < 0.1:
            figure = replace(figure, pose=replace(figure.pose, hands=("fused", "extra")))
        found.append(draw(figure, size))
    return found


def _crop(drawing: Drawing, rng: np.random.Generator, side: int = CROP) -> Tensor:
    image = pixels([drawing])[0]
    height, width = image.shape[1:]
    side = min(side, height, width)
    if rng.random() < 0.4 and drawing.hand_boxes:
        box = drawing.hand_boxes[int(rng.integers(len(drawing.hand_boxes)))]
        x = (box[0] + box[2]) / 2 - side / 2 + rng.uniform(-14, 14)
        y = (box[1] + box[3]) / 2 - side / 2 + rng.uniform(-14, 14)
    else:
        x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
    left, top = int(np.clip(x, 0, width - side)), int(np.clip(y, 0, height - side))
    return image[:, top : top + side, left : left + side]


def _edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def flat_loss(x: Tensor, y: Tensor) -> Tensor:
    """Squared and absolute error, and absolute error of the gradients: learns flat areas and outlines fast."""
    edges = sum((a - b).abs().mean() for a, b in zip(_edges(x), _edges(y), strict=True))
    return F.mse_loss(y, x) + 0.5 * F.l1_loss(y, x) + 0.5 * edges


def detail_loss(x: Tensor, y: Tensor) -> Tensor:
    """Mostly squared errors: an absolute error would rather leave a small eye or star out than misplace it.

    What differs from its surroundings counts more, and so does colour apart from brightness: a small mark is recognised by both.
    """
    edges = sum((a - b).pow(2).mean() for a, b in zip(_edges(x), _edges(y), strict=True))
    around = F.avg_pool2d(x, 9, stride=1, padding=4, count_include_pad=False)
    weight = 1 + 3 * (x - around).abs().mean(1, keepdim=True)
    error = y - x
    colour = error - error.mean(1, keepdim=True)
    squared = weight * (error.pow(2) + 3 * colour.pow(2))
    return 3 * squared.mean() + 0.2 * F.l1_loss(y, x) + 2 * edges


def _recoloured(x: Tensor, rng: np.random.Generator) -> Tensor:
    """A crop in other colours: the autoencoder must reproduce more than the few of the world."""
    mixed = x[torch.from_numpy(rng.permutation(3))]
    return (mixed * float(rng.uniform(0.7, 1.1)) + float(rng.uniform(-0.15, 0.15))).clamp(-1, 1)


def make(out: Path, work: Path, steps: int = STEPS, detail_steps: int = DETAIL_STEPS) -> AutoencoderTiny:
    """Trains in two rounds and saves the autoencoder to `out`; its scaling factor makes latents of unit standard deviation."""
    torch.manual_seed(0)
    pool = _pool(4000, np.random.default_rng(10))
    vae = build().to(memory_format=torch.channels_last)

    def loss(step: int, round_: int) -> Tensor:
        draws = np.random.default_rng((11 + round_, step))
        crops = [_crop(pool[int(i)], draws) for i in draws.integers(len(pool), size=BATCH)]
        x = torch.stack([_recoloured(c, draws) if draws.random() < RECOLOURED else c for c in crops])
        x = x.to(memory_format=torch.channels_last)
        with mixed():
            z = vae.encode(x, return_dict=False)[0]
            y = vae.decode(z + (0.05, 0.02)[round_] * torch.randn_like(z), return_dict=False)[0]
        total: Tensor = (flat_loss, detail_loss)[round_](x, y.float()) + 1e-3 * z.float().pow(2).mean()
        return total

    flat = train(vae, lambda i: loss(i, 0), steps=steps, rate=2e-3, state=work / "autoencoder.pt", ema=0.998)
    vae.load_state_dict(flat.state_dict())
    detailed = train(vae, lambda i: loss(i, 1), steps=detail_steps, rate=2e-3, state=work / "autoencoder-detail.pt", ema=0.998)
    vae.load_state_dict(detailed.state_dict())
    with torch.no_grad():
        z = torch.cat([vae.encode(pixels([d]), return_dict=False)[0].flatten() for d in pool[:200]])
    vae.register_to_config(scaling_factor=float(1 / z.std()))
    steady(vae, pool, work)
    vae.save_pretrained(out / "vae")
    return vae


def steady(vae: AutoencoderTiny, pool: list[Drawing], work: Path, steps: int = STEADY_STEPS) -> None:
    """Trains the decoder alone to draw the same picture from latents with noise, fine and coarse. The encoder stays as it was."""
    whole = [d for d in pool if min(d.image.size) >= STEADY_CROP]
    unit = 1 / float(vae.config["scaling_factor"])
    vae.encoder.requires_grad_(False)

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((14, step))
        crops = [_crop(whole[int(i)], rng, STEADY_CROP) for i in rng.integers(len(whole), size=BATCH)]
        x = torch.stack([_recoloured(c, rng) if rng.random() < RECOLOURED else c for c in crops])
        x = x.to(memory_format=torch.channels_last)
        with torch.no_grad(), mixed():
            z = vae.encode(x, return_dict=False)[0].float()
        levels = torch.from_numpy(rng.uniform(0, NOISE, size=(2, len(x), 1, 1, 1))).float() * unit
        coarse = F.interpolate(torch.randn_like(z)[..., ::2, ::2], size=z.shape[-2:], mode="bilinear")
        noisy = z + levels[0] * torch.randn_like(z) + levels[1] * coarse
        with mixed():
            y = vae.decode(noisy, return_dict=False)[0]
        ripples = sum((a - b).abs().mean() for a, b in zip(_edges(x), _edges(y.float()), strict=True))
        return detail_loss(x, y.float()) + SMOOTH * ripples

    trained = train(vae, loss, steps=steps, rate=1e-3, state=work / "autoencoder-steady.pt", ema=0.998)
    vae.load_state_dict(trained.state_dict())
    vae.encoder.requires_grad_(True)


@torch.no_grad()
def through(vae: AutoencoderTiny, images: list[Image.Image]) -> list[Image.Image]:
    """The images after encoding and decoding."""
    found = []
    for start in range(0, len(images), 25):
        x = as_tensor(np.stack([np.asarray(i) for i in images[start : start + 25]]))
        y = vae.decode(vae.encode(x, return_dict=False)[0], return_dict=False)[0]
        found += [Image.fromarray(((row.clamp(-1, 1) + 1) * 127.5).byte().permute(1, 2, 0).numpy()) for row in y]
    return found
