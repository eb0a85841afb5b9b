"""LoKr (Yeh et al. 2023): alpha / rank times the Kronecker product of w1 and w2, each whole or of low rank, as LyCORIS stores it.
Where both are whole there is no rank, and alpha is not used, as in LyCORIS, A1111 and ComfyUI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, cast

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import Keys, Role, finite, matrix, misshapen, require, stored_alpha
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LokrLayer:
    first: tuple[Tensor, ...]
    """w1 (o1, i1), or its factors (o1, r) and (r, i1)."""
    second: tuple[Tensor, ...]
    """w2 (o2, i2) or (o2, i2, k, k); its factors (o2, r) and (r, i2 * k * k); or (r, o2), (r, i2) and a core (r, r, k, k)."""
    alpha: float
    rank: int | None
    """Of w2, or else of w1; None where both are whole."""
    shape: tuple[int, ...]
    """Of the update."""
    method: str = "LoKr"

    @property
    def scale(self) -> float:
        return 1.0 if self.rank is None else self.alpha / self.rank

    def delta(self) -> Tensor:
        first, second = _whole(self.first), _whole(self.second).flatten(1)
        return (first[:, None, :, None] * second[None, :, None, :] * self.scale).reshape(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> LokrLayer | None:
        kernelled = len(self.shape) == 4 and (shape[2:] or (1, 1)) != self.shape[2:]
        if kernelled or self.shape[0] != shape[0] or prod(self.shape) != prod(shape):
            return None
        return replace(self, shape=shape)

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        first, second = (_whole([part.to(changed.device) for part in parts]) for parts in (self.first, self.second))
        second = second.flatten(1)
        # The kernel's numbers lie innermost in the weight and in w2 alike.
        blocks = changed.view(len(first), len(second), first.shape[1], second.shape[1])
        blocks.addcmul_(first[:, None, :, None], second[None, :, None, :], value=weight * self.scale)


def read_lokr(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> LokrLayer:
    """Raises InputError for a layer that lacks a factor, or whose factors do not go together or are not finite."""
    first, second = (_factors(path, keys, tensors, number) for number in (1, 2))
    ranks = [int(parts[1].shape[0]) for parts in (second, first) if len(parts) > 1]
    rank = ranks[0] if ranks else None
    alpha = stored_alpha(path, keys, tensors, float(rank or 1))
    (out_1, in_1), (out_2, in_2, *kernel) = _shape(first), _shape(second)
    layer = LokrLayer(first, second, alpha, rank, (out_1 * out_2, in_1 * in_2, *kernel))
    if not bool(layer.delta().isfinite().all()):
        raise InputError(
            phrase("'{key}' makes numbers too large for float32", key=next(iter(keys.values()))), path, "fetch or train it again"
        )
    return layer


def _factors(path: Path, keys: Keys, tensors: Mapping[str, Tensor], number: int) -> tuple[Tensor, ...]:
    whole, core = cast(Role, f"lokr_w{number}"), cast(Role, f"lokr_t{number}")
    a, b = cast(Role, f"lokr_w{number}_a"), cast(Role, f"lokr_w{number}_b")
    if whole in keys:
        stored = finite(path, keys[whole], tensors[keys[whole]])
        if stored.ndim == 4 and (number == 2 and stored.shape[2:] != (1, 1)):
            return (stored,)
        return (matrix(path, keys[whole], stored),)
    require(path, keys, "LoKr", (a, b) if a in keys or b in keys else (whole,))
    left, right = (matrix(path, keys[role], tensors[keys[role]]) for role in (a, b))
    if core in keys:
        middle = finite(path, keys[core], tensors[keys[core]])
        if middle.ndim != 4 or middle.shape[:2] != (len(left), len(right)):
            raise misshapen(path, keys, core, [left.shape, right.shape, middle.shape])
        return (left, right, middle)
    if left.shape[1] != len(right):
        raise misshapen(path, keys, a, [left.shape, right.shape])
    return (left, right)


def _shape(parts: tuple[Tensor, ...]) -> tuple[int, ...]:
    if len(parts) == 1:
        return tuple(int(size) for size in parts[0].shape)
    a, b, *core = parts
    return (a.shape[1], b.shape[1], *core[0].shape[2:]) if core else (a.shape[0], b.shape[1])


def _whole(parts: tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    import torch

    a, *others = (part.float() for part in parts)
    if len(others) == 2:
        return torch.einsum("pqkl,po,qi->oikl", others[1], a, others[0])
    return a @ others[0] if others else a
