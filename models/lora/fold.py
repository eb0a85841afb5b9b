"""Folds LoRAs into a model's weights, image by image: W_b = W_0 + sum_i w_bi dW_i, in float32, cast once.

Layers whose LoRAs are all of low rank take one product each. Others take one LoRA after the other, and where a DoRA is among
them, or another method whose update depends on the weight so far, in the order in which the LoRAs are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.lora.folding.folded_layer import Added, FoldedLayer, FoldedParameter
from models.lora.folding.stacked_loras import StackedLoras
from models.lora.layers.added import AddedLayer, is_linear
from models.lora.layers.lora import LoraLayer
from models.lora.sites import BIAS
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Weights = Mapping[str, float]


class Folded:
    """One model with any number of LoRAs, at weights of its own for each image of a batch.

    The model's own weights are never written: layers that a LoRA touches multiply with a folded copy while `at` lasts, so that
    the model is bit for bit itself afterwards, and at weight 0. Memory: the LoRAs, plus one copy of every layer they touch for
    each different weight vector of the largest batch so far.
    """

    def __init__(
        self,
        model: nn.Module,
        loras: Mapping[str, Mapping[str, AddedLayer]],
        meaning: Program = "a1111",
        *,
        device: torch.device | None = None,
    ) -> None:
        """`loras`: by LoRA name, its layers by site in `model` (`models.lora.sites`). `meaning`: whose DoRA, OFT, BOFT and GLoRA
        are meant. `device`: where the copies are, if not where the model is: what LoRAs touch (`touched`) may then stay
        elsewhere, and takes no room beside its copy."""
        self._names, self._meaning, self._apart = tuple(sorted(loras)), meaning, device is not None
        touching: dict[str, list[tuple[int, AddedLayer]]] = {}
        for name, layers in loras.items():
            for path, layer in layers.items():
                touching.setdefault(path, []).append((self._names.index(name), layer))
        for path, found in touching.items():
            if all(is_linear(layer) for _, layer in found):
                touching[path] = sorted(found, key=lambda pair: pair[0])
        low_rank = {path: _low_rank(found) for path, found in touching.items()}
        stacked = {path: pairs for path, pairs in sorted(low_rank.items()) if pairs is not None}
        self._others = {path: found for path, found in sorted(touching.items()) if path not in stacked}
        self._paths = [*stacked, *self._others]
        modules = dict.fromkeys(path.removesuffix(BIAS) for path in self._paths)
        folded = {module: FoldedLayer(model.get_submodule(module), device) for module in modules}
        self._layers = list(folded.values())
        self._parameters = [_parameter(folded, path) for path in self._paths]
        self._loras = StackedLoras(list(stacked.values()))
        self._slots: dict[int, dict[str, float]] = {}

    @property
    def copy_bytes(self) -> int:
        """Size in bytes of one copy of all touched layers."""
        return sum(parameter.copy_bytes for parameter in self._parameters)

    @property
    def folding_bytes(self) -> int:
        """What the matrices of low rank take beside the copies while these are folded."""
        return self._loras.folding_bytes

    @property
    def touched(self) -> list[Tensor]:
        """The model's own weights and biases that copies take the place of."""
        return [parameter.own for parameter in self._parameters]

    @contextmanager
    def at(self, weights: Sequence[Weights]) -> Iterator[None]:
        """The model, image b of a batch drawn with `weights[b]`, while it lasts; a LoRA that is not named has weight 0.

        A batch holds k rows for each image (k = 2 under guidance), those of one image next to each other.
        """
        wanted = [{name: float(w.get(name, 0.0)) for name in self._names} for w in weights]
        if all(w == wanted[0] for w in wanted):
            wanted = wanted[:1]
        if not self._layers or not (self._apart or any(any(w.values()) for w in wanted)):
            yield
            return
        self._fold(wanted)
        try:
            for layer in self._layers:
                layer.attach(len(wanted))
            yield
        finally:
            for layer in self._layers:
                layer.detach()

    def overflows(self, weights: Weights) -> list[str]:
        """The sites whose folded weights would not be finite in the model's dtype. Keeps no copy."""
        wanted = [float(weights.get(name, 0.0)) for name in self._names]
        if not self._layers:
            return []
        device = self._parameters[0].device
        ups, downs = self._loras.ups(device), self._loras.downs(wanted, device)
        count = len(ups)
        folded = zip(self._paths, self._parameters, ups, downs, strict=False)
        broken = [path for path, one, up, down in folded if not bool(one.sum(up, down).isfinite().all())]
        others = zip(self._others.items(), self._parameters[count:], strict=True)
        return broken + [
            path for (path, added), one in others if not bool(one.applied(added, wanted, self._meaning).isfinite().all())
        ]

    def release(self) -> None:
        """Frees the memory of all copies."""
        self._slots = {}
        for layer in self._layers:
            layer.release()

    def _fold(self, wanted: Sequence[dict[str, float]]) -> None:
        for layer in self._layers:
            layer.reserve(len(wanted))
        device = self._parameters[0].device
        changed = {slot: weights for slot, weights in enumerate(wanted) if self._slots.get(slot) != weights}
        ups = self._loras.ups(device) if changed else []
        for slot, weights in changed.items():
            # Until all layers are folded the slot has neither the old weights nor the new.
            self._slots.pop(slot, None)
            wanted_here = list(weights.values())
            for one, up, down in zip(self._parameters, ups, self._loras.downs(wanted_here, device), strict=False):
                one.fold(slot, up, down)
            for one, added in zip(self._parameters[len(ups) :], self._others.values(), strict=True):
                one.fold_each(slot, added, wanted_here, self._meaning)
            self._slots[slot] = weights


def _parameter(layers: Mapping[str, FoldedLayer], path: str) -> FoldedParameter:
    return layers[path.removesuffix(BIAS)].parameter("bias" if path.endswith(BIAS) else "weight")


def _low_rank(added: Added) -> list[tuple[int, LoraLayer]] | None:
    """The same if all are of low rank, else None."""
    found = [(number, layer) for number, layer in added if isinstance(layer, LoraLayer)]
    return found if len(found) == len(added) else None
