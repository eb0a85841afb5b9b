"""Run by a Python with an old lycoris-lora: what it makes of weights with the layers that only it wrote, at each weight.

    python lycoris_old_methods.py JOB.safetensors WEIGHT...

LyCORIS 1.8 has the old GLoRA (1.9 multiplies by its scale twice), 2.0 writes `oft_diag`. Their own forward is asked, of inputs
that are one each. Job and answer as `comfyui_methods.py` has them, the answer in `JOB.safetensors.lycoris`.
"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import version
from typing import Any


def main() -> None:
    torch: Any = importlib.import_module("torch")
    files: Any = importlib.import_module("safetensors.torch")
    job = files.load_file(sys.argv[1])
    prefix, ask = ("GLoRA, old", _glora) if version("lycoris-lora").startswith("1.8") else ("OFT, rotations", _oft_diag)
    found = {}
    for case in dict.fromkeys(key.split("|")[0] for key in job):
        weight = job[f"{case}|weight"]
        if not case.startswith(prefix) or weight.shape[2:].numel() > 1:
            continue
        tensors = {key.split("|x.")[1]: value.float() for key, value in job.items() if key.startswith(f"{case}|x.")}
        for text in sys.argv[2:]:
            with torch.no_grad():
                module = ask(torch, _layer(torch, weight), tensors, float(text))
                made = module(_ones(torch, weight)).flatten(1).T
            found[f"{case}|{text}|weight"] = made.contiguous().view(weight.shape)
    files.save_file(found, f"{sys.argv[1]}.lycoris")


def _glora(torch: Any, layer: Any, tensors: Any, weight: float) -> Any:
    kind = importlib.import_module("lycoris.modules.glora").GLoRAModule
    module = kind("x", layer, weight, len(tensors["a1.weight"]), float(tensors["alpha"]))
    for name in ("a1", "a2", "b1", "b2"):
        own = getattr(module, name).weight
        own.copy_(tensors[f"{name}.weight"].view(own.shape))
    module.apply_to()
    return module


def _oft_diag(torch: Any, layer: Any, tensors: Any, weight: float) -> Any:
    kind = importlib.import_module("lycoris.modules.diag_oft").DiagOFTModule
    module = kind("x", layer, weight, tensors["oft_diag"].shape[1])
    assert module.oft_blocks.shape == tensors["oft_diag"].shape
    # What it saves is R, of which the blocks that it trains cannot be told.
    module.get_r = lambda: tensors["oft_diag"]
    return module


def _layer(torch: Any, weight: Any) -> Any:
    out, inner, *kernel = weight.shape
    layer = torch.nn.Conv2d(inner, out, kernel, bias=False) if kernel else torch.nn.Linear(inner, out, bias=False)
    layer.weight.data = weight.clone()
    return layer


def _ones(torch: Any, weight: Any) -> Any:
    """One input at a time: what comes out are the layer's columns."""
    ones = torch.eye(weight.shape[1])
    return ones[..., None, None] if weight.ndim == 4 else ones


if __name__ == "__main__":
    main()
