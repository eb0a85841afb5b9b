"""Folds LoRAs into a model's weights: W = W_0 + sum_i w_i (alpha_i / r_i) B_i A_i, from a pristine copy, in fp32, cast once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.lora import LoraLayer


class Folded:
    """One model with any number of LoRAs at changeable weights; the model is bit for bit itself when all weights are 0.

    Memory: the LoRAs, plus one copy of every layer they touch.
    """

    def __init__(self, model: nn.Module, loras: Mapping[str, Mapping[str, LoraLayer]]) -> None:
        """`loras` holds, by LoRA name, its layers by module path in `model`."""
        self._loras = {name: dict(layers) for name, layers in sorted(loras.items())}
        touched = sorted({path for layers in self._loras.values() for path in layers})
        self._weight: dict[str, Tensor] = {path: _weight(model, path) for path in touched}
        self._pristine = {path: weight.detach().clone() for path, weight in self._weight.items()}
        self._now: dict[str, float] = {}

    def set(self, weights: Mapping[str, float]) -> None:
        """Makes the model draw with these weights; a LoRA that is not named has weight 0."""
        wanted = {name: float(weights.get(name, 0.0)) for name in self._loras}
        if wanted == self._now:
            return
        for path, weight in self._weight.items():
            self._fold(path, weight, wanted)
        self._now = wanted

    def _fold(self, path: str, weight: Tensor, wanted: Mapping[str, float]) -> None:
        import torch

        pristine = self._pristine[path]
        active = [(w, self._loras[name][path]) for name, w in wanted.items() if w != 0.0 and path in self._loras[name]]
        with torch.no_grad():
            if not active:
                weight.copy_(pristine)
                return
            total = pristine.float()
            for w, layer in active:
                total = total + w * layer.delta().to(total.device).reshape(total.shape)
            weight.copy_(total.to(weight.dtype))


def _weight(model: nn.Module, path: str) -> Tensor:
    weight: Tensor = model.get_parameter(f"{path}.weight").data
    return weight
