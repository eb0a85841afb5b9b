"""Bases small enough for a test: the shipped configs, level by level, with few channels."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from models.base.family import CONFIGS, Base
from models.base.registry import family_named
from models.testing.tiny import by_part

Changes = dict[str, dict[str, object]]
VAE: dict[str, object] = {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4}
TEXT_CONFIG: dict[str, object] = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SD15: Changes = {
    "unet": {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "attention_head_dim": 2, "cross_attention_dim": 16},
    "vae": VAE,
    "text_encoder": TEXT_CONFIG,
}
SDXL: Changes = {
    "unet": {
        "block_out_channels": [8, 16, 16],
        "norm_num_groups": 4,
        "attention_head_dim": [1, 2, 2],
        "cross_attention_dim": 40,
        "transformer_layers_per_block": [1, 2, 3],
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 72,
    },
    "vae": VAE,
    "text_encoder": TEXT_CONFIG,
    "text_encoder_2": TEXT_CONFIG | {"hidden_size": 24, "projection_dim": 24, "num_hidden_layers": 3},
}


def small_configs(folder: Path, family: str) -> Path:
    """Writes the small config of "sd15" or "sdxl" into `folder`."""
    copytree(CONFIGS / family, folder)
    for part, changes in {"sd15": SD15, "sdxl": SDXL}[family].items():
        file = folder / part / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return folder


def random_parts(config: Path, seed: int = 3) -> tuple[Any, ...]:
    """UNet, VAE, text encoder and, for SDXL, the second text encoder that a config folder describes."""
    torch.manual_seed(seed)
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(config / "unet"))
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(config / "vae"))
    text = CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder"))
    if not (config / "text_encoder_2").is_dir():
        return unet, vae, text
    return unet, vae, text, CLIPTextModelWithProjection(CLIPTextConfig.from_pretrained(config / "text_encoder_2"))


def small_base(folder: Path, family: str, seed: int = 3) -> Base:
    """A base of random weights of the small config that is written into `folder`."""
    kind = family_named(family)
    unet, vae, *encoders = (part.requires_grad_(False).eval() for part in random_parts(small_configs(folder, family), seed))
    modules = by_part(unet, *encoders)
    tokenizers = dict(zip(list(modules)[1:], kind.read_tokenizers(CONFIGS / family).values(), strict=True))
    schedule = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    return Base(kind, modules, tokenizers, vae, schedule, family, family)


def same(one: Any, other: Any) -> bool:
    """Whether two modules have the same values under the same names."""
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[key].float(), theirs[key].float()) for key in mine)


def same_parts(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return all(same(one, other) for one, other in zip(some, others, strict=True))
