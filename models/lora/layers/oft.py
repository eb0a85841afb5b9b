"""OFT (Qiu et al. 2023): blocks of a layer's outputs rotated, as kohya's scripts (`oft_blocks`) and LyCORIS's diag-oft store it.

W is the weight with the LoRAs before it, w the LoRA's weight, R block-diagonal, s the rescale of the outputs, if there is one:

- A1111 1.10.1: W + w (s o R^T W - W). LyCORIS and kohya's scripts alike, but that LyCORIS applies s whole at any w.
- ComfyUI 0.3.64: W + w^2 (R^T W - W): it multiplies by the weight twice, and passes over s.

LyCORIS's old `oft_diag` has R itself instead of the blocks that it is made of; ComfyUI does not read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.boft import BoftLayer, read_boft
from models.lora.layers.parts import Keys, Role, stored_alpha
from models.lora.layers.rotations import kept, read_blocks, read_rescale, rotations, turn, turned_into
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class OftLayer:
    blocks: Tensor
    """(n, b, b), of n * b outputs."""
    rescale: Tensor | None
    """(n * b)."""
    alpha: float
    """The constraint; 0 for none."""
    rotated: bool
    """Whether the blocks are the rotations themselves."""
    shape: tuple[int, ...]
    """(outputs); once fitted of the weight."""
    method: str = "OFT"
    rank: int | None = None
    _made: dict[Program, Tensor] = field(default_factory=dict, compare=False, repr=False)

    def delta(self) -> Tensor:
        """Nothing: all that it adds depends on the weight."""
        return self.blocks.float().new_zeros(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> OftLayer | None:
        return replace(self, shape=shape, _made={}) if len(shape) > 1 and shape[0] == self.shape[0] else None

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        turn(changed, self._at(weight, changed.device, meaning))

    def write(self, before: Tensor, out: Tensor, weight: float, meaning: Program) -> None:
        turned_into(before, out, self._at(weight, before.device, meaning))

    def _at(self, weight: float, device: torch.device, meaning: Program) -> Tensor:
        """What multiplies each block of rows (n, b, b)."""
        import torch

        share = weight if meaning == "a1111" or self.rotated else weight**2
        turned = kept(self._made, meaning, device, lambda: self._turned(device, meaning))
        return torch.lerp(torch.eye(turned.shape[-1], device=device), turned, share)

    def _turned(self, device: torch.device, meaning: Program) -> Tensor:
        """What multiplies each block of rows at weight 1 (n, b, b)."""
        blocks = self.blocks.to(device).float()
        turned = blocks if self.rotated else rotations(blocks, self.alpha, self.shape[0], meaning)
        made = turned.transpose(1, 2)
        if self.rescale is not None and (meaning == "a1111" or self.rotated):
            made = made * self.rescale.to(device).float().view(*blocks.shape[:2], 1)
        return made


def read_oft(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> OftLayer | BoftLayer:
    """OFT, or BOFT where the blocks have four dimensions. Raises InputError for blocks that are not square or finite."""
    if "oft_blocks" in keys and "oft_diag" in keys:
        raise InputError(phrase("'{key}' is of a layer of two methods", key=keys["oft_diag"]), path, "fetch it again")
    role: Role = "oft_blocks" if "oft_blocks" in keys else "oft_diag"
    if role not in keys:
        raise InputError(
            phrase("'{key}' is of an OFT layer that lacks its blocks", key=next(iter(keys.values()))[:120]),
            path,
            "fetch it again",
        )
    if tensors[keys[role]].ndim == 4:
        return read_boft(path, keys, role, tensors)
    blocks = read_blocks(path, keys, role, tensors, 3)
    outputs = blocks.shape[0] * blocks.shape[1]
    rescale, alpha = read_rescale(path, keys, tensors, outputs), stored_alpha(path, keys, tensors, 0.0)
    return OftLayer(blocks, rescale, alpha, role == "oft_diag", (outputs,))
