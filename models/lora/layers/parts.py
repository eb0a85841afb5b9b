"""The tensors of one layer of a file: which roles they have, and whether they are whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from models.errors import InputError
from models.language.translate import joined, phrase

if TYPE_CHECKING:
    from torch import Tensor

Role = Literal[
    "down", "up", "mid", "alpha",
    "hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2",
    "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2",
    "dora_scale", "magnitude", "difference", "bias_difference", "channel_scales", "on_input",
    "oft_blocks", "oft_diag", "rescale", "glora_a1", "glora_a2", "glora_b1", "glora_b2",
]  # fmt: skip
"""What a tensor is in its layer."""
Keys = Mapping[Role, str]
"""The keys of one layer's tensors."""
LARGEST: Final = 3.4e38
"""The largest number of float32."""


def require(path: Path, keys: Keys, method: str, roles: Sequence[Role]) -> None:
    """Raises InputError if the layer lacks one of its tensors."""
    lacking = [role for role in roles if role not in keys]
    if lacking:
        what = phrase(
            "'{key}' is of a {method} layer that lacks {lacking}",
            key=next(iter(keys.values()))[:120],
            method=method,
            lacking=", ".join(lacking),
        )
        raise InputError(what, path, "fetch it again")


def finite(path: Path, key: str, tensor: Tensor) -> Tensor:
    """The tensor. Raises InputError unless it holds finite floating-point numbers and is not empty."""
    if not has_numbers(tensor):
        raise InputError(phrase("'{key}' is not stored as floating-point numbers", key=key), path, "use the unquantised file")
    if tensor.numel() == 0:
        raise InputError(phrase("'{key}' is empty (rank 0)", key=key), path, "fetch or train it again")
    if not bool(tensor.float().isfinite().all()):
        raise InputError(phrase("'{key}' holds NaN or infinity", key=key), path, "fetch or train it again")
    return tensor


def matrix(path: Path, key: str, tensor: Tensor) -> Tensor:
    """As `finite`, and of two dimensions: 1x1 kernels are dropped."""
    if tensor.ndim == 4 and tensor.shape[2:] == (1, 1):
        tensor = tensor.flatten(1)
    if tensor.ndim != 2:
        raise InputError(
            phrase("'{key}' has {ndim} dimensions where a matrix has 2", key=key, ndim=tensor.ndim), path, "fetch it again"
        )
    return finite(path, key, tensor)


def stored_alpha(path: Path, keys: Keys, tensors: Mapping[str, Tensor], default: float) -> float:
    """The alpha of the layer's own tensor. Raises InputError if that is no finite number."""
    if "alpha" not in keys:
        return default
    stored = tensors[keys["alpha"]]
    if stored.numel() != 1 or not has_numbers(stored):
        raise InputError(phrase("'{key}' is no number", key=keys["alpha"]), path, "fetch it again")
    alpha = float(stored.float().item())
    if not math.isfinite(alpha):
        raise InputError(phrase("'{key}' has alpha {alpha}", key=keys["alpha"], alpha=alpha), path, "fetch or train it again")
    return alpha


def has_numbers(tensor: Tensor) -> bool:
    """Whether each element is one floating-point number: packed ones (float4) are two."""
    return tensor.is_floating_point() and "_x2" not in str(tensor.dtype)


def misshapen(path: Path, keys: Keys, role: Role, shapes: Sequence[Sequence[int]]) -> InputError:
    """Of factors whose shapes do not go together."""
    shown = joined(" and ", ("x".join(str(size) for size in shape) or phrase("one number") for shape in shapes))
    return InputError(
        phrase("'{key}' does not go with its other factors ({shown})", key=keys[role], shown=shown), path, "fetch it again"
    )
