"""ComfyUI's side: its names of the layers of a small base, and what it adds for a file (`comfyui_deltas.py`)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor, nn

from benchmarks.lora_door.files import Made
from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site, layer_names

TEXTS = {TEXT: "clip_l", TEXT_2: "clip_g"}


def comfyui_name(site: Site, modules: Mapping[Part, nn.Module]) -> str:
    """Of the layer's weight in ComfyUI's state dict."""
    if site.part == DENOISER:
        return f"diffusion_model.{original_names(modules[DENOISER])[site.module]}.weight"
    return f"{TEXTS[site.part]}.transformer.text_model.{site.module.removeprefix('text_model.')}.weight"


def comfyui_deltas(
    folder: Path, python: Path, files: Sequence[Made], bases: Mapping[str, Mapping[Part, nn.Module]]
) -> dict[Path, dict[str, Tensor]]:
    """What ComfyUI adds for every file, by its own names of the layers. Raises CalledProcessError if it does not run."""
    models = {family: {"unet_config": _unet_config(m[DENOISER]), "shapes": _shapes(m)} for family, m in bases.items()}
    wanted = {family: [str(made.tensors.resolve()) for made in files if made.family == family] for family in bases}
    job = files[0].path.parent / "job.json"
    job.write_text(json.dumps({"models": models, "files": wanted}), encoding="utf-8")
    script = Path(__file__).with_name("comfyui_deltas.py").resolve()
    subprocess.run([str(python), str(script), str(job.resolve())], cwd=folder, check=True, capture_output=True)
    return {made.path: load_file(Path(f"{made.tensors}.comfyui")) for made in files}


def _shapes(modules: Mapping[Part, nn.Module]) -> dict[str, list[int]]:
    return {
        comfyui_name(Site(part, name), modules): list(module.get_parameter(f"{name}.weight").shape)
        for part, module in modules.items()
        for name in layer_names(module)
        if part == DENOISER or "encoder.layers" in name
    }


def _unet_config(unet: Any) -> dict[str, Any]:
    """As ComfyUI detects it: transformers of each resnet, downwards and, from the outside in, upwards."""
    levels, per_block = len(unet.config["block_out_channels"]), int(unet.config["layers_per_block"])
    transformers = [
        [len(a.transformer_blocks) for a in block.attentions] if hasattr(block, "attentions") else []
        for block in (*unet.down_blocks, *reversed(unet.up_blocks))
    ]
    down = [(found or [0] * per_block)[:per_block] for found in transformers[:levels]]
    up = [(found or [0] * (per_block + 1)) for found in transformers[levels:]]
    return {
        "num_res_blocks": [per_block] * levels,
        "channel_mult": [1] * levels,
        "transformer_depth": [depth for block in down for depth in block],
        "transformer_depth_output": [depth for block in up for depth in block],
        "transformer_depth_middle": len(unet.mid_block.attentions[0].transformer_blocks),
    }
