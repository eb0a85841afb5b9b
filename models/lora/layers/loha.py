"""LoHa (Hyeon-Woo et al. 2022): alpha / rank * (w1_a w1_b) o (w2_a w2_b), o the product element by element; with Tucker cores
on convolutions (Yeh et al. 2023), as LyCORIS stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import Keys, Role, finite, matrix, misshapen, require, stored_alpha
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor

FACTORS: Final[tuple[Role, ...]] = ("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b")
ROWS: Final = 64
CORES: Final[tuple[Role, ...]] = ("hada_t1", "hada_t2")


@dataclass(frozen=True)
class LohaLayer:
    first: tuple[Tensor, ...]
    """a (out, r) and b (r, in * k * k); with a core a (r, out), b (r, in), core (r, r, k, k)."""
    second: tuple[Tensor, ...]
    """Like `first`."""
    alpha: float
    shape: tuple[int, ...]
    """Of the update."""
    method: str = "LoHa"

    @property
    def rank(self) -> int:
        return int(self.first[1].shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def delta(self) -> Tensor:
        return (_product(self.first) * _product(self.second) * self.scale).reshape(self.shape)

    def fitted(self, shape: tuple[int, ...]) -> LohaLayer | None:
        cored = len(self.first) == 3 and shape[2:] != self.shape[2:]
        if cored or self.shape[0] != shape[0] or prod(self.shape) != prod(shape):
            return None
        return replace(self, shape=shape)

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        first, second = ([part.to(changed.device).float() for part in parts] for parts in (self.first, self.second))
        if len(first) == 3:
            changed.addcmul_(_product(first), _product(second), value=weight * self.scale)
            return
        flat = changed.view(len(changed), -1)
        # On a processor few rows at a time, so that both products stay in its cache.
        count = ROWS if flat.device.type == "cpu" else len(flat)
        for rows in (slice(begin, begin + count) for begin in range(0, len(flat), count)):
            flat[rows].addcmul_(first[0][rows] @ first[1], second[0][rows] @ second[1], value=weight * self.scale)

    def write_scaled(self, before: Tensor, out: Tensor, keep: Tensor, share: Tensor) -> bool:
        """Writes `before` * `keep` + update * `share` to `out`, in one pass over memory: what a DoRA over this is. False,
        and nothing is written, for one with cores, and where those are not one for each output or one for each input."""
        import torch

        if len(self.first) == 3 or 1 not in keep.shape[:2]:
            return False
        (up, down), (other_up, other_down) = ([part.to(before.device).float() for part in p] for p in (self.first, self.second))
        flat, written = before.view(len(before), -1), out.view(len(out), -1)
        keep, share = (_of_columns(each, before) for each in (keep, share * self.scale))
        count = ROWS if flat.device.type == "cpu" else len(flat)
        for rows in (slice(begin, begin + count) for begin in range(0, len(flat), count)):
            made = (up[rows] @ down).mul_(other_up[rows] @ other_down).mul_(share if len(share) == 1 else share[rows])
            torch.addcmul(made, flat[rows], keep if len(keep) == 1 else keep[rows], out=written[rows])
        return True


def read_loha(path: Path, keys: Keys, tensors: Mapping[str, Tensor], _: float | None) -> LohaLayer:
    """Raises InputError for a layer that lacks a factor, or whose factors do not go together or are not finite."""
    roles = FACTORS + (CORES if any(core in keys for core in CORES) else ())
    require(path, keys, "LoHa", roles)
    read = {role: (finite if role in CORES else matrix)(path, keys[role], tensors[keys[role]]) for role in roles}
    parts = [tuple(tensor for role, tensor in read.items() if role.startswith((f"hada_w{n}", f"hada_t{n}"))) for n in (1, 2)]
    shapes = []
    for one, role in zip(parts, FACTORS[::2], strict=True):
        a, b, *core = one
        ranks = (a.shape[0], b.shape[0]) if core else (b.shape[0], a.shape[1])
        if (core and (core[0].ndim != 4 or core[0].shape[:2] != ranks)) or (not core and ranks[0] != ranks[1]):
            raise misshapen(path, keys, role, [part.shape for part in one])
        shapes.append((a.shape[1], b.shape[1], *core[0].shape[2:]) if core else (a.shape[0], b.shape[1]))
    if shapes[0] != shapes[1]:
        raise misshapen(path, keys, "hada_w1_a", shapes)
    alpha = stored_alpha(path, keys, tensors, float(parts[0][1].shape[0]))
    layer = LohaLayer(parts[0], parts[1], alpha, tuple(int(size) for size in shapes[0]))
    if not bool(layer.delta().isfinite().all()):
        raise InputError(
            phrase("'{key}' makes numbers too large for float32", key=keys["hada_w1_a"]), path, "fetch or train it again"
        )
    return layer


def _of_columns(factor: Tensor, weight: Tensor) -> Tensor:
    """(1, in, ...) or (out, 1, ...) as (1, in * k * k) or (out, 1)."""
    return factor.expand(-1, *weight.shape[1:]).reshape(1, -1) if len(factor) == 1 else factor.view(-1, 1)


def _product(parts: tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """(out, in * k * k), or (out, in, k, k) with a core; float32."""
    import torch

    a, b, *core = (part.float() for part in parts)
    return torch.einsum("pqkl,po,qi->oikl", core[0], a, b) if core else a @ b
