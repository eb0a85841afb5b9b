"""(IA)3 (Liu et al. 2022): the channels of a layer's output, or of its input, scaled: W o (1 + w v), in LyCORIS and in A1111.

W is the weight with the LoRAs before it. ComfyUI does not read it, and A1111 fails where the outputs of convolutions are scaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import Keys, finite, require
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Ia3Layer:
    scales: Tensor
    """(channels), less 1; once fitted of the weight's dimensions."""
    of_input: bool
    shape: tuple[int, ...]
    """Of the scales; once fitted of the weight."""
    method: str = "(IA)3"
    rank: int | None = None
    alpha: float = 1.0

    def delta(self) -> Tensor:
        """Nothing: all that it adds depends on the weight."""
        return self.scales.float().new_zeros(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> Ia3Layer | None:
        if len(shape) < 2 or self.scales.numel() != shape[int(self.of_input)]:
            return None
        sizes = [1] * len(shape)
        sizes[int(self.of_input)] = -1
        return replace(self, scales=self.scales.reshape(sizes), shape=shape)

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        changed.mul_(1.0 + weight * self.scales.to(changed.device).float())


def read_ia3(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> Ia3Layer:
    """Raises InputError for a layer without scales, or whose scales are not finite or of several axes."""
    require(path, keys, "(IA)3", ("channel_scales", "on_input"))
    scales, side = finite(path, keys["channel_scales"], tensors[keys["channel_scales"]]), tensors[keys["on_input"]]
    if scales.numel() not in scales.shape:
        raise InputError(
            phrase("'{key}' does not hold one scale for each channel", key=keys["channel_scales"]), path, "fetch it again"
        )
    if side.numel() != 1 or float(side.float().item()) not in (0.0, 1.0):
        raise InputError(phrase("'{key}' does not say which side is scaled", key=keys["on_input"]), path, "fetch it again")
    return Ia3Layer(scales.flatten(), bool(side.float().item()), (scales.numel(),))
