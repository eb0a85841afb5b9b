"""Folds LoRAs into a model's weights, image by image: W_b = W_0 + sum_i w_bi dW_i, in float32, cast once.

Layers whose LoRAs are all of low rank take one product each. Others take one LoRA after the other, and where a DoRA is among
them, whose update depends on the weight so far, in the order in which the LoRAs are given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from models.lora.layers.added import AddedLayer, is_linear
from models.lora.methods import LoraLayer
from models.lora.stacked_loras import StackedLoras
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Weights = Mapping[str, float]
Added = Sequence[tuple[int, AddedLayer]]
"""What LoRAs add to one layer of the model, each with its LoRA's index."""


class Folded:
    """One model with any number of LoRAs, at weights of its own for each image of a batch.

    The model's own weights are never written: layers that a LoRA touches multiply with a folded copy while `at` lasts, so that
    the model is bit for bit itself afterwards, and at weight 0. Memory: the LoRAs, plus one copy of every layer they touch for
    each different weight vector of the largest batch so far.
    """

    def __init__(self, model: nn.Module, loras: Mapping[str, Mapping[str, AddedLayer]], meaning: Program = "a1111") -> None:
        """`loras`: by LoRA name, its layers by module path in `model`. `meaning`: whose DoRAs are meant."""
        self._names, self._meaning = tuple(sorted(loras)), meaning
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
        self._layers = [_FoldedLayer(model.get_submodule(path)) for path in self._paths]
        self._loras = StackedLoras(list(stacked.values()))
        self._slots: dict[int, dict[str, float]] = {}

    @property
    def copy_bytes(self) -> int:
        """Size in bytes of one copy of all touched layers."""
        return sum(layer.copy_bytes for layer in self._layers)

    @contextmanager
    def at(self, weights: Sequence[Weights]) -> Iterator[None]:
        """The model, image b of a batch drawn with `weights[b]`, while it lasts; a LoRA that is not named has weight 0.

        A batch holds k rows for each image (k = 2 under guidance), those of one image next to each other.
        """
        wanted = [{name: float(w.get(name, 0.0)) for name in self._names} for w in weights]
        if all(w == wanted[0] for w in wanted):
            wanted = wanted[:1]
        if not self._layers or not any(any(w.values()) for w in wanted):
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
        """The layers, by module path, whose folded weights would not be finite in the model's dtype. Keeps no copy."""
        wanted = [float(weights.get(name, 0.0)) for name in self._names]
        if not self._layers:
            return []
        device = self._layers[0].device
        ups, downs = self._loras.ups(device), self._loras.downs(wanted, device)
        count = len(ups)
        folded = zip(self._paths, self._layers, ups, downs, strict=False)
        broken = [path for path, layer, up, down in folded if not bool(layer.sum(up, down).isfinite().all())]
        others = zip(self._others.items(), self._layers[count:], strict=True)
        return broken + [
            path for (path, added), layer in others if not bool(layer.applied(added, wanted, self._meaning).isfinite().all())
        ]

    def release(self) -> None:
        """Frees the memory of all copies."""
        self._slots = {}
        for layer in self._layers:
            layer.release()

    def _fold(self, wanted: Sequence[dict[str, float]]) -> None:
        for layer in self._layers:
            layer.reserve(len(wanted))
        device = self._layers[0].device
        changed = {slot: weights for slot, weights in enumerate(wanted) if self._slots.get(slot) != weights}
        ups = self._loras.ups(device) if changed else []
        for slot, weights in changed.items():
            # Until all layers are folded the slot has neither the old weights nor the new.
            self._slots.pop(slot, None)
            wanted_here = list(weights.values())
            for layer, up, down in zip(self._layers, ups, self._loras.downs(wanted_here, device), strict=False):
                layer.fold(slot, up, down)
            for layer, added in zip(self._layers[len(ups) :], self._others.values(), strict=True):
                layer.fold_each(slot, added, wanted_here, self._meaning)
            self._slots[slot] = weights


def _low_rank(added: Added) -> list[tuple[int, LoraLayer]] | None:
    """The same if all are of low rank, else None."""
    found = [(number, layer) for number, layer in added if isinstance(layer, LoraLayer)]
    return found if len(found) == len(added) else None


def _apply(weight: Tensor, added: Added, weights: Sequence[float], meaning: Program) -> Tensor:
    for number, layer in added:
        if weights[number]:
            layer.apply(weight, weights[number], meaning)
    return weight


class _FoldedLayer:
    """One linear or convolution layer and its folded copies, one for each slot of a batch."""

    def __init__(self, module: nn.Module) -> None:
        from torch import nn

        if not isinstance(module, (nn.Linear, nn.Conv2d)):
            raise TypeError(f"a LoRA touches a {type(module).__name__}")
        self._module = module
        self.copies: Tensor | None = None
        """(slots, *weight)."""
        self._forwards: dict[int, Callable[[Tensor], Tensor]] = {}

    @property
    def device(self) -> torch.device:
        return self._module.weight.device

    @property
    def copy_bytes(self) -> int:
        weight = self._module.weight
        return weight.numel() * weight.element_size()

    def reserve(self, slots: int) -> None:
        """Makes room for so many copies; those that are there stay."""
        import torch

        weight, had = self._module.weight, self.copies
        if had is not None and len(had) >= slots:
            return
        self._forwards = {}
        self.copies = torch.empty((slots, *weight.shape), dtype=weight.dtype, device=weight.device)
        if had is not None:
            self.copies[: len(had)].copy_(had)

    def fold(self, slot: int, up: Tensor, down: Tensor) -> None:
        """Writes W_0 + up @ down, (out, ranks) and (ranks, in), both float32: all LoRAs as one, whose rank is the sum of theirs,
        so that the layer's weights, by far the most to move, are read and written once."""
        import torch

        assert self.copies is not None
        # Written in place: a compiled model keeps reading the same memory.
        weight, copy = self._module.weight.detach().flatten(1), self.copies[slot].flatten(1)
        if copy.dtype == torch.float32:
            torch.addmm(weight, up, down, out=copy)
        else:
            copy.copy_(torch.addmm(weight.float(), up, down))

    def sum(self, up: Tensor, down: Tensor) -> Tensor:
        """What `fold` writes, as a new tensor (out, in)."""
        import torch

        weight = self._module.weight.detach().flatten(1)
        return torch.addmm(weight.float(), up, down).to(weight.dtype)

    def fold_each(self, slot: int, added: Added, weights: Sequence[float], meaning: Program) -> None:
        """Writes the weight with one LoRA after the other applied."""
        import torch

        assert self.copies is not None
        copy = self.copies[slot]
        if copy.dtype == torch.float32:
            copy.copy_(self._module.weight.detach())
            _apply(copy, added, weights, meaning)
        else:
            copy.copy_(self.applied(added, weights, meaning))

    def applied(self, added: Added, weights: Sequence[float], meaning: Program) -> Tensor:
        """What `fold_each` writes, as a new tensor of the weight's shape."""
        weight = self._module.weight.detach()
        return _apply(weight.float().clone(), added, weights, meaning).to(weight.dtype)

    def release(self) -> None:
        self.copies, self._forwards = None, {}

    def attach(self, images: int) -> None:
        # The same function each time: to a compiled model another one would be another model.
        if images not in self._forwards:
            self._forwards[images] = self._solo() if images == 1 else self._batched(images)
        self._module.__dict__["forward"] = self._forwards[images]

    def detach(self) -> None:
        self._module.__dict__.pop("forward", None)

    def _solo(self) -> Callable[[Tensor], Tensor]:
        from torch import nn
        from torch.nn import functional

        assert self.copies is not None
        module, copy = self._module, self.copies[0]
        if isinstance(module, nn.Conv2d):
            return lambda x: module._conv_forward(x, copy, module.bias)
        return lambda x: functional.linear(x, copy, module.bias)

    def _batched(self, images: int) -> Callable[[Tensor], Tensor]:
        import torch
        from torch import nn

        assert self.copies is not None
        module, copies = self._module, self.copies[:images]
        if isinstance(module, nn.Linear):
            transposed = copies.transpose(1, 2)

            def linear(x: Tensor) -> Tensor:
                rows = x.reshape(images, -1, x.shape[-1])
                product = torch.bmm(rows, transposed) if module.bias is None else torch.baddbmm(module.bias, rows, transposed)
                return product.view(*x.shape[:-1], -1)

            return linear

        def convolution(x: Tensor) -> Tensor:
            parts = zip(x.tensor_split(images), copies, strict=True)
            return torch.cat([module._conv_forward(part, copy, module.bias) for part, copy in parts])

        return convolution
