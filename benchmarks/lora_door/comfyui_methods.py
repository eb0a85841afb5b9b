"""Run by ComfyUI's own Python, in its folder: what ComfyUI makes of weights with each layer of a job at each weight.

    python comfyui_methods.py JOB.safetensors WEIGHT...

The job has `CASE|weight`, `CASE|bias` and `CASE|x.END` for each layer; `JOB.safetensors.comfyui` has `CASE|WEIGHT|weight`
then and, where the layer changes it, `CASE|WEIGHT|bias`. A layer that ComfyUI does not read or apply is left out. Nothing is
drawn.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    importlib.import_module("comfy.cli_args").args.cpu = True
    lora: Any = importlib.import_module("comfy.lora")
    files: Any = importlib.import_module("safetensors.torch")
    job = files.load_file(sys.argv[1])
    found = {}
    for case in dict.fromkeys(key.split("|")[0] for key in job):
        tensors = {key.split("|")[1]: value for key, value in job.items() if key.startswith(f"{case}|x.")}
        patches = lora.load_lora(tensors, {"x": "x.weight"}, log_missing=False)
        for text in sys.argv[2:]:
            for name, patch in patches.items():
                name = name.removeprefix("x.")
                own = job[f"{case}|{name}"]
                made = lora.calculate_weight([(float(text), patch, 1.0, None, None)], own.clone(), "x.weight")
                if not bool((made == own).all()):
                    found[f"{case}|{text}|{name}"] = made.contiguous()
    files.save_file(found, f"{sys.argv[1]}.comfyui")


if __name__ == "__main__":
    main()
