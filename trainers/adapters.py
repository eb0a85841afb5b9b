"""Low-rank layers wrapped around a model for the time of a training, by peft; the model is left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.lora import LoraLayer
from models.lora_keys import layer_names

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainers.preset import Preset

ADAPTER = "default"


@dataclass(frozen=True)
class Strength:
    """Rank and alpha of one layer."""

    rank: int
    alpha: float


def unet_layers(unet: nn.Module, preset: Preset) -> dict[str, Strength]:
    """Every layer of the attention blocks (projections and feed-forward included) and, if asked for, the other convolutions."""
    found = {}
    for name in layer_names(unet):
        if ".attentions." in f".{name}":
            found[name] = Strength(preset.rank, preset.alpha)
        elif preset.conv_rank and name.rpartition(".")[2] in ("conv1", "conv2", "conv"):
            found[name] = Strength(preset.conv_rank, preset.conv_alpha)
    return found


def text_layers(text_encoder: nn.Module, preset: Preset) -> dict[str, Strength]:
    """Attention and feed-forward of every layer, or nothing."""
    if not preset.text_rank:
        return {}
    return {n: Strength(preset.text_rank, preset.text_alpha) for n in layer_names(text_encoder) if ".layers." in n}


@contextmanager
def adapted(model: nn.Module, layers: dict[str, Strength], seed: int) -> Iterator[list[Tensor]]:
    """Wraps the named layers with fresh low-rank ones (up starts at zero) and yields what is to be trained, in float32."""
    import torch
    from peft import LoraConfig
    from peft.tuners.lora import LoraModel

    if not layers:
        yield []
        return
    first = next(iter(layers.values()))
    config = LoraConfig(
        r=first.rank,
        lora_alpha=first.alpha,
        target_modules=list(layers),
        rank_pattern={name: s.rank for name, s in layers.items()},
        alpha_pattern={name: s.alpha for name, s in layers.items()},
    )
    wanted_gradient = {name: p.requires_grad for name, p in model.named_parameters()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        wrapped = LoraModel(model, config, ADAPTER)
    try:
        yield [p for p in model.parameters() if p.requires_grad]
    finally:
        wrapped.unload()
        for name, p in model.named_parameters():
            p.requires_grad_(wanted_gradient[name])


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """The model as it was before it was wrapped, while it lasts."""
    from peft.tuners.lora import LoraLayer as Wrapped

    layers = [module for module in model.modules() if isinstance(module, Wrapped)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def trained_layers(model: nn.Module) -> dict[str, LoraLayer]:
    """The low-rank layers of a model that is wrapped just now, copied to the CPU in float16, as most LoRA files are stored."""
    import torch
    from peft.tuners.lora import LoraLayer as Wrapped

    found = {}
    for name, module in model.named_modules():
        if isinstance(module, Wrapped):
            down, up = (
                half[ADAPTER].weight.detach().to("cpu", torch.float16, copy=True) for half in (module.lora_A, module.lora_B)
            )
            found[name] = LoraLayer(down, up, float(module.lora_alpha[ADAPTER]))
    return found
