"""LoRAs that will be worn together with the one that is being trained: on at weights that change from step to step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.lora.file import TRIGGER_KEY, LoraFile
from models.lora.methods import LoraLayer

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from models.base.opening import Base

WORN: Final = 0.75
"""How often each companion is on."""
LEAST: Final = 0.3
"""Weights are drawn between this and 1: below it a LoRA does little."""


def trigger_of(lora: LoraFile) -> str:
    """The word that calls it. Raises InputError if its file names none."""
    word = lora.metadata.get(TRIGGER_KEY, "")
    if not word:
        raise InputError("a LoRA whose file names no trigger word", lora.path, "name it with --set variety.beside=WORD instead")
    return word


def drawn_weights(count: int, generator: Generator) -> list[float]:
    """One weight for each companion, 0 where it is off."""
    import torch

    chance, height = torch.rand(2, count, generator=generator, dtype=torch.float64)
    return [LEAST + (1 - LEAST) * h if c < WORN else 0.0 for c, h in zip(chance.tolist(), height.tolist(), strict=True)]


class Companions:
    """Folds companions into the base's own weights, W = W_0 + sum_i w_i (alpha_i / r_i) B_i A_i, and takes them off again."""

    def __init__(self, base: Base, loras: Sequence[LoraFile]) -> None:
        self.triggers = [trigger_of(lora) for lora in loras]
        self._layers = [
            *_layers(base.unet, [lora.unet for lora in loras]),
            *_layers(base.text_encoder, [lora.text for lora in loras]),
        ]

    def wear(self, weights: Sequence[float]) -> None:
        """Each companion at its weight. A weight that was folded in before counts no more."""
        for layer in self._layers:
            layer.fold(weights)

    @contextmanager
    def worn(self) -> Iterator[None]:
        """The base bit for bit as it was, afterwards."""
        try:
            yield
        finally:
            for layer in self._layers:
                layer.take_off()


@dataclass(frozen=True)
class _Layer:
    """`weight` is the base's, `own` a copy of what it was; `halves` are, by companion, its up and down matrices."""

    weight: Tensor
    own: Tensor
    halves: dict[int, tuple[Tensor, Tensor]]

    def fold(self, weights: Sequence[float]) -> None:
        import torch

        flat = self.own.flatten(1).float()
        for companion, (up, down) in self.halves.items():
            if weights[companion]:
                flat = torch.addmm(flat, up, down, alpha=weights[companion])
        self.weight.data.copy_(flat.view_as(self.weight))

    def take_off(self) -> None:
        self.weight.data.copy_(self.own)


def _layers(model: nn.Module, loras: Sequence[dict[str, LoraLayer]]) -> list[_Layer]:
    found = []
    for path in sorted({path for layers in loras for path in layers}):
        weight = model.get_parameter(f"{path}.weight")
        halves = {i: _halves(layers[path], weight) for i, layers in enumerate(loras) if path in layers}
        found.append(_Layer(weight, weight.detach().clone(), halves))
    return found


def _halves(layer: LoraLayer, weight: Tensor) -> tuple[Tensor, Tensor]:
    up = layer.up.flatten(1).to(weight.device).float() * (layer.alpha / layer.rank)
    return up, layer.down.flatten(1).to(weight.device).float()
