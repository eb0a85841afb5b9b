"""The paper-doll lab's base and LoRAs where ComfyUI and Stable Diffusion WebUI look for theirs.

The base is narrower than every published one, has another autoencoder and another tokenizer. ComfyUI loads it by a node,
WebUI by an extension, both from `in_programs`; what draws is the programs' own.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from safetensors import safe_open
from safetensors.torch import load_file, save_file

from models.testing.ldm import unet_name
from studies.paperdoll.bundle import WEIGHTS

IN_PROGRAMS: Final = Path(__file__).parent / "in_programs"
DECODER: Final = "paperdoll_vae.py"
BASE: Final = WEIGHTS / "base"
LAYERS: Final = 1
"""Of the base's UNet, a level."""
CHECKPOINT: Final = "paperdoll.safetensors"
LORAS: Final = ("myface", "testdress", "myshoes")


def write_comfyui_paths(folder: Path) -> Path:
    """A file for ComfyUI's --extra-model-paths-config: the lab's LoRAs as they ship, and the node that loads the base."""
    node, path = folder / "nodes" / "paperdoll", folder / "paths.yaml"
    node.mkdir(parents=True, exist_ok=True)
    shutil.copy(IN_PROGRAMS / "comfyui_node.py", node / "__init__.py")
    shutil.copy(IN_PROGRAMS / DECODER, node)
    shutil.copytree(BASE, node / BASE.name, dirs_exist_ok=True)
    path.write_text(f"lab:\n  loras: {WEIGHTS / 'loras'}\n  custom_nodes: {node.parent}\n", encoding="utf-8")
    return path


def write_webui_data(folder: Path) -> Path:
    """A folder for WebUI's --data-dir: checkpoint, LoRAs under the original layer names, tokenizer, extension, settings."""
    models, loras, clip = folder / "models" / "Stable-diffusion", folder / "models" / "Lora", folder / "clip"
    extension = folder / "extensions" / "paperdoll"
    for made in (models, loras, clip, folder / "embeddings", extension / "scripts"):
        made.mkdir(parents=True, exist_ok=True)
    shutil.copy(IN_PROGRAMS / "webui_extension.py", extension / "scripts" / "paperdoll.py")
    shutil.copy(IN_PROGRAMS / DECODER, extension)
    save_file(_single_file(), models / CHECKPOINT)
    (models / CHECKPOINT).with_suffix(".yaml").write_text(json.dumps({"model": _model(clip)}), encoding="utf-8")
    for name in LORAS:
        _write_lora(WEIGHTS / "loras" / f"{name}.safetensors", loras / f"{name}.safetensors")
    for file in (BASE / "tokenizer" / "vocab.json", BASE / "tokenizer" / "merges.txt", BASE / "text_encoder" / "config.json"):
        shutil.copy(file, clip)
    words = {"bos_token": "<|startoftext|>"} | dict.fromkeys(("eos_token", "pad_token", "unk_token"), "<|endoftext|>")
    settings = {"model_max_length": 77, "tokenizer_class": "CLIPTokenizer", **words}
    (clip / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    # Previews need a decoder of four channels.
    (folder / "config.json").write_text(json.dumps({"live_previews_enable": False}), encoding="utf-8")
    return folder


def _single_file() -> dict[str, Any]:
    unet = load_file(BASE / "unet" / "diffusion_pytorch_model.safetensors")
    text = load_file(BASE / "text_encoder" / "model.safetensors")
    vae = load_file(BASE / "vae" / "diffusion_pytorch_model.safetensors")
    found = {f"model.diffusion_model.{unet_name(name, True, LAYERS)}": value for name, value in unet.items()}
    found |= {f"cond_stage_model.transformer.text_model.{name}": value for name, value in text.items()}
    found |= {f"first_stage_model.{name}": value for name, value in vae.items()}
    return {name: value.float() for name, value in found.items()}


def _model(clip: Path) -> dict[str, Any]:
    """The description of the base in the format of the original code."""
    unet, vae, scheduler = (_config(part) for part in ("unet/config", "vae/config", "scheduler/scheduler_config"))
    first = unet["block_out_channels"][0]
    return {
        "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
        "params": {
            "parameterization": "v",
            "linear_start": scheduler["beta_start"],
            "linear_end": scheduler["beta_end"],
            "timesteps": scheduler["num_train_timesteps"],
            "num_timesteps_cond": 1,
            "first_stage_key": "jpg",
            "cond_stage_key": "txt",
            "image_size": unet["sample_size"],
            "channels": unet["in_channels"],
            "cond_stage_trainable": False,
            "conditioning_key": "crossattn",
            "scale_factor": vae["scaling_factor"],
            "use_ema": False,
            "unet_config": {
                "target": "ldm.modules.diffusionmodules.openaimodel.UNetModel",
                "params": {
                    "image_size": 32,
                    "in_channels": unet["in_channels"],
                    "out_channels": unet["out_channels"],
                    "model_channels": first,
                    "attention_resolutions": [1, 2, 4],
                    "num_res_blocks": LAYERS,
                    "channel_mult": [width // first for width in unet["block_out_channels"]],
                    "num_heads": unet["attention_head_dim"],
                    "use_spatial_transformer": True,
                    "transformer_depth": 1,
                    "context_dim": unet["cross_attention_dim"],
                    "use_checkpoint": False,
                    "legacy": False,
                },
            },
            "first_stage_config": {
                "target": "paperdoll_vae.PaperDollVAE",
                "params": {"ddconfig": {"attn_type": "none", "double_z": True}},
            },
            "cond_stage_config": {
                "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
                "params": {"version": str(clip), "max_length": 77},
            },
        },
    }


def _config(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BASE / f"{part}.json").read_text(encoding="utf-8"))
    return found


def _write_lora(source: Path, target: Path) -> None:
    """WebUI translates diffusers' layer names for levels of two layers alone; it takes the original names as they are."""
    names = load_file(BASE / "unet" / "diffusion_pytorch_model.safetensors")
    modules = {_module(name): _module(unet_name(name, True, LAYERS)) for name in names}
    weights = {}
    for name, value in load_file(source).items():
        module, _, end = name.partition(".")
        weights[f"{modules.get(module, module)}.{end}"] = value
    with safe_open(source, "pt") as opened:
        metadata = opened.metadata()
    save_file(weights, target, metadata=metadata)


def _module(parameter: str) -> str:
    return f"lora_unet_{parameter.rpartition('.')[0].replace('.', '_')}"
