"""Run by a Python with lycoris-lora: what LyCORIS makes of weights with each layer of a job at each weight.

    python lycoris_methods.py JOB.safetensors WEIGHT...

Job and answer as `comfyui_methods.py` has them, the answer in `JOB.safetensors.lycoris`. Left out are methods that LyCORIS lacks.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any


def main() -> None:
    torch: Any = importlib.import_module("torch")
    modules: Any = importlib.import_module("lycoris.modules")
    files: Any = importlib.import_module("safetensors.torch")
    job = files.load_file(sys.argv[1])
    found = {}
    for case in dict.fromkeys(key.split("|")[0] for key in job):
        tensors = {key.split("|")[1]: value.float() for key, value in job.items() if key.startswith(f"{case}|x.")}
        kind, parts = modules.get_module(tensors, "x")
        # Of GLoRA it reads today's files alone, and LoKr and LoHa not of all the shapes here.
        if kind is None or case.startswith(("DoRA", "GLoRA, old", "LoKr", "LoHa")):
            continue
        layer = _layer(torch, job[f"{case}|weight"], job[f"{case}|bias"])
        with torch.no_grad():
            if "x.on_input" in tensors:
                # Its own reading of (IA)3 files fails on what it writes.
                module = kind("x", layer, train_on_input=bool(tensors["x.on_input"]))
                module.weight.data.copy_(tensors["x.weight"])
            else:
                module = modules.make_module(kind, parts, "x", layer)
            for text in sys.argv[2:]:
                try:
                    both = module.get_merged_weight(float(text), job[f"{case}|weight"].shape)
                except RuntimeError:
                    continue
                for name, made in zip(("weight", "bias"), both, strict=True):
                    own = job[f"{case}|{name}"]
                    # Rescaled 1x1 kernels it makes into weights of another size.
                    if made is not None and made.numel() == own.numel():
                        found[f"{case}|{text}|{name}"] = made.detach().float().contiguous().view(own.shape)
    files.save_file(found, f"{sys.argv[1]}.lycoris")


def _layer(torch: Any, weight: Any, bias: Any) -> Any:
    out, inner, *kernel = weight.shape
    layer = torch.nn.Conv2d(inner, out, kernel) if kernel else torch.nn.Linear(inner, out)
    layer.weight.data, layer.bias.data = weight.clone(), bias.clone()
    return layer


if __name__ == "__main__":
    main()
