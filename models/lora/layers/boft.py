"""BOFT (Liu et al. 2024): a layer's outputs rotated in blocks, stage after stage, each time in another order (a butterfly), as
LyCORIS stores it.

W is the weight with the LoRAs before it, w the LoRA's weight, R_i a stage with its orders, s the rescale, if there is one:

- A1111 1.10.1: W + w (s o R_m .. R_1 W - W).
- ComfyUI 0.3.64: W + w (s o S_m .. S_1 W - W), S_i = w R_i + (1 - w) I: it multiplies by the weight in each stage and once more.
  A layer without alpha it does not apply.
- LyCORIS: s o S_m .. S_1 W.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.lora.layers.parts import Keys, Role, misshapen, stored_alpha
from models.lora.layers.rotations import kept, read_blocks, read_rescale, rotations, turn, turned_into
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor


WIDEST: Final = 512
"""Outputs that stages mix with one another up to which all of them are one matrix: faster than stage by stage, up to there."""


@dataclass(frozen=True)
class BoftLayer:
    blocks: Tensor
    """(m, n, b, b): m stages of n blocks, of n * b outputs."""
    rescale: Tensor | None
    """(n * b)."""
    alpha: float
    """The constraint; 0 for none."""
    shape: tuple[int, ...]
    """(outputs); once fitted of the weight."""
    method: str = "BOFT"
    rank: int | None = None
    _made: dict[Program, Tensor] = field(default_factory=dict, compare=False, repr=False)
    _grouped: dict[Program, Tensor] = field(default_factory=dict, compare=False, repr=False)

    def delta(self) -> Tensor:
        """Nothing: all that it adds depends on the weight."""
        return self.blocks.float().new_zeros(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> BoftLayer | None:
        return replace(self, shape=shape, _made={}, _grouped={}) if len(shape) > 1 and shape[0] == self.shape[0] else None

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        if self._group > WIDEST:
            turned = self._all_stages(changed.view(len(changed), -1), weight, meaning)
            changed.lerp_(turned.view_as(changed), weight)
            return
        turn(changed, self._at(weight, changed.device, meaning))

    def write(self, before: Tensor, out: Tensor, weight: float, meaning: Program) -> None:
        if self._group > WIDEST:
            out.copy_(before)
            self.apply(out, weight, meaning)
            return
        turned_into(before, out, self._at(weight, before.device, meaning))

    def _at(self, weight: float, device: torch.device, meaning: Program) -> Tensor:
        """What multiplies each group of rows (out / group, group, group)."""
        import torch

        if meaning == "comfyui":
            turns = self._groups(device, weight, meaning)
        else:
            turns = kept(self._grouped, meaning, device, lambda: self._groups(device, weight, meaning))
        return torch.lerp(torch.eye(self._group, device=device), turns, weight)

    @property
    def _group(self) -> int:
        """Outputs that the stages mix with one another, which lie side by side."""
        return int(2 ** (self.blocks.shape[0] - 1) * self.blocks.shape[-1])

    def _groups(self, device: torch.device, weight: float, meaning: Program) -> Tensor:
        """What all stages together multiply each group of rows by at weight 1 (out / group, group, group)."""
        import torch

        count = self.shape[0] // self._group
        ones = torch.eye(self._group, device=device).repeat(count, 1)
        return self._all_stages(ones, weight, meaning).view(count, self._group, self._group)

    def _all_stages(self, rows: Tensor, weight: float, meaning: Program) -> Tensor:
        """Rows (out, any), turned stage by stage and scaled."""
        import torch

        device = rows.device
        stages = kept(self._made, meaning, device, lambda: self._rotations(device, meaning))
        if meaning == "comfyui":
            stages = torch.lerp(torch.eye(stages.shape[-1], device=device), stages, weight)
        for number, stage in enumerate(stages):
            rows = _turned(rows, stage, 2**number * (stage.shape[-1] // 2))
        return rows if self.rescale is None else rows * self.rescale.to(device).float()[:, None]

    def _rotations(self, device: torch.device, meaning: Program) -> Tensor:
        """(m, n, b, b)."""
        return rotations(self.blocks.to(device), self.alpha, self.shape[0], meaning)


def _turned(rows: Tensor, stage: Tensor, apart: int) -> Tensor:
    """(out, in), rotated by the blocks (n, b, b) of a stage, whose rows lie `apart` from each other."""
    import torch

    width = rows.shape[1]
    mixed = rows.reshape(-1, 2, apart, width).transpose(1, 2).reshape(*stage.shape[:2], width)
    return torch.bmm(stage, mixed).view(-1, apart, 2, width).transpose(1, 2).reshape(-1, width)


def read_boft(path: Path, keys: Keys, role: Role, tensors: Mapping[str, Tensor]) -> BoftLayer:
    """Raises InputError for blocks that are not square, not finite, or no butterfly."""
    blocks = read_blocks(path, keys, role, tensors, 4)
    stages, count, size = blocks.shape[:3]
    outputs = count * size
    if role != "oft_blocks" or size % 2 or outputs % (2**stages * (size // 2)):
        raise misshapen(path, keys, role, [blocks.shape])
    return BoftLayer(blocks, read_rescale(path, keys, tensors, outputs), stored_alpha(path, keys, tensors, 0.0), (outputs,))
