"""One layer of a model with folded copies of its weight or its bias, one for each slot of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from models.lora.layers.added import AddedLayer, Written
from models.lora.layers.dora import DoraLayer
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

Added = Sequence[tuple[int, AddedLayer]]
"""What LoRAs add to the numbers of one site, each with its LoRA's index."""
Forward = Callable[["Tensor"], "Tensor"]


class FoldedParameter:
    """A weight or a bias and its folded copies."""

    def __init__(self, module: nn.Module, name: str, device: torch.device | None = None) -> None:
        """`device`: where the copies are; None for where the model's own numbers are."""
        self._module, self._name, self._device = module, name, device
        self.copies: Tensor | None = None
        """(slots, *shape)."""
        self._factors: dict[int, Tensor] = {}

    @property
    def own(self) -> Tensor:
        """The model's, where it is."""
        found: Tensor = getattr(self._module, self._name)
        return found

    @property
    def pristine(self) -> Tensor:
        """The model's own, where the copies are."""
        return self.own.detach().to(self.device)

    @property
    def device(self) -> torch.device:
        return self._device or self.own.device

    @property
    def copy_bytes(self) -> int:
        return self.own.nbytes

    def reserve(self, slots: int) -> bool:
        """Makes room for so many copies; those that are there stay. Whether they have moved."""
        import torch

        own, had = self.own, self.copies
        if had is not None and len(had) >= slots:
            return False
        self.copies = torch.empty((slots, *own.shape), dtype=own.dtype, device=self.device)
        if had is not None:
            self.copies[: len(had)].copy_(had)
        return True

    def fold(self, slot: int, up: Tensor, down: Tensor) -> None:
        """Writes W_0 + up @ down, (out, ranks) and (ranks, in), both float32: all LoRAs as one, whose rank is the sum of theirs,
        so that the layer's weights, by far the most to move, are read and written once."""
        import torch

        assert self.copies is not None
        # Written in place: a compiled model keeps reading the same memory.
        weight, copy = self.pristine.flatten(1), self.copies[slot].flatten(1)
        if copy.dtype == torch.float32:
            torch.addmm(weight, up, down, out=copy)
        else:
            copy.copy_(torch.addmm(weight.float(), up, down))

    def sum(self, up: Tensor, down: Tensor) -> Tensor:
        """What `fold` writes, as a new tensor (out, in)."""
        import torch

        weight = self.pristine.flatten(1)
        return torch.addmm(weight.float(), up, down).to(weight.dtype)

    def fold_each(self, slot: int, added: Added, weights: Sequence[float], meaning: Program) -> None:
        """Writes the numbers with one LoRA after the other applied."""
        import torch

        assert self.copies is not None
        copy = self.copies[slot]
        if copy.dtype == torch.float32:
            self._apply(self.pristine, copy, added, weights, meaning)
        else:
            copy.copy_(self.applied(added, weights, meaning))

    def applied(self, added: Added, weights: Sequence[float], meaning: Program) -> Tensor:
        """What `fold_each` writes, as a new tensor."""
        import torch

        own = self.pristine
        return self._apply(own.float(), torch.empty(own.shape, device=own.device), added, weights, meaning).to(own.dtype)

    def release(self) -> None:
        self.copies, self._factors = None, {}

    def _apply(self, own: Tensor, out: Tensor, added: Added, weights: Sequence[float], meaning: Program) -> Tensor:
        active = [(number, layer) for number, layer in added if weights[number]]
        first = active[0][1] if active else None
        if isinstance(first, DoraLayer):
            (number, _), *active = active
            # Over the model's own weight the factors are the same at every weight of the LoRA.
            factor = self._factors.get(number)
            if factor is None or factor.device != own.device:
                factor = self._factors[number] = first.factor(own, meaning)
            first.write_by(own, out, factor, weights[number], meaning)
        elif isinstance(first, Written) and own.is_contiguous():
            (number, _), *active = active
            first.write(own, out, weights[number], meaning)
        else:
            out.copy_(own)
        for number, layer in active:
            layer.apply(out, weights[number], meaning)
        return out


class FoldedLayer:
    """A linear layer, a convolution or a norm, of which LoRAs touch the weight or the bias or both."""

    def __init__(self, module: nn.Module, device: torch.device | None = None) -> None:
        """`device`: as `FoldedParameter`."""
        from torch import nn

        if not isinstance(module, (nn.Linear, nn.Conv2d, nn.LayerNorm, nn.GroupNorm)):
            raise TypeError(f"a LoRA touches a {type(module).__name__}")
        self._module, self._device = module, device
        self.parameters: dict[str, FoldedParameter] = {}
        """By name: weight, bias."""
        self._forwards: dict[int, Forward] = {}

    def parameter(self, name: str) -> FoldedParameter:
        """Its weight or bias, as one that is folded."""
        return self.parameters.setdefault(name, FoldedParameter(self._module, name, self._device))

    def reserve(self, slots: int) -> None:
        moved = [parameter.reserve(slots) for parameter in self.parameters.values()]
        if any(moved):
            self._forwards = {}

    def release(self) -> None:
        self._forwards = {}
        for parameter in self.parameters.values():
            parameter.release()

    def attach(self, images: int) -> None:
        # The same function each time: to a compiled model another one would be another model.
        if images not in self._forwards:
            self._forwards[images] = self._solo() if images == 1 else self._batched(images)
        self._module.__dict__["forward"] = self._forwards[images]

    def detach(self) -> None:
        self._module.__dict__.pop("forward", None)

    def _solo(self) -> Forward:
        weight, bias = self._copies("weight"), self._copies("bias")
        own = (None if weight is None else weight[0], None if bias is None else bias[0])
        return lambda x: self._called(x, *own)

    def _batched(self, images: int) -> Forward:
        import torch
        from torch import nn

        weights, biases = self._copies("weight"), self._copies("bias")
        module = self._module
        if isinstance(module, nn.Linear) and weights is not None:
            transposed = weights[:images].transpose(1, 2)
            added = module.bias if biases is None else biases[:images, None]

            def linear(x: Tensor) -> Tensor:
                rows = x.reshape(images, -1, x.shape[-1])
                product = torch.bmm(rows, transposed) if added is None else torch.baddbmm(added, rows, transposed)
                return product.view(*x.shape[:-1], -1)

            return linear

        def each(x: Tensor) -> Tensor:
            parts = enumerate(x.tensor_split(images))
            return torch.cat([self._called(part, _at(weights, image), _at(biases, image)) for image, part in parts])

        return each

    def _copies(self, name: str) -> Tensor | None:
        return self.parameters[name].copies if name in self.parameters else None

    def _called(self, x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
        """The layer's answer with these in the place of its own."""
        from torch import nn
        from torch.nn import functional

        module = self._module
        weight, bias = module.weight if weight is None else weight, module.bias if bias is None else bias
        if isinstance(module, nn.Conv2d):
            answer: Tensor = module._conv_forward(x, weight, bias)
            return answer
        if isinstance(module, nn.Linear):
            return functional.linear(x, weight, bias)
        if isinstance(module, nn.GroupNorm):
            return functional.group_norm(x, module.num_groups, weight, bias, module.eps)
        assert isinstance(module, nn.LayerNorm)
        return functional.layer_norm(x, module.normalized_shape, weight, bias, module.eps)


def _at(copies: Tensor | None, image: int) -> Tensor | None:
    return None if copies is None else copies[image]
