"""Three random LoRAs of rank 32, folded or as diffusers and peft attach them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.lora.file import LoraFile
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT

RANK = 32


NAMES = ("face", "dress", "shoes")


Layers = dict[str, LoraLayer]


def three_loras(unet: nn.Module) -> dict[str, Layers]:
    """On what kohya's scripts train: every projection of the attention blocks."""
    generator = torch.Generator().manual_seed(0)
    places = {
        name: layer
        for name, layer in unet.named_modules()
        if ".attentions." in name and isinstance(layer, (nn.Linear, nn.Conv2d))
    }
    return {name: {place: random_layer(layer, generator) for place, layer in places.items()} for name in NAMES}


def random_layer(layer: nn.Module, generator: torch.Generator) -> LoraLayer:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    ones = (1, 1) if weight.ndim == 4 else ()
    down = torch.randn(RANK, *weight.shape[1:], generator=generator) * 0.02
    up = torch.randn(weight.shape[0], RANK, *ones, generator=generator) * 0.02
    return LoraLayer(down.half().to(weight.device), up.half().to(weight.device), float(RANK))


def lora_file(name: str, layers: Layers) -> LoraFile:
    return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name, {DENOISER: layers, TEXT: {}}, {})


def different(batch: int) -> list[dict[str, float]]:
    return [{name: round(0.2 + 0.1 * b + 0.15 * i, 3) for i, name in enumerate(NAMES)} for b in range(batch)]


def adapted(unet: Any, loras: Mapping[str, Layers]) -> None:
    """Loads the LoRAs into diffusers' own model as its users do, from files' contents."""
    from peft import LoraConfig

    for name, layers in loras.items():
        unet.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(layers)), adapter_name=name)
        for place, layer in layers.items():
            module = unet.get_submodule(place)
            module.lora_A[name].weight.data.copy_(layer.down)
            module.lora_B[name].weight.data.copy_(layer.up)
    unet.requires_grad_(False)


@contextmanager
def at_one_weight(unet: Any) -> Iterator[None]:
    unet.set_adapters(list(NAMES), [0.65, 0.4, 0.8])
    yield


@contextmanager
def scaled_by_tensors(unet: nn.Module, weights: Sequence[Mapping[str, float]]) -> Iterator[None]:
    """Each image its own weights with peft's layers: their scaling becomes a tensor that broadcasts over the batch."""
    layers: list[Any] = list(unet.modules())
    for module in layers:
        if hasattr(module, "lora_A") and hasattr(module, "scaling"):
            convolution = isinstance(module.get_base_layer(), nn.Conv2d)
            for name in NAMES:
                each = torch.tensor([w[name] for w in weights]).repeat_interleave(2)
                each = each.to(module.lora_A[name].weight)
                module.scaling[name] = each.view(-1, 1, 1, 1) if convolution else each.view(-1, 1, 1)
    yield
