"""One layer of every method at random, linear and convolutions, in the dtypes that files have: what programs are compared on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

OUT, IN, R = 32, 16, 4
KERNELS: Final[tuple[tuple[int, ...], ...]] = ((), (1, 1), (3, 3))
DTYPES: Final = (torch.float32, torch.float16, torch.float8_e4m3fn, torch.float8_e5m2)
WEIGHTS: Final = (1.0, 0.37, -0.5)


@dataclass(frozen=True)
class Case:
    """A layer of a file, and the weight that it is for."""

    name: str
    method: str
    weight: Tensor
    """(OUT, IN, *kernel) float32, of about 1."""
    bias: Tensor
    """(OUT)."""
    tensors: Mapping[str, Tensor]
    """By the ends of their keys."""


def cases() -> Iterator[Case]:
    """Of every method, kernel and dtype; alphas stored, and left out where a method does without."""
    for kernel in KERNELS:
        for method, shapes in _shapes(kernel).items():
            for dtype in DTYPES:
                name = f"{method} {'x'.join(map(str, kernel)) or 'linear'} {str(dtype).removeprefix('torch.')}"
                torch.manual_seed(len(name))
                size = 0.7 if "OFT" in method else 1.0
                tensors = {end: (torch.randn(shape) * size / R**0.5).to(dtype) for end, shape in shapes.items()}
                tensors |= _fixed(method)
                if method == "OFT, rotations":
                    tensors["oft_diag"] = torch.linalg.qr(torch.randn(shapes["oft_diag"]))[0]
                yield Case(name, method, torch.randn(OUT, IN, *kernel), torch.randn(OUT), tensors)


def _fixed(method: str) -> dict[str, Tensor]:
    if method.startswith("(IA)3"):
        return {"on_input": torch.tensor(int("input" in method))}
    if "constrained" in method:
        return {"alpha": torch.tensor(0.02)}
    if "OFT" in method:
        return {"alpha": torch.tensor(0.0)}
    return {} if method == "full difference" else {"alpha": torch.tensor(1.5)}


def _shapes(kernel: tuple[int, ...]) -> dict[str, dict[str, tuple[int, ...]]]:
    """By method, of the tensors by their ends."""
    size = kernel[0] * kernel[1] if kernel else 1
    ones = (1, 1) if kernel else ()
    found: dict[str, dict[str, tuple[int, ...]]] = {
        "LoRA": {"lora_down.weight": (R, IN, *kernel), "lora_up.weight": (OUT, R, *ones)},
        "LoHa": {"hada_w1_a": (OUT, R), "hada_w1_b": (R, IN * size), "hada_w2_a": (OUT, R), "hada_w2_b": (R, IN * size)},
        "LoKr": {"lokr_w1": (4, 2), "lokr_w2_a": (OUT // 4, R), "lokr_w2_b": (R, IN // 2 * size)},
        "full difference": {"diff": (OUT, IN, *kernel), "diff_b": (OUT,)},
        "(IA)3 of the output": {"weight": (1, OUT, 1, 1) if kernel else (OUT,)},
        "(IA)3 of the input": {"weight": (1, IN, 1, 1) if kernel else (IN,)},
        "OFT": {"oft_blocks": (8, 4, 4)},
        "OFT, constrained": {"oft_blocks": (8, 4, 4)},
        "OFT, rescaled": {"oft_blocks": (8, 4, 4), "rescale": (OUT, 1, *ones)},
        "OFT, rotations": {"oft_diag": (8, 4, 4)},
        "BOFT": {"oft_blocks": (4, 8, 4, 4)},
        "BOFT, constrained": {"oft_blocks": (4, 8, 4, 4)},
        "BOFT, rescaled": {"oft_blocks": (4, 8, 4, 4), "rescale": (OUT, 1, *ones)},
        "GLoRA": {
            "a1.weight": (IN, R, *ones), "a2.weight": (R, IN, *ones),
            "b1.weight": (OUT, R, *ones), "b2.weight": (R, IN, *kernel),
        },
        "DoRA of the input": {
            "lora_down.weight": (R, IN, *kernel), "lora_up.weight": (OUT, R, *ones), "dora_scale": (1, IN, *ones),
        },
        "DoRA of the output": {
            "lora_down.weight": (R, IN, *kernel), "lora_up.weight": (OUT, R, *ones), "dora_scale": (OUT, 1, *ones),
        },
    }  # fmt: skip
    if kernel == (3, 3):
        core = (R, R, *kernel)
        found |= {
            "LoHa, Tucker": {
                "hada_w1_a": (R, OUT), "hada_w1_b": (R, IN), "hada_t1": core,
                "hada_w2_a": (R, OUT), "hada_w2_b": (R, IN), "hada_t2": core,
            },
            "LoCon, Tucker": {"lora_down.weight": (R, IN, 1, 1), "lora_mid.weight": core, "lora_up.weight": (OUT, R, 1, 1)},
        }  # fmt: skip
    else:
        found["GLoRA, old"] = {"a1.weight": (R, IN), "a2.weight": (IN, R), "b1.weight": (R, IN), "b2.weight": (OUT, R)}
    return found
