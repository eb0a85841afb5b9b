"""LoRAs' matrices stacked, so that all of one width are weighted in one product: many small ones keep a device waiting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from models.lora.layers.lora import LoraLayer


class StackedLoras:
    """The up and down matrices of a model's layers, those of a layer's LoRAs concatenated along their ranks.

    Stored in the files' dtype, or the narrowest that has all their numbers, in one tensor for each width.
    """

    def __init__(self, layers: Sequence[Sequence[tuple[int, LoraLayer]]]) -> None:
        """`layers`: for each layer of the model, (index of a LoRA, its layer there) for every LoRA that touches it."""
        import torch

        self._ups = _Stacks([[lora.up.flatten(1).T for _, lora in loras] for loras in layers])
        self._downs = _Stacks([[lora.down.flatten(1) for _, lora in loras] for loras in layers])
        owners = [[(number, lora) for number, lora in loras for _ in range(lora.rank)] for loras in layers]
        self._owners = self._downs.ordered([torch.tensor([number for number, _ in rows]) for rows in owners])
        self._scales = self._downs.ordered([torch.tensor([lora.scale for _, lora in rows]) for rows in owners])

    @property
    def folding_bytes(self) -> int:
        """What they take on a device while they are folded: as they are stored, and all in float32."""
        return self._ups.folding_bytes + self._downs.folding_bytes

    def ups(self, device: torch.device) -> list[Tensor]:
        """Up (out, ranks) of each layer in float32."""
        return [up.T for up in self._ups.parts([rows.float() for rows in self._ups.on(device)])]

    def downs(self, weights: Sequence[float], device: torch.device) -> list[Tensor]:
        """Down (ranks, in) of each layer in float32, times its scale and its LoRA's weight: LoRA i at `weights[i]`."""
        import torch

        values = torch.tensor(weights)
        shares = [(values[owner] * scale).to(device)[:, None] for owner, scale in zip(self._owners, self._scales, strict=True)]
        return self._downs.parts([rows.float() * share for rows, share in zip(self._downs.on(device), shares, strict=True)])


def common_dtype(dtypes: Collection[torch.dtype]) -> torch.dtype:
    """The narrowest dtype that has all numbers of these floating dtypes; at most float32, in which they are folded."""
    import torch

    if len(set(dtypes)) == 1 and next(iter(dtypes)).itemsize in (2, 4):
        return next(iter(dtypes))
    # Small floats are stored alone and concatenated as the first of these that has all their digits and exponents.
    for wide in (torch.float16, torch.bfloat16):
        if all(dtype == wide or (dtype.itemsize == 1 and _holds(wide, dtype)) for dtype in dtypes):
            return wide
    return torch.float32


def _holds(wide: torch.dtype, narrow: torch.dtype) -> bool:
    """Whether every finite number of one dtype is one of the other, subnormal ones included."""
    import torch

    few, many = torch.finfo(narrow), torch.finfo(wide)
    smallest = many.smallest_normal * many.eps
    return few.max <= many.max and few.eps >= many.eps and few.smallest_normal * few.eps >= smallest


class _Stacks:
    """Rows of many layers, those of one width in one tensor."""

    def __init__(self, layers: Sequence[Sequence[Tensor]]) -> None:
        import torch

        self._widths = [parts[0].shape[1] for parts in layers]
        self._lengths = [sum(len(part) for part in parts) for parts in layers]
        self._order = sorted(set(self._widths))
        dtype = common_dtype({part.dtype for parts in layers for part in parts})
        self._rows = self.ordered([torch.cat([part.to(dtype) for part in parts]) for parts in layers])

    @property
    def folding_bytes(self) -> int:
        return sum(rows.nbytes + 4 * rows.numel() for rows in self._rows)

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
