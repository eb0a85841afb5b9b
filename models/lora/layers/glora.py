"""GLoRA (Chavan et al. 2023) as LyCORIS stores it: W + w alpha / rank (W A + B), W the weight with the LoRAs before it.

Today's files have A = a1 a2 and B = b1 b2, those of LyCORIS before 2.0 A = a2 a1 and B = b2 b1. ComfyUI 0.3.64 reads both and
takes a scale of 1 where there is no alpha; A1111 1.10.1 reads the old ones alone, and takes a scale of 1 in any case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import Keys, Role, finite, misshapen, require, stored_alpha
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor

CACHED: Final = 2**18
"""Numbers that are changed at once."""
ROLES: Final[tuple[Role, ...]] = ("glora_a1", "glora_a2", "glora_b1", "glora_b2")


@dataclass(frozen=True)
class GloraLayer:
    a: tuple[Tensor, Tensor]
    """(in, r) and (r, in); of an old one in is in * k * k."""
    b: tuple[Tensor, Tensor]
    """(out, r) and (r, in * k * k)."""
    alpha: float
    old: bool
    """Whether it is one of LyCORIS's old ones."""
    shape: tuple[int, ...]
    """(out, in * k * k); once fitted of the weight."""
    other: GloraLayer | None = None
    """The same factors read as the other kind, where square ones could be of either: the weight's shape tells."""
    method: str = "GLoRA"

    @property
    def rank(self) -> int:
        return int(self.a[1].shape[0])

    def delta(self) -> Tensor:
        """B with its scale: the part that does not depend on the weight."""
        return (self.b[0].float() @ self.b[1].float() * (self.alpha / self.rank)).reshape(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> GloraLayer | None:
        inputs = prod(shape[1:]) if self.old else shape[1] if len(shape) > 1 else 0
        if self.shape[0] == shape[0] and prod(self.shape) == prod(shape) and len(self.a[0]) == inputs:
            return replace(self, shape=shape, other=None)
        return None if self.other is None else self.other.fitted(shape)

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        self._change(changed, changed, weight, meaning)

    def write(self, before: Tensor, out: Tensor, weight: float, meaning: Program) -> None:
        self._change(before, out, weight, meaning)

    def _change(self, before: Tensor, out: Tensor, weight: float, meaning: Program) -> None:
        """From one tensor into another or the same."""
        import torch

        left, right, up, down = (part.to(before.device).float() for part in (*self.a, *self.b))
        share = weight if self.old and meaning == "a1111" else weight * self.alpha / self.rank
        flat, changed = before.view(len(before), -1), out.view(len(out), -1)
        if len(left) == flat.shape[1]:
            narrow = flat @ left
            torch.addmm(flat, torch.cat([narrow, up], 1), torch.cat([right, down]), alpha=share, out=changed)
            return
        count = max(1, CACHED // flat.shape[1])
        kernels, written = (torch.split(whole.view(len(whole), len(left), -1), count) for whole in (before, out))
        # A few outputs at a time, with their inputs innermost: products of nine columns each would take longest of all.
        for part, into, ups in zip(kernels, written, torch.split(up, count), strict=True):
            rows = part.transpose(1, 2).reshape(-1, len(left))
            rows.addmm_(rows @ left, right, alpha=share)
            into.copy_(rows.view(len(part), -1, len(left)).transpose(1, 2))
            into.view(len(into), -1).addmm_(ups, down, alpha=share)


def read_glora(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> GloraLayer:
    """Raises InputError for a layer that lacks a factor, or whose factors do not go together or are not finite."""
    require(path, keys, "GLoRA", ROLES)
    a1, a2, b1, b2 = (_flat(finite(path, keys[role], tensors[keys[role]])) for role in ROLES)
    found: GloraLayer | None = None
    for a, b, old in (((a1, a2), (b1, b2), False), ((a2, a1), (b2, b1), True)):
        rank, inputs = a[1].shape[0], a[0].shape[0]
        fits = a[0].shape[1] == b[0].shape[1] == b[1].shape[0] == rank and a[1].shape[1] == inputs
        if fits and b[1].shape[1] % inputs == 0:
            alpha = stored_alpha(path, keys, tensors, float(rank))
            found = GloraLayer(a, b, alpha, old, (len(b[0]), b[1].shape[1]), found)
    if found is None:
        raise misshapen(path, keys, "glora_a1", [part.shape for part in (a1, a2, b1, b2)])
    if not bool(found.delta().isfinite().all()):
        raise InputError(
            phrase("'{key}' makes numbers too large for float32", key=keys["glora_b1"]), path, "fetch or train it again"
        )
    return found


def _flat(factor: Tensor) -> Tensor:
    return factor.flatten(1) if factor.ndim > 1 else factor[:, None]
