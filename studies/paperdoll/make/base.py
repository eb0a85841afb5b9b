"""The lab's base: a Stable Diffusion pipeline in diffusers folders, trained on captioned figures of every framing and size.

v-prediction on the scaled-linear betas of SD1.5, so that its samplers work unchanged.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, DDPMScheduler, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from studies.paperdoll.make.autoencoder import LATENTS
from studies.paperdoll.make.text import WIDTH, encode
from studies.paperdoll.make.training.data import MIX, figures, pixels
from studies.paperdoll.make.training.device import DEVICE, mixed
from studies.paperdoll.make.training.loop import train
from studies.paperdoll.world.captions import Wording, caption
from studies.paperdoll.world.draw import Drawing, draw
from studies.paperdoll.world.figure import Figure, Garment, Identity, Shoes
from studies.paperdoll.world.pen import PARTS

STEPS = 12000
BATCH = 24
FIGURES = 24000
DROP_CAPTION = 0.1
WORDING = Wording(drop=0.1, uncoloured=0.1, named=0.6)
NOISY = 1.8
"""Timesteps are drawn as 1000 * Beta(NOISY, 1): which colour goes where is decided while nearly all is noise."""
MARKS = 4.0
"""How much more a pixel counts that is there because of a trim or a mark."""
COUNTS = {
    "background": 0.6,
    "hair": 1.5,
    "legs": 1.5,
    "arms": 2.0,
    **dict.fromkeys(("top", "dress", "skirt"), 2.5),
    **dict.fromkeys(("face", "hands", "feet"), 3.0),
}
"""How much a pixel of each part counts in the loss."""
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
}


@dataclass(frozen=True)
class Bucket:
    """Figures of one framing and size, encoded once. latents: (N, 12, H/8, W/8), cells: (N, H/8, W/8), both float16.

    `cells` are the weights of the latent cells in the loss, 1 on average.
    """

    figures: list[Figure]
    latents: Tensor
    cells: Tensor
    share: float


def build_unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=24,
        in_channels=LATENTS,
        out_channels=LATENTS,
        layers_per_block=1,
        block_out_channels=(64, 128, 192),
        down_block_types=("CrossAttnDownBlock2D",) * 3,
        up_block_types=("CrossAttnUpBlock2D",) * 3,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=16,
    )


@torch.no_grad()
def encode_figures(vae: AutoencoderTiny, count: int = FIGURES) -> list[Bucket]:
    found = []
    scale = float(vae.config["scaling_factor"])
    for index, (framing, size, share) in enumerate(MIX):
        chosen = figures(max(1, int(count * share)), framing, np.random.default_rng((30, index)))
        latents, cells = [], []
        for start in range(0, len(chosen), 32):
            drawn = [draw(f, size) for f in chosen[start : start + 32]]
            x = pixels(drawn).to(memory_format=torch.channels_last)
            plain = [draw(bare(f), size) for f in chosen[start : start + 32]]
            cells.append(cell_weights(np.stack([d.parts for d in drawn]), differ(drawn, plain)))
            with mixed():
                latents.append((vae.encode(x, return_dict=False)[0].float() * scale).half())
        found.append(Bucket(chosen, torch.cat(latents), torch.cat(cells), share))
        print(f"encoded {len(chosen)} {framing} {size}", flush=True)
    return found


def bare(figure: Figure) -> Figure:
    """The same figure without trims and marks."""
    person, garment, shoes = figure.identity, figure.garment, figure.shoes
    plain = Garment(garment.kind, garment.upper, garment.lower, sleeves=garment.sleeves)
    nobody = Identity(person.skin, person.hair, person.style, person.eyes)
    return replace(figure, identity=nobody, garment=plain, shoes=Shoes(shoes.kind, shoes.colour))


def differ(first: list[Drawing], second: list[Drawing]) -> NDArray[np.bool_]:
    """(N, H, W): where two drawings are plainly not of one colour."""
    a, b = (np.stack([np.asarray(d.image, np.int16) for d in drawn]) for drawn in (first, second))
    different: NDArray[np.bool_] = np.abs(a - b).sum(axis=-1) > 60
    return different


def cell_weights(parts: NDArray[np.uint8], marks: NDArray[np.bool_], factor: int = 8) -> Tensor:
    """Indices into PARTS and where marks are, both (N, H, W), to (N, H/8, W/8) float16: what makes a picture right lies in a few
    small cells of it."""
    pixel = torch.tensor([COUNTS[name] for name in PARTS])[torch.from_numpy(parts).long()]
    pixel = pixel + MARKS * torch.from_numpy(marks)
    cells = F.avg_pool2d(pixel[:, None], factor)[:, 0]
    return (cells / cells.mean((1, 2), keepdim=True)).half()


def v_target(x0: Tensor, noise: Tensor, alpha_bar: Tensor) -> tuple[Tensor, Tensor]:
    """x_t and v_t = sqrt(a_bar) eps - sqrt(1 - a_bar) x_0 (Salimans and Ho 2022)."""
    a, s = alpha_bar.sqrt().view(-1, 1, 1, 1), (1 - alpha_bar).sqrt().view(-1, 1, 1, 1)
    return a * x0 + s * noise, a * noise - s * x0


def make(out: Path, work: Path, steps: int = STEPS) -> None:
    torch.manual_seed(2)
    vae = AutoencoderTiny.from_pretrained(out / "vae").float().to(memory_format=torch.channels_last)
    tokenizer = CLIPTokenizer.from_pretrained(out / "tokenizer")
    encoder = CLIPTextModel.from_pretrained(out / "text_encoder").float().requires_grad_(False).to(DEVICE)
    buckets = _cached(work / "latents.pt", vae)
    alphas = DDPMScheduler(**SCHEDULE).alphas_cumprod
    unet = build_unet().to(DEVICE, memory_format=torch.channels_last)
    shares = np.array([b.share for b in buckets])

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng((31, step))
        bucket = buckets[int(rng.choice(len(buckets), p=shares / shares.sum()))]
        size = BATCH if bucket.latents.shape[-1] == 16 else 2 * BATCH
        rows = rng.integers(len(bucket.figures), size=size)
        x0 = bucket.latents[torch.from_numpy(rows)].float()
        captions = ["" if rng.random() < DROP_CAPTION else caption(bucket.figures[int(i)], rng, WORDING) for i in rows]
        cells = bucket.cells[torch.from_numpy(rows)].float()[:, None]
        t = torch.from_numpy(1000 * rng.beta(NOISY, 1.0, size=size)).long().clamp(0, 999)
        x_t, v = v_target(x0, torch.randn_like(x0), alphas[t])
        x_t, v, t, cells = (x.to(DEVICE) for x in (x_t, v, t, cells))
        with torch.no_grad(), mixed():
            context = encoder(encode(tokenizer, captions).to(DEVICE)).last_hidden_state
        with mixed():
            predicted = unet(x_t, t, context, return_dict=False)[0]
        error: Tensor = (cells * (predicted.float() - v).pow(2)).mean()
        return error

    trained = train(unet, loss, steps=steps, rate=1e-3, state=work / "base.pt", ema=0.9985, muon=True)
    save(out, vae, tokenizer, encoder.cpu(), trained.cpu())


def _cached(path: Path, vae: AutoencoderTiny) -> list[Bucket]:
    """The latents on disk from an earlier run; the figures are drawn from fixed seeds and so the same again."""
    if not path.exists():
        buckets = encode_figures(vae)
        torch.save([(b.latents, b.cells) for b in buckets], path)
        return buckets
    stored = torch.load(path, weights_only=True)
    return [
        Bucket(figures(len(x), framing, np.random.default_rng((30, i))), x, cells, share)
        for i, ((x, cells), (framing, _, share)) in enumerate(zip(stored, MIX, strict=True))
    ]


def save(out: Path, vae: AutoencoderTiny, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, unet: torch.nn.Module) -> None:
    """Writes the pipeline as diffusers does, weights in fp16."""
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DPMSolverMultistepScheduler(**SCHEDULE, use_karras_sigmas=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.to(torch.float16)
    pipe.save_pretrained(out)
    index = json.loads((out / "model_index.json").read_text())
    (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
