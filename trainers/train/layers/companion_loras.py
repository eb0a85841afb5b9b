"""Companion LoRAs: frozen LoRAs that are active, at weights that change from step to step, while another one is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.lora.file import LoraFile
from models.lora.layers.added import AddedLayer
from models.lora.layers.lora import LoraLayer
from models.lora.layout import trigger_in
from models.lora.sites import parameter_name

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from models.base.family import Base

ACTIVE_SHARE: Final = 0.75
"""Probability with which a companion is active in a step."""
MIN_WEIGHT: Final = 0.3
"""Active companions have a weight between this and 1: below it a LoRA has little effect."""


def trigger_of(lora: LoraFile) -> str:
    """The word that calls it. Raises InputError if its file names none."""
    word = trigger_in(lora.metadata)
    if not word:
        raise InputError("a LoRA whose file names no trigger word", lora.path, "name it with --set variety.beside=WORD instead")
    return word


def random_weights(count: int, generator: Generator) -> list[float]:
    """One weight for each companion, 0 where it is inactive."""
    import torch

    chance, height = torch.rand(2, count, generator=generator, dtype=torch.float64)
    return [
        MIN_WEIGHT + (1 - MIN_WEIGHT) * h if c < ACTIVE_SHARE else 0.0
        for c, h in zip(chance.tolist(), height.tolist(), strict=True)
    ]


class Companions:
    """Folds companions into the base's own weights, W = W_0 + sum_i w_i dW_i, and restores them; one after the other,
    in their order, which matters where a method is among them whose update depends on the weight."""

    def __init__(self, base: Base, loras: Sequence[LoraFile]) -> None:
        self.triggers = [trigger_of(lora) for lora in loras]
        self._layers = [
            layer
            for part, module in base.modules.items()
            for layer in _layers(module, [lora.layers.get(part, {}) for lora in loras])
        ]

    def set_weights(self, weights: Sequence[float]) -> None:
        """Activates each companion at its weight, in place of the weights set before."""
        for layer in self._layers:
            layer.fold(weights)

    def deactivate(self) -> None:
        """Sets all weights to 0."""
        self.set_weights([0.0] * len(self.triggers))

    @contextmanager
    def restored(self) -> Iterator[None]:
        """On exit the base is bit for bit as it was before the first fold."""
        try:
            yield
        finally:
            for layer in self._layers:
                layer.restore()


@dataclass(frozen=True)
class _Layer:
    """`weight` is the base's, or a bias, `pristine` a copy of it; `factors` maps a companion's index to its up and down
    matrices, or to its layer of another method."""

    weight: Tensor
    pristine: Tensor
    factors: dict[int, tuple[Tensor, Tensor] | AddedLayer]

    def fold(self, weights: Sequence[float]) -> None:
        import torch

        folded = self.pristine.float()
        for companion, added in self.factors.items():
            if not weights[companion]:
                continue
            if isinstance(added, tuple):
                folded = torch.addmm(folded.flatten(1), *added, alpha=weights[companion]).view_as(self.weight)
            else:
                folded = folded.clone()
                added.apply(folded, weights[companion], "a1111")
        self.weight.data.copy_(folded)

    def restore(self) -> None:
        self.weight.data.copy_(self.pristine)


def _layers(model: nn.Module, loras: Sequence[Mapping[str, AddedLayer]]) -> list[_Layer]:
    found = []
    for path in sorted({path for layers in loras for path in layers}):
        weight = model.get_parameter(parameter_name(path))
        factors = {i: _factors(layers[path], weight) for i, layers in enumerate(loras) if path in layers}
        found.append(_Layer(weight, weight.detach().clone(), factors))
    return found


def _factors(layer: AddedLayer, weight: Tensor) -> tuple[Tensor, Tensor] | AddedLayer:
    """Up, times the scale, and down, both flat and in float32 on the weight's device; the layer itself if it is of another
    method."""
    if not isinstance(layer, LoraLayer):
        return layer
    up = layer.up.flatten(1).to(weight.device).float() * layer.scale
    return up, layer.down.flatten(1).to(weight.device).float()
