"""Plain LoRA (Hu et al. 2021), and LoCon on convolutions, with a Tucker core or without (Yeh et al. 2023)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import LARGEST, Keys, finite, has_numbers, require
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

    def factors(self, of_channels: Tensor) -> tuple[Tensor, Tensor]:
        """Up (out, rank), times the scale, and down (rank, in * k * k) in float32 of the update whose channels are multiplied:
        (1, in, ...) those of the input, (out, 1, ...) those of the output."""
        up, down = (part.to(of_channels.device).float() for part in (self.up, self.down))
        if len(of_channels) == 1:
            down = down * of_channels
        else:
            up = up.flatten(1) * of_channels.flatten(1)
        return up.flatten(1) * self.scale, down.flatten(1)

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


def read_lora(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> LoraLayer:
    if "down" not in keys or "up" not in keys:
        raise InputError(phrase("'{key}' lacks its other half", key=next(iter(keys.values()))), path, "fetch it again")
    down, up = tensors[keys["down"]], tensors[keys["up"]]
    stored = tensors.get(keys.get("alpha", ""))
    if not (has_numbers(down) and has_numbers(up)) or (stored is not None and stored.numel() != 1):
        raise InputError(
            phrase("'{key}' is not stored as floating-point LoRA matrices", key=keys["down"]), path, "use the unquantised file"
        )
    if down.ndim < 2 or up.ndim < 2 or down.numel() == 0 or up.numel() == 0:
        raise InputError(
            phrase("'{key}' has no rank (its matrices are empty)", key=keys["down"]), path, "fetch or train it again"
        )
    if len(down) != up.shape[1]:
        what = phrase("'{key}' has rank {count} and its other half {shape}", key=keys["down"], count=len(down), shape=up.shape[1])
        raise InputError(what, path, "fetch it again")
    alpha = float(stored.float().item()) if stored is not None else default_alpha
    layer = LoraLayer(down, up, alpha if alpha is not None else float(len(down)))
    _check_finite(path, keys["down"], layer)
    return layer


def _check_finite(path: Path, key: str, layer: LoraLayer) -> None:
    """Raises InputError for NaN and infinity, in the matrices, alpha, or what they make in float32."""
    down, up = layer.down.float(), layer.up.float()
    if not math.isfinite(layer.alpha):
        raise InputError(phrase("'{key}' has alpha {alpha}", key=key, alpha=layer.alpha), path, "fetch or train it again")
    if not bool(down.isfinite().all()) or not bool(up.isfinite().all()):
        raise InputError(phrase("'{key}' holds NaN or infinity", key=key), path, "fetch or train it again")
    largest = abs(layer.scale) * float(down.abs().max()) * float(up.abs().max()) * layer.rank
    if largest > LARGEST and not bool(layer.delta().isfinite().all()):
        raise InputError(
            phrase("'{key}' makes numbers too large for float32 (alpha {alpha:g})", key=key, alpha=layer.alpha),
            path,
            "fetch or train it again",
        )


def read_tucker(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default_alpha: float | None) -> LoraLayer:
    """LoCon with a Tucker core: up (out, r, 1, 1), mid (r, s, k, k), down (s, in, 1, 1). Mid and down are one convolution."""
    import torch

    require(path, keys, "LoCon with a Tucker core", ("down", "up", "mid"))
    down, _, mid = (finite(path, keys[role], tensors[keys[role]]) for role in ("down", "up", "mid"))
    fits = mid.ndim == 4 and mid.shape[1] == len(down) and down.numel() == down.flatten(1).shape[0] * down.shape[1]
    if not fits:
        raise InputError(phrase("'{key}' does not go with its other factors", key=keys["mid"]), path, "fetch it again")
    together = torch.einsum("rskl,si->rikl", mid.float(), down.float().flatten(1))
    return read_lora(path, {**keys, "down": "together"}, {**tensors, "together": together}, default_alpha)
