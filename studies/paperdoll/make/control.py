"""The lab's ControlNet (Zhang et al. 2023): the base's encoder again, told the edges of a picture, whose residuals the base
adds to its own. It learns from everyday figures, without any LoRA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderTiny, ControlNetModel, DDPMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from models.vision.hints.lines import canny
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.base import SCHEDULE, WORDING, v_target
from studies.paperdoll.make.text import encode
from studies.paperdoll.make.training.data import FULL, figures, pixels
from studies.paperdoll.make.training.device import DEVICE, mixed
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.world.captions import caption
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.figure import Figure

STEPS = 1200
BATCH = 16
FIGURES = 4000
DROP_CAPTION = 0.3
"""More than the base's: where words are missing the edges must say what they show."""
HINT_CHANNELS = (8, 16, 32, 64)
"""Of the convolutions that bring a hint to the size of latents."""


@dataclass(frozen=True)
class Told:
    """Figures, their latents (N, 12, H/8, W/8) in float16, and their edges (N, H, W) in 0..255."""

    figures: list[Figure]
    latents: Tensor
    edges: Tensor


@torch.no_grad()
def told_figures(vae: AutoencoderTiny, count: int = FIGURES) -> Told:
    """Edges are those of the picture as the autoencoder gives it back: what the base draws has its ripples too."""
    chosen = figures(count, "full body", np.random.default_rng(50))
    scale = float(vae.config["scaling_factor"])
    latents, edges = [], []
    for start in range(0, count, 32):
        x = pixels([draw(f, FULL) for f in chosen[start : start + 32]]).to(memory_format=torch.channels_last)
        with mixed():
            encoded = vae.encode(x, return_dict=False)[0]
            back = vae.decode(encoded, return_dict=False)[0].float()
        latents.append((encoded.float() * scale).half())
        edges.append(_edges(back))
    return Told(chosen, torch.cat(latents), torch.cat(edges))


def _edges(pictures: Tensor) -> Tensor:
    levels = ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    found: list[NDArray[np.uint8]] = [np.asarray(canny(Image.fromarray(one)))[..., 0] for one in levels]
    return torch.from_numpy(np.stack(found))


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    """Writes `out` as diffusers writes a ControlNet, weights in fp16. It depends on the base that ships."""
    base = WEIGHTS / "base"
    torch.manual_seed(5)
    vae = AutoencoderTiny.from_pretrained(base / "vae").float().to(memory_format=torch.channels_last)
    tokenizer = CLIPTokenizer.from_pretrained(base / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(base / "text_encoder").float().requires_grad_(False).to(DEVICE)
    unet: Any = UNet2DConditionModel.from_pretrained(base / "unet").float().requires_grad_(False).to(DEVICE)
    unet.to(memory_format=torch.channels_last)
    net: Any = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=HINT_CHANNELS)
    net.train().requires_grad_(True).to(DEVICE, memory_format=torch.channels_last)
    told = told_figures(vae)
    alphas = DDPMScheduler(**SCHEDULE).alphas_cumprod

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((51, step))
        rows = rng.integers(len(told.figures), size=BATCH)
        x0 = told.latents[torch.from_numpy(rows)].float()
        hint = (told.edges[torch.from_numpy(rows)].float() / 255)[:, None].expand(-1, 3, -1, -1).to(DEVICE)
        captions = ["" if rng.random() < DROP_CAPTION else caption(told.figures[int(i)], rng, WORDING) for i in rows]
        t = torch.from_numpy(rng.integers(1000, size=BATCH))
        x_t, v = v_target(x0, torch.randn_like(x0), alphas[t])
        x_t, v, t = (x.to(DEVICE) for x in (x_t, v, t))
        with mixed():
            with torch.no_grad():
                context = encoder(encode(tokenizer, captions).to(DEVICE)).last_hidden_state
            down, mid = net(x_t, t, context, controlnet_cond=hint, return_dict=False)
            predicted = unet(
                x_t, t, context, down_block_additional_residuals=down, mid_block_additional_residual=mid, return_dict=False
            )[0]
        error: Tensor = (predicted.float() - v).pow(2).mean()
        return error

    trained: Any = train(net, loss, steps=steps, rate=1e-3, state=work / "control.pt", ema=0.995)
    trained.to("cpu", torch.float16).save_pretrained(out)
