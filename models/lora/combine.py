"""Several LoRAs at their weights as one file that needs no weights: ranks side by side, each weight folded into its matrices.

sum_i w_i alpha_i / r_i up_i down_i = [w_1 alpha_1 / r_1 up_1, ...] [down_1; ...]: exact, whatever the ranks and layers. Numbers
are rounded and added up as they are when LoRAs are folded one by one, so that the pictures are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.io.files import write_whole
from models.lora.file import write_lora
from models.lora.key_spellings import Part, Site, kohya_name
from models.lora.methods import LoraLayer

if TYPE_CHECKING:
    from torch import Tensor

    from models.lora.file import LoraFile

PARTS: Final[tuple[Part, ...]] = ("unet", "text", "text_2")


@dataclass(frozen=True)
class LoraSum:
    """The layers of the UNet and of the text encoders in float32; the alpha of each is the largest rank of them all."""

    unet: dict[str, LoraLayer]
    text: dict[str, LoraLayer]
    text_2: dict[str, LoraLayer]

    @property
    def rank(self) -> int:
        """The largest of its layers' ranks."""
        return max(layer.rank for layer in self._layers)

    @property
    def megabytes(self) -> int:
        return round(sum(layer.down.nbytes + layer.up.nbytes for layer in self._layers) / 1e6)

    @property
    def _layers(self) -> list[LoraLayer]:
        return [*self.unet.values(), *self.text.values(), *self.text_2.values()]


def sum_loras(loras: Mapping[str, LoraFile], weights: Mapping[str, float]) -> LoraSum:
    """What `loras` add up to at `weights`, by LoRA; one without a weight, or of weight 0, counts as absent.

    Raises InputError if no LoRA has a weight: nothing would be left to write.
    """
    held = [(file, weights[name]) for name, file in loras.items() if weights.get(name, 0.0) != 0.0]
    if not held:
        raise InputError("every LoRA has weight 0", "the sum of LoRAs", "draw without LoRAs: there is nothing to combine")
    # One alpha for all layers, since diffusers 0.42 puts alphas that differ on the wrong ones.
    alpha = float(max(_ranks([layers for part in PARTS for layers in _layers(held, part).values()])))
    parts = {part: {m: _side_by_side(layers, alpha) for m, layers in _layers(held, part).items()} for part in PARTS}
    return LoraSum(parts["unet"], parts["text"], parts["text_2"])


def write_sum(path: Path, summed: LoraSum, metadata: Mapping[str, str], *, xl: bool = False) -> None:
    """Writes it under kohya's names, whole or not at all; for SDXL (`xl`) its text encoders are `lora_te1_` and `lora_te2_`."""
    if not xl:
        write_lora(path, summed.unet, summed.text, metadata)
        return
    import torch
    from safetensors.torch import save

    tensors: dict[str, Tensor] = {}
    for part in PARTS:
        for module, layer in getattr(summed, part).items():
            name = kohya_name(Site(part, module)).replace("lora_te_", "lora_te1_", 1)
            tensors[f"{name}.lora_down.weight"] = layer.down
            tensors[f"{name}.lora_up.weight"] = layer.up
            tensors[f"{name}.alpha"] = torch.tensor(layer.alpha)
    write_whole(path, save(tensors, dict(metadata)))


def _layers(held: list[tuple[LoraFile, float]], part: Part) -> dict[str, list[tuple[LoraLayer, float]]]:
    """By module, the layers of the files that touch it, each with its file's weight."""
    modules = sorted({module for file, _ in held for module in getattr(file, part)})
    return {m: [(getattr(file, part)[m], weight) for file, weight in held if m in getattr(file, part)] for m in modules}


def _ranks(layers: list[list[tuple[LoraLayer, float]]]) -> list[int]:
    return [sum(layer.rank for layer, _ in together) for together in layers]


def _side_by_side(held: list[tuple[LoraLayer, float]], alpha: float) -> LoraLayer:
    import torch

    down = torch.cat([layer.down.float() for layer, _ in held])
    up = torch.cat([layer.up.float() * (weight * (layer.alpha / layer.rank)) for layer, weight in held], dim=1)
    rank = _exact_rank(len(down), int(alpha))
    down = torch.cat([down, down.new_zeros(rank - len(down), *down.shape[1:])]).contiguous()
    up = torch.cat([up, up.new_zeros(len(up), rank - up.shape[1], *up.shape[2:])], dim=1)
    # Divided by a power of two: no number is rounded again.
    return LoraLayer(down, (up * (rank / alpha)).contiguous(), alpha)


def _exact_rank(rank: int, largest: int) -> int:
    """The least rank from `rank` up that is `largest` or a half, a quarter, an eighth of it."""
    found = largest
    while found % 2 == 0 and found // 2 >= rank:
        found //= 2
    return found
