"""peft's low-rank layers around a model for the duration of a training; afterwards the model is as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, Part, layer_names

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainers.train.settings.preset import Init, Preset, Stored

ADAPTER: Final = "default"
ATTENTION: Final = re.compile(r"\.attn[12]\.to_")
"""Queries, keys, values and outputs of both attentions of a block."""


@dataclass(frozen=True)
class Strength:
    """The size of one low-rank layer: W + alpha / rank B A."""

    rank: int
    """Rows of A and columns of B."""
    alpha: float
    """Scale."""


def part_layers(part: Part, model: nn.Module, preset: Preset) -> dict[str, Strength]:
    """Those of one part of a base."""
    return denoiser_layers(model, preset) if part == DENOISER else text_layers(model, preset)


def denoiser_layers(denoiser: nn.Module, preset: Preset) -> dict[str, Strength]:
    """The layers of the attention blocks that the preset names and, if asked for, the other convolutions."""
    found = {}
    for name in layer_names(denoiser):
        if ".attentions." in f".{name}":
            if preset.layers == "attention" and not ATTENTION.search(name):
                continue
            found[name] = Strength(preset.rank, preset.alpha)
        elif preset.conv_rank and name.rpartition(".")[2] in ("conv1", "conv2", "conv"):
            found[name] = Strength(preset.conv_rank, preset.conv_alpha)
    return found


def text_layers(encoder: nn.Module, preset: Preset) -> dict[str, Strength]:
    """Attention of every layer and, unless the preset leaves it, feed-forward; or nothing."""
    if not preset.text_rank:
        return {}
    wanted = (n for n in layer_names(encoder) if ".layers." in n and (preset.layers == "blocks" or ".self_attn." in n))
    return {n: Strength(preset.text_rank, preset.text_alpha) for n in wanted}


@contextmanager
def adapted(model: nn.Module, layers: dict[str, Strength], seed: int, init: Init) -> Iterator[list[Tensor]]:
    """Wraps the named layers with fresh low-rank ones (up starts at zero) and yields the trainable parameters, in float32."""
    import torch
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    from trainers.train.layers.fused_lora import fused

    if not layers:
        yield []
        return
    first = next(iter(layers.values()))
    config = LoraConfig(
        r=first.rank,
        lora_alpha=first.alpha,
        target_modules=list(layers),
        # Only of those that differ: peft compiles each of them for each layer, minutes with SDXL's thousand layers.
        rank_pattern={name: s.rank for name, s in layers.items() if s.rank != first.rank},
        alpha_pattern={name: s.alpha for name, s in layers.items() if s.alpha != first.alpha},
        init_lora_weights="gaussian" if init == "gaussian" else True,
    )
    had_gradient = {name: p.requires_grad for name, p in model.named_parameters()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wrapped = LoraModel(model, config, ADAPTER)
    for p in model.parameters():
        if p.requires_grad:
            p.data = p.data.float()
    try:
        with fused(model, ADAPTER):
            yield [p for p in model.parameters() if p.requires_grad]
    finally:
        wrapped.unload()
        for name, p in model.named_parameters():
            p.requires_grad_(had_gradient[name])


@contextmanager
def disabled_adapters(*models: nn.Module) -> Iterator[None]:
    """Within it the wrapped models compute as before they were wrapped."""
    from peft.tuners.lora import LoraLayer as Wrapped

    layers = [module for model in models for module in model.modules() if isinstance(module, Wrapped)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def trained_layers(model: nn.Module, stored: Stored) -> dict[str, LoraLayer]:
    """The low-rank layers of a wrapped model, copied to the CPU in the type of the file."""
    import torch
    from peft.tuners.lora import LoraLayer as Wrapped

    found = {}
    for name, module in model.named_modules():
        if isinstance(module, Wrapped):
            factors = (module.lora_A[ADAPTER].weight, module.lora_B[ADAPTER].weight)
            down, up = (factor.detach().to("cpu", getattr(torch, stored), copy=True) for factor in factors)
            found[name] = LoraLayer(down, up, float(module.lora_alpha[ADAPTER]))
    return found
