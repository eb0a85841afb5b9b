"""A whole difference of a layer's numbers: LyCORIS's Full and ComfyUI's `diff` and `diff_b`, and of norms `w_norm` and `b_norm`.

W + w D, in all programs; no alpha scales it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.lora.layers.parts import Keys, finite
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DifferenceLayer:
    difference: Tensor
    """(out, in) or (out, in, k, k) of a weight, (out) of a bias or a norm; any floating dtype."""
    method: str = "full difference"
    rank: int | None = None
    alpha: float = 1.0

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.difference.shape)

    def delta(self) -> Tensor:
        return self.difference.float()

    def fitted(self, shape: tuple[int, ...]) -> DifferenceLayer | None:
        """A linear layer and a 1x1 convolution are the same."""
        if self.shape[:2] != shape[:2] or (self.shape[2:] or (1, 1)) != (shape[2:] or (1, 1)):
            return None
        return replace(self, difference=self.difference.reshape(shape))

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        changed.add_(self.difference.to(changed.device).float(), alpha=weight)


def read_difference(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> DifferenceLayer:
    """Raises InputError for numbers that are not finite."""
    return DifferenceLayer(finite(path, keys["difference"], tensors[keys["difference"]]))


def read_bias_difference(path: Path, keys: Keys, tensors: Mapping[str, Tensor]) -> DifferenceLayer:
    """The difference of the bias that a layer's tensors hold besides that of its weight. Raises InputError like the other."""
    key = keys["bias_difference"]
    return DifferenceLayer(finite(path, key, tensors[key]))
