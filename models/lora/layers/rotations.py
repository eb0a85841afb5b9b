"""Rotations by Cayley's transform, R = (I + Q) (I - Q)^-1 with Q = B - B^T, as OFT and BOFT store them: by their blocks B.

Alpha is a constraint and no scale: Q is shortened to it. kohya's scripts, LyCORIS and A1111 multiply it by the layer's outputs,
ComfyUI 0.3.64 does not. Without one, or at 0, Q is as long as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.layers.parts import Keys, Role, finite
from models.program import Program

if TYPE_CHECKING:
    import torch
    from torch import Tensor


CACHED: Final = 2**17
"""Numbers that are turned at once on a processor, so that they are still in its cache when they are stored."""


def turn(changed: Tensor, turns: Tensor) -> None:
    """Multiplies blocks of rows by blocks (n, b, b), in place: `changed` is (n * b, ...) and contiguous."""
    import torch

    count, size = turns.shape[:2]
    rows = changed.view(count, size, -1)
    together = max(1, CACHED // rows[0].numel()) if rows.device.type == "cpu" else count
    for part, whole in zip(torch.split(turns, together), torch.split(rows, together), strict=True):
        whole.copy_(torch.bmm(part, whole))


def turned_into(before: Tensor, out: Tensor, turns: Tensor) -> None:
    """The same, from one tensor into another."""
    import torch

    torch.bmm(turns, before.view(*turns.shape[:2], -1), out=out.view(*turns.shape[:2], -1))


def rotations(blocks: Tensor, alpha: float, outputs: int, meaning: Program) -> Tensor:
    """R of each block (..., b, b), float32, for a layer of `outputs` channels."""
    import torch

    blocks = blocks.float()
    q = blocks - blocks.transpose(-1, -2)
    limit = alpha * outputs if meaning == "a1111" else alpha
    length = float(q.norm())
    if 0 < limit < length:
        q = q * (limit / length)
    one = torch.eye(q.shape[-1], device=q.device)
    # (I + Q) and (I - Q)^-1 commute.
    found: Tensor = torch.linalg.solve(one - q, one + q)
    return found


def kept(made: dict[Program, Tensor], meaning: Program, device: torch.device, make: Callable[[], Tensor]) -> Tensor:
    """What was made for a program on this device. It is made once, since that is slow, and kept in `made`."""
    found = made.get(meaning)
    if found is None or found.device != device:
        found = made[meaning] = make()
    return found


def read_blocks(path: Path, keys: Keys, role: Role, tensors: Mapping[str, Tensor], dimensions: int) -> Tensor:
    """Square blocks. Raises InputError for others, and for numbers that are not finite."""
    blocks = finite(path, keys[role], tensors[keys[role]])
    if blocks.ndim != dimensions or blocks.shape[-1] != blocks.shape[-2]:
        shown = "x".join(str(size) for size in blocks.shape)
        raise InputError(phrase("'{key}' holds no square blocks ({shown})", key=keys[role], shown=shown), path, "fetch it again")
    return blocks


def read_rescale(path: Path, keys: Keys, tensors: Mapping[str, Tensor], outputs: int) -> Tensor | None:
    """One scale for each output (outputs), None where there is none. Raises InputError for another number of them."""
    if "rescale" not in keys:
        return None
    rescale = finite(path, keys["rescale"], tensors[keys["rescale"]])
    if rescale.numel() != outputs:
        what = phrase(
            "'{key}' has {numel} scales where the blocks have {outputs} outputs",
            key=keys["rescale"],
            numel=rescale.numel(),
            outputs=outputs,
        )
        raise InputError(what, path, "fetch it again")
    return rescale.flatten()
