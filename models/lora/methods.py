"""LoRA methods: what a layer of a LoRA file adds to the weight it is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LoraLayer:
    """down: (rank, in) or (rank, in, k, k); up: (out, rank) or (out, rank, 1, 1); any floating dtype."""

    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        return int(self.down.shape[0])

    def delta(self) -> Tensor:
        """alpha / rank * up @ down in float32, of the shape of the weight it is added to: (out, in) or (out, in, k, k)."""
        up, down = self.up.float().flatten(1), self.down.float()
        product = (up @ down.flatten(1)) * (self.alpha / self.rank)
        return product.view(up.shape[0], *down.shape[1:])
