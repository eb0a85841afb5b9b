"""Run by ComfyUI's own Python, in its folder: what ComfyUI adds for each file of a job, by ComfyUI's names of the layers.

    python comfyui_deltas.py JOB.json

The job has a model for each family (`unet_config` as ComfyUI has it, shapes of the weights by ComfyUI's names) and files of a
family. For each file there is then `FILE.comfyui`, a safetensors file; no server is started, and nothing is drawn.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Model:
    """As much of a model as ComfyUI's key maps look at: its weights by name, and the config of its UNet."""

    def __init__(self, shapes: dict[str, list[int]], config: dict[str, Any]) -> None:
        import torch

        self.weights = {name: torch.zeros(shape) for name, shape in shapes.items()}
        self.model_config = SimpleNamespace(unet_config=config)

    def state_dict(self) -> dict[str, Any]:
        return self.weights


def main() -> None:
    sys.path.insert(0, str(Path.cwd()))
    importlib.import_module("comfy.cli_args").args.cpu = True
    lora, convert = importlib.import_module("comfy.lora"), importlib.import_module("comfy.lora_convert")
    load_file = importlib.import_module("comfy.utils").load_torch_file
    torch, save_file = importlib.import_module("torch"), importlib.import_module("safetensors.torch").save_file
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for family, given in job["models"].items():
        model = Model(given["shapes"], given["unet_config"])
        keys = lora.model_lora_keys_clip(model, lora.model_lora_keys_unet(model, {}))
        for file in job["files"][family]:
            patches = lora.load_lora(convert.convert_lora(load_file(file, safe_load=True)), keys, log_missing=False)
            added = {}
            for key, patch in patches.items():
                zeros = torch.zeros_like(model.weights[key])
                if hasattr(patch, "calculate_weight"):
                    added[key] = patch.calculate_weight(zeros, key, 1.0, 1.0, None, lambda a: a, torch.float32, zeros)
            save_file({key: value.float().contiguous() for key, value in added.items()}, f"{file}.comfyui")


if __name__ == "__main__":
    main()
