"""LoRA methods: what a layer of a file stores, and what it adds to the weight it is for.

To add one (LoHa, LoKr, DoRA ...): write its layer and its reader, name the reader in `METHODS`, and take its marks out of
`UNSUPPORTED`. Key suffixes and the roles they stand for are in `models.lora.key_spellings`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from models.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Role = Literal["down", "up", "alpha"]
"""What a tensor is in its layer."""
Keys = Mapping[Role, str]
"""The keys of one layer's tensors."""
LARGEST: Final = 3.4e38
"""The largest number of float32."""


@dataclass(frozen=True)
class LoraLayer:
    """Plain LoRA (Hu et al. 2021), and LoCon on convolutions: alpha / rank * up @ down."""

    down: Tensor
    """(rank, in) or (rank, in, k, k), any floating dtype."""
    up: Tensor
    """(out, rank) or (out, rank, 1, 1), any floating dtype."""
    alpha: float

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
    if not (_has_numbers(down) and _has_numbers(up)) or (stored is not None and stored.numel() != 1):
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


def _has_numbers(tensor: Tensor) -> bool:
    """Whether each element is one floating-point number: packed ones (float4) are two."""
    return tensor.is_floating_point() and "_x2" not in str(tensor.dtype)


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


Reader = Callable[[Path, Keys, Mapping[str, "Tensor"], "float | None"], LoraLayer]
METHODS: Final[Mapping[frozenset[Role], Reader]] = {frozenset(("down", "up")): _read_lora}
"""How a layer is read, by the roles that only this method stores: a layer that has one of them is of this method."""

UNSUPPORTED: Final[dict[str, str]] = {
    r"hada_.*": "LoHa",
    r"lokr_.*": "LoKr",
    r"dora_scale|lora_magnitude_vector": "DoRA",
    r"lora_mid": "LoCon with a Tucker core",
    r"b?oft_.*": "OFT",
    r"on_input": "(IA)3",
    r"diff(_b)?": "full-difference",
}
"""A part of the key that marks a method, and the method: adapters that no sum of up @ down expresses."""


def unsupported_method(keys: list[str]) -> str | None:
    """The name of a method that cannot be read, if a key shows one."""
    for key in keys:
        for part in key.split(".")[-3:]:
            for mark, method in UNSUPPORTED.items():
                if re.fullmatch(mark, part):
                    return method
    return None


def read_layer(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> LoraLayer:
    """The layer whose tensors have these keys, read by the method that it is of; `default_alpha` where none is stored, and
    without it the rank. Raises InputError for a layer that lacks a tensor or is not stored as finite floating-point numbers."""
    reader = next((read for roles, read in METHODS.items() if roles & keys.keys()), _read_lora)
    return reader(path, keys, tensors, default_alpha)
