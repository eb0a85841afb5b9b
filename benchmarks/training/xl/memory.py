"""The memory that training a LoRA on SDXL takes at 1024x1024, counted on the meta device: shapes alone, nothing is computed.

    python -m benchmarks.training.xl.memory

A base of SDXL's published shapes is held as `huanhua train` holds it (denoiser and text encoders in bfloat16, VAE in float32)
and one picture is trained by a preset: forward, loss and backward, every live tensor counted (benchmarks.training.live_memory).
States of the optimiser come on top: 8 bytes a trained number, or 2 and two float32 for each 256 with 8 bits. Encoding one picture
by the VAE is counted too. The meta device has neither autocast, which a base in bfloat16 does without, nor fused attention, which
keeps queries, keys, values and results and no scores: it is put in. A GPU's context and the workspaces of its convolutions
come on top. Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final
from unittest.mock import patch

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.training.live_memory import LiveMemory
from models.base.family import CONFIGS, Base, Conditioning, Frame
from models.base.registry import family_named
from models.testing.tiny import by_part
from trainers.train.layers.adapters import adapted, part_layers
from trainers.train.settings.preset import Preset
from trainers.train.settings.preset_families import preset

GB: Final = 2**30
"""Bytes, as the memory of graphics cards is sold."""
ALLOWED: Final = 12.0
"""GB, all that a card of that size has."""
SIDE: Final = 1024


@dataclass(frozen=True)
class Counted:
    """GB of one training."""

    weights: float
    """Of the base."""
    trained: float
    """Of the LoRA's matrices and their gradients."""
    states: float
    """Of the optimiser."""
    activations: float
    """What the peak holds beside these."""
    numbers: int
    """That are trained."""

    @property
    def peak(self) -> float:
        return self.weights + self.trained + self.states + self.activations


CASES: Final[dict[str, dict[str, Any]]] = {
    "the preset for clothing": {},
    "the same, optimizer=adamw8bit": {"optimizer": "adamw8bit"},
    "both text encoders too, 8 bits": {"optimizer": "adamw8bit", "text_rank": 16},
    "rank 64 and both, 8 bits": {"optimizer": "adamw8bit", "text_rank": 64, "rank": 64},
    "the preset without checkpointing": {"gradient_checkpointing": False},
}


def main() -> int:
    base = published_base()
    print(f"SDXL, one picture of {SIDE}x{SIDE}, GB of 2^30 bytes; {ALLOWED:g} are there, of which a GPU's libraries take some")
    print(f"{'':<36}{'weights':>9}{'LoRA':>8}{'states':>8}{'activ.':>8}{'peak':>8}{'numbers':>14}")
    found = {}
    for name, changes in CASES.items():
        counted = training(base, replace(preset("sdxl", "clothing"), **changes))
        print(
            f"{name:<36}{counted.weights:>9.2f}{counted.trained:>8.2f}{counted.states:>8.2f}{counted.activations:>8.2f}"
            f"{counted.peak:>8.2f}{counted.numbers:>14,}",
            flush=True,
        )
        found[name] = round(counted.peak, 3)
    encoded = encoding(base)
    print(f"{'encoding one picture before':<36}{encoded:>41.2f}")
    print(json.dumps({"xl_memory_gb": found["the preset for clothing"], "xl_encoding_gb": round(encoded, 3), "cases": found}))
    return 0


def published_base() -> Base:
    """SDXL's shapes without numbers, in the types that `huanhua train` opens it in on a GPU."""
    configs = CONFIGS / "sdxl"
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(configs / "unet"))
        first: Any = CLIPTextModel(CLIPTextConfig.from_pretrained(configs / "text_encoder"))
        second: Any = CLIPTextModelWithProjection(CLIPTextConfig.from_pretrained(configs / "text_encoder_2"))
        vae = AutoencoderKL.from_config(AutoencoderKL.load_config(configs / "vae"))
    for model in (unet, first, second):
        model.to(torch.bfloat16).requires_grad_(False).eval()
    kind = family_named("sdxl")
    modules = by_part(unet, first, second)
    tokenizers = dict(zip(list(modules)[1:], kind.read_tokenizers(configs).values(), strict=True))
    return Base(kind, modules, tokenizers, vae.requires_grad_(False).eval(), {}, "published", "0" * 64)


def training(base: Base, settings: Preset) -> Counted:
    """Of one step, from the second on: then the optimiser's states exist."""
    weights = [p for model in base.models for p in model.parameters()]
    with ExitStack() as stack:
        trained: list[Tensor] = []
        for i, (part, model) in enumerate(base.modules.items()):
            trained += stack.enter_context(adapted(model, part_layers(part, model, settings), settings.seed + i, settings.init))
        if settings.gradient_checkpointing:
            base.denoiser.enable_gradient_checkpointing()
            base.denoiser.train()
            stack.callback(base.denoiser.eval)
            stack.callback(base.denoiser.disable_gradient_checkpointing)
        stack.enter_context(as_on_a_gpu())
        memory = stack.enter_context(LiveMemory([*weights, *trained]))
        one_step(base, text_trained=settings.text_rank > 0)
        peak = memory.peak / GB
    of_base, numbers = sum(p.nbytes for p in weights) / GB, sum(p.numel() for p in trained)
    # Fused AdamW keeps two moments of four bytes; with 8 bits one byte each and a float32 for each block of 256.
    states = numbers * (8 if settings.optimizer == "adamw" else 2 * (1 + 4 / 256)) / GB
    of_lora = 2 * sum(p.nbytes for p in trained) / GB
    for parameter in trained:
        parameter.grad = None
    return Counted(of_base, of_lora, states, peak - of_base - of_lora, numbers)


def one_step(base: Base, *, text_trained: bool) -> None:
    """As trainers.train.step does it, up to the gradients."""
    with torch.set_grad_enabled(text_trained):
        text = base.family.encode_captions(base, ["dress"])
    told = base.family.picture_conditioning(base, [Frame((SIDE, SIDE), (SIDE, SIDE))])
    x = torch.empty(1, *base.family.latent_shape(base, SIDE, SIDE), device="meta")
    time = torch.empty(1, device="meta", dtype=torch.long)
    predicted = base.family.predict(base.denoiser, x, time, Conditioning(text.hidden, {**text.extra, **told}))
    (predicted.float() - x).pow(2).mean().backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated


def encoding(base: Base) -> float:
    """GB at the peak of encoding one picture, the whole base beside it."""
    weights = [p for model in base.models for p in model.parameters()]
    with torch.no_grad(), as_on_a_gpu(), LiveMemory(weights) as memory:
        base.vae.encode(torch.empty(1, 3, SIDE, SIDE, device="meta"))
    return float(memory.peak / GB)


@contextmanager
def as_on_a_gpu() -> Iterator[None]:
    """The meta device knows no autocast, and computes attention with all scores."""

    def attention(
        query: Tensor, key: Tensor, value: Tensor, *_: Any, is_causal: bool = False, scale: float | None = None, **__: Any
    ) -> Any:
        return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value, 0.0, is_causal, scale=scale)[0]

    with (
        patch("torch.nn.functional.scaled_dot_product_attention", attention),
        patch("torch.is_autocast_enabled", lambda *_: False),
        patch("torch.autocast", lambda *_, **__: nullcontext()),
    ):
        yield


if __name__ == "__main__":
    sys.exit(main())
