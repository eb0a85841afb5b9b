"""Hostile files of the other methods and number formats: DoRA of other magnitudes, float8 that is not read, half a match."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Iterator
from typing import Final

import torch
from safetensors.torch import save
from torch import Tensor

from models.testing.lora_namings import flat
from studies.testing.hostile.loras import LINEAR, UNET, HostileLora

UNREAD: Final = ("F8_E8M0", "F4", "F6_E2M3", "F6_E3M2")
"""Formats that safetensors files may state and whose numbers need scales."""


def hostile_methods(seed: int = 0) -> Iterator[HostileLora]:
    """Some sixty, other ones for each seed."""
    for maker in (_magnitudes, _float8, _half, _factors):
        yield from maker(random.Random(f"{maker.__name__} {seed}"))


def _magnitudes(rng: random.Random) -> Iterator[HostileLora]:
    """Magnitudes (1, in) and (out, 1) are a DoRA's; whatever else is refused."""
    for module in rng.sample(LINEAR, 3):
        out, inner = UNET.get_parameter(f"{module}.weight").shape
        shapes = {(out + 1, 1), (1, inner + 1), (out, 2), (2, inner), (out,), (inner,), (), (0,), (1, out, inner), (1, 1)}
        for shape in sorted(shapes):
            made = _dora(module, torch.rand(shape) + 0.5)
            yield HostileLora(f"a DoRA with magnitudes of {shape} for {out}x{inner}", made, None)
        for value in (torch.nan, torch.inf):
            spoilt = torch.full((1, inner), value)
            yield HostileLora(f"a DoRA with magnitudes {value}", _dora(module, spoilt), None)
        yield HostileLora("a DoRA with int8 magnitudes", _dora(module, torch.ones(1, inner, dtype=torch.int8)), None)
    stem = _stem(rng.choice(LINEAR))
    yield HostileLora("magnitudes without matrices", save({f"{stem}.dora_scale": torch.ones(1, 8)}), None)


def _float8(rng: random.Random) -> Iterator[HostileLora]:
    """Of formats that need scales, and float8 with scales beside it, as ComfyUI stores models: nobody's LoRA means that."""
    module = rng.choice(LINEAR)
    plain = _matrices(module, torch.float8_e4m3fn)
    for name in UNREAD:
        yield HostileLora(f"matrices stored as {name}", _restated(save(plain), name), None)
    stem = _stem(module)
    for key in (f"{stem}.scale_weight", f"{stem}.lora_down.scale_weight", f"{stem}.lora_up.weight_scale", "scaled_fp8"):
        yield HostileLora(f"float8 with {key}", save({**plain, key: torch.tensor([0.1])}), None)


def _half(rng: random.Random) -> Iterator[HostileLora]:
    """Files of which a part matches nothing of the base: a tenth is passed over, more is another LoRA's file."""
    for share in (0.2, 0.5, 0.9):
        modules = rng.sample(LINEAR, 10)
        strange = round(share * len(modules))
        tensors: dict[str, Tensor] = {}
        for place, module in enumerate(modules):
            other = module.replace("attn", "attm") if place < strange else module
            tensors |= {key.replace(_stem(module), _stem(other)): value for key, value in _matrices(module).items()}
        yield HostileLora(f"{strange} of ten layers of no base", save(tensors), None)


def _factors(rng: random.Random) -> Iterator[HostileLora]:
    """Factors of each method that do not go together."""
    module = rng.choice(LINEAR)
    out, inner = UNET.get_parameter(f"{module}.weight").shape
    broken: dict[str, dict[str, tuple[int, ...]]] = {
        "LoHa of two ranks": {"hada_w1_a": (out, 2), "hada_w1_b": (3, inner), "hada_w2_a": (out, 2), "hada_w2_b": (2, inner)},
        "LoHa of two shapes": {
            "hada_w1_a": (out, 2),
            "hada_w1_b": (2, inner),
            "hada_w2_a": (out, 2),
            "hada_w2_b": (2, inner + 1),
        },
        "LoKr for another layer": {"lokr_w1": (2, 2), "lokr_w2": (out, inner)},
        "LoKr without w2": {"lokr_w1": (2, 2)},
        "OFT of blocks that are not square": {"oft_blocks": (2, out // 2, 3)},
        "OFT for other outputs": {"oft_blocks": (3, out, out)},
        "(IA)3 of other channels": {"weight": (out + inner,), "on_input": ()},
        "a difference of another shape": {"diff": (out, inner + 1)},
        "GLoRA without its last": {"a1.weight": (inner, 2), "a2.weight": (2, inner), "b1.weight": (out, 2)},
    }
    for what, shapes in broken.items():
        yield HostileLora(what, save({f"{_stem(module)}.{end}": torch.rand(shape) for end, shape in shapes.items()}), None)


def _dora(module: str, magnitudes: Tensor) -> bytes:
    return save({**_matrices(module), f"{_stem(module)}.dora_scale": magnitudes})


def _matrices(module: str, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    out, inner = UNET.get_parameter(f"{module}.weight").shape
    stem = _stem(module)
    return {f"{stem}.lora_down.weight": torch.rand(2, inner).to(dtype), f"{stem}.lora_up.weight": torch.rand(out, 2).to(dtype)}


def _stem(module: str) -> str:
    return f"lora_unet_{flat(module)}"


def _restated(data: bytes, dtype: str) -> bytes:
    """The file with its tensors said to be of another format, of which as many bytes hold as many numbers or more."""
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    for key, entry in header.items():
        if key != "__metadata__":
            entry["dtype"] = dtype
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data[8 + length :]
