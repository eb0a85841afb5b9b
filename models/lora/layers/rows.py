"""Some rows of a layer of a file: what of a matrix of several layers in one belongs to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.lora.layers.added import AddedLayer, is_linear
from models.lora.layers.difference import DifferenceLayer
from models.lora.layers.lora import LoraLayer
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class RowsLayer:
    """Of a method whose factors cannot be cut (a Kronecker product) or are not worth it: its whole update is computed each time,
    and these rows of it are added."""

    inner: AddedLayer
    """Linear (`models.lora.layers.added.is_linear`), and fitted to the whole weight."""
    rows: tuple[slice, ...]

    @property
    def method(self) -> str:
        return self.inner.method

    @property
    def rank(self) -> int | None:
        return self.inner.rank

    @property
    def alpha(self) -> float:
        return self.inner.alpha

    @property
    def shape(self) -> tuple[int, ...]:
        count = sum(rows.stop - rows.start for rows in self.rows)
        return (count, *self.inner.shape[1:])

    def delta(self) -> Tensor:
        return cut(self.inner.delta(), self.rows)

    def fitted(self, shape: tuple[int, ...]) -> RowsLayer | None:
        return self if self.shape == shape else None

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        changed.add_(self.delta().to(changed.device), alpha=weight)


def rows_of(layer: AddedLayer, rows: Sequence[slice]) -> AddedLayer | None:
    """These rows of a layer that is fitted to the whole weight, one after another; None for a method whose update of some rows
    depends on the others."""
    wanted = tuple(rows)
    if isinstance(layer, LoraLayer):
        return replace(layer, up=cut(layer.up, wanted))
    if isinstance(layer, DifferenceLayer):
        return replace(layer, difference=cut(layer.difference, wanted))
    return RowsLayer(layer, wanted) if is_linear(layer) else None


def cut(tensor: Tensor, rows: Sequence[slice]) -> Tensor:
    import torch

    return torch.cat([tensor[one] for one in rows]).contiguous()
