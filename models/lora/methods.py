"""LoRA methods: what a layer of a file stores, and what it adds to the weight it is for (`models.lora.layers.added`).

To add one: write its layer and its reader, name the reader in `METHODS`, and take its marks out of `UNSUPPORTED`. Key suffixes
and the roles they stand for are in `models.lora.key_spellings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.lora.layers.added import AddedLayer
from models.lora.layers.dora import DoraLayer
from models.lora.layers.loha import read_loha
from models.lora.layers.lokr import read_lokr
from models.lora.layers.parts import LARGEST, Keys, Role, finite, has_numbers, require
from models.program import Program

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class LoraLayer:
    """Plain LoRA (Hu et al. 2021), and LoCon on convolutions: alpha / rank * up @ down."""

    down: Tensor
    """(rank, in) or (rank, in, k, k), any floating dtype."""
    up: Tensor
    """(out, rank) or (out, rank, 1, 1), any floating dtype."""
    alpha: float

    @property
    def method(self) -> str:
        return "LoRA"

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.up.shape[:1], *self.down.shape[1:])

    @property
    def rank(self) -> int:
        return int(self.down.shape[0])

    @property
    def scale(self) -> float:
        return self.alpha / self.rank

    def delta(self) -> Tensor:
        """What is added to the weight at LoRA weight 1, float32, of the weight's shape: (out, in) or (out, in, k, k)."""
        up, down = self.up.float().flatten(1), self.down.float()
        product = (up @ down.flatten(1)) * self.scale
        return product.view(up.shape[0], *down.shape[1:])

    def apply(self, changed: Tensor, weight: float, meaning: Program) -> None:
        down, up = (part.flatten(1).to(changed.device).float() for part in (self.down, self.up))
        changed.view(len(changed), -1).addmm_(up, down, alpha=weight * self.scale)

    def fitted(self, shape: tuple[int, ...]) -> LoraLayer | None:
        """Reshaped for a weight of this shape; None if it is for another. A linear layer and a 1x1 convolution are the same."""
        down, up, rank = self.down, self.up, self.rank
        if up.ndim not in (2, 4) or down.ndim not in (2, 4) or up.shape[1:] != (rank, 1, 1)[: up.ndim - 1] or rank == 0:
            return None
        kernel = shape[2:]
        if (up.shape[0], down.shape[1]) != shape[:2] or (tuple(down.shape[2:]) or (1, 1)) != (kernel or (1, 1)):
            return None
        ones = (1, 1) if kernel else ()
        return LoraLayer(down.reshape(rank, shape[1], *kernel), up.reshape(shape[0], rank, *ones), self.alpha)


def _read_lora(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> LoraLayer:
    if "down" not in keys or "up" not in keys:
        raise InputError(f"'{next(iter(keys.values()))}' lacks its other half", path, "fetch it again")
    down, up = tensors[keys["down"]], tensors[keys["up"]]
    stored = tensors.get(keys.get("alpha", ""))
    if not (has_numbers(down) and has_numbers(up)) or (stored is not None and stored.numel() != 1):
        raise InputError(f"'{keys['down']}' is not stored as floating-point LoRA matrices", path, "use the unquantised file")
    if down.ndim < 2 or up.ndim < 2 or down.numel() == 0 or up.numel() == 0:
        raise InputError(f"'{keys['down']}' has no rank (its matrices are empty)", path, "fetch or train it again")
    if len(down) != up.shape[1]:
        what = f"'{keys['down']}' has rank {len(down)} and its other half {up.shape[1]}"
        raise InputError(what, path, "fetch it again")
    alpha = float(stored.float().item()) if stored is not None else default_alpha
    layer = LoraLayer(down, up, alpha if alpha is not None else float(len(down)))
    _check_finite(path, keys["down"], layer)
    return layer


def _check_finite(path: Path, key: str, layer: LoraLayer) -> None:
    """Raises InputError for NaN and infinity, in the matrices, alpha, or what they make in float32."""
    down, up = layer.down.float(), layer.up.float()
    if not math.isfinite(layer.alpha):
        raise InputError(f"'{key}' has alpha {layer.alpha}", path, "fetch or train it again")
    if not bool(down.isfinite().all()) or not bool(up.isfinite().all()):
        raise InputError(f"'{key}' holds NaN or infinity", path, "fetch or train it again")
    largest = abs(layer.scale) * float(down.abs().max()) * float(up.abs().max()) * layer.rank
    if largest > LARGEST and not bool(layer.delta().isfinite().all()):
        raise InputError(f"'{key}' makes numbers too large for float32 (alpha {layer.alpha:g})", path, "fetch or train it again")


def _read_tucker(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> LoraLayer:
    """LoCon with a Tucker core: up (out, r, 1, 1), mid (r, s, k, k), down (s, in, 1, 1). Mid and down are one convolution."""
    import torch

    require(path, keys, "LoCon with a Tucker core", ("down", "up", "mid"))
    down, _, mid = (finite(path, keys[role], tensors[keys[role]]) for role in ("down", "up", "mid"))
    fits = mid.ndim == 4 and mid.shape[1] == len(down) and down.numel() == down.flatten(1).shape[0] * down.shape[1]
    if not fits:
        raise InputError(f"'{keys['mid']}' does not go with its other factors", path, "fetch it again")
    together = torch.einsum("rskl,si->rikl", mid.float(), down.float().flatten(1))
    return _read_lora(path, {**keys, "down": "together"}, {**tensors, "together": together}, default_alpha)


Reader = Callable[[Path, Keys, Mapping[str, "Tensor"], "float | None"], AddedLayer]
METHODS: Final[Mapping[frozenset[Role], Reader]] = {
    frozenset(("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2")): read_loha,
    frozenset(("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2")): read_lokr,
    frozenset(("mid",)): _read_tucker,
    frozenset(("down", "up")): _read_lora,
}
"""How a layer is read, by the roles that only this method stores: a layer that has one of them is of the first such method."""

UNSUPPORTED: Final[dict[str, str]] = {
    r"b?oft_.*": "OFT",
    r"on_input": "(IA)3",
    r"diff(_b)?": "full-difference",
}
"""A part of the key that marks a method, and the method: adapters that are not read."""


def unsupported_method(keys: list[str]) -> str | None:
    """The name of a method that cannot be read, if a key shows one."""
    for key in keys:
        for part in key.split(".")[-3:]:
            for mark, method in UNSUPPORTED.items():
                if re.fullmatch(mark, part):
                    return method
    return None


def read_layer(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> AddedLayer:
    """The layer whose tensors have these keys, read by the method that it is of; `default_alpha` where none is stored, and
    without it the rank. Raises InputError for a layer that lacks a tensor or is not stored as finite floating-point numbers."""
    found = [read for roles, read in METHODS.items() if roles & keys.keys()]
    magnitudes: list[Role] = [role for role in ("dora_scale", "magnitude") if role in keys]
    if magnitudes and not found:
        raise InputError(f"'{keys[magnitudes[0]]}' is of a DoRA layer that lacks its matrices", path, "fetch it again")
    mixed = {_read_lora, read_loha, read_lokr} & set(found)
    if len(mixed) > 1 or len(magnitudes) > 1:
        raise InputError(f"'{next(iter(keys.values()))}' is of a layer of two methods", path, "fetch it again")
    layer = (found or [_read_lora])[0](path, keys, tensors, default_alpha)
    if not magnitudes:
        return layer
    key = keys[magnitudes[0]]
    return DoraLayer(layer, finite(path, key, tensors[key]), magnitudes[0] == "magnitude")
