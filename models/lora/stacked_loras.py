"""LoRAs' matrices stacked, so that all of one width are weighted in one product: many small ones keep a device waiting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.lora.methods import LoraLayer


class StackedLoras:
    """The up and down matrices of a model's layers, those of a layer's LoRAs concatenated along their ranks.

    Stored in the files' dtype, in one tensor for each width.
    """

    def __init__(self, layers: Sequence[Sequence[tuple[int, LoraLayer]]]) -> None:
        """`layers`: for each layer of the model, (index of a LoRA, its layer there) for every LoRA that touches it."""
        import torch

        self._ups = _Stacks([[lora.up.flatten(1).T for _, lora in loras] for loras in layers])
        self._downs = _Stacks([[lora.down.flatten(1) for _, lora in loras] for loras in layers])
        owners = [[(number, lora) for number, lora in loras for _ in range(lora.rank)] for loras in layers]
        self._owners = self._downs.ordered([torch.tensor([number for number, _ in rows]) for rows in owners])
        self._scales = self._downs.ordered([torch.tensor([lora.scale for _, lora in rows]) for rows in owners])

    def ups(self, device: torch.device) -> list[Tensor]:
        """Up (out, ranks) of each layer in float32."""
        return [up.T for up in self._ups.parts([rows.float() for rows in self._ups.on(device)])]

    def downs(self, weights: Sequence[float], device: torch.device) -> list[Tensor]:
        """Down (ranks, in) of each layer in float32, times its scale and its LoRA's weight: LoRA i at `weights[i]`."""
        import torch

        values = torch.tensor(weights)
        shares = [(values[owner] * scale).to(device)[:, None] for owner, scale in zip(self._owners, self._scales, strict=True)]
        return self._downs.parts([rows.float() * share for rows, share in zip(self._downs.on(device), shares, strict=True)])


class _Stacks:
    """Rows of many layers, those of one width in one tensor."""

    def __init__(self, layers: Sequence[Sequence[Tensor]]) -> None:
        import torch

        self._widths = [parts[0].shape[1] for parts in layers]
        self._lengths = [sum(len(part) for part in parts) for parts in layers]
        self._order = sorted(set(self._widths))
        self._rows = self.ordered([torch.cat(list(parts)) for parts in layers])

    def ordered(self, layers: Sequence[Tensor]) -> list[Tensor]:
        """Concatenates, for each width, what the layers of that width have for their rows."""
        import torch

        return [torch.cat([t for t, w in zip(layers, self._widths, strict=True) if w == width]) for width in self._order]

    def on(self, device: torch.device) -> list[Tensor]:
        self._rows = [rows.to(device) for rows in self._rows]
        return self._rows

    def parts(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """Each layer's own rows of such tensors."""
        found: list[Tensor] = []
        ends = dict.fromkeys(self._order, 0)
        for width, length in zip(self._widths, self._lengths, strict=True):
            begin, ends[width] = ends[width], ends[width] + length
            found.append(stacks[self._order.index(width)][begin : ends[width]])
        return found
