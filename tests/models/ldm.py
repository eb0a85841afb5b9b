"""Writes a pipeline's weights under the names of the original Stable Diffusion 1 files, as single-file checkpoints have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def write_single_file(path: Path, unet: Any, vae: Any, text_encoder: Any) -> None:
    weights = {f"model.diffusion_model.{unet_name(name)}": value for name, value in unet.state_dict().items()}
    weights |= {f"first_stage_model.{vae_name(name)}": _convolution(name, value) for name, value in vae.state_dict().items()}
    prefix = "cond_stage_model.transformer.text_model."
    text = {prefix + name.removeprefix("text_model."): value for name, value in text_encoder.state_dict().items()}
    text[f"{prefix}embeddings.position_ids"] = torch.arange(77).unsqueeze(0)
    save_file({name: value.contiguous() for name, value in (weights | text).items()}, path)


def unet_name(name: str) -> str:
    """diffusers -> LDM, for four levels of two layers each."""
    if match := re.fullmatch(r"(down|up)_blocks\.(\d)\.(resnets|attentions)\.(\d)\.(.+)", name):
        way, level, kind, layer, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
        block = f"input_blocks.{3 * level + layer + 1}" if way == "down" else f"output_blocks.{3 * level + layer}"
        return f"{block}.{_layer(kind, rest)}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        place = 2 * int(match[2]) if match[1] == "resnets" else 1
        return f"middle_block.{place}.{_layer(match[1], match[3])[2:]}"
    if match := re.fullmatch(r"down_blocks\.(\d)\.downsamplers\.0\.conv\.(.+)", name):
        return f"input_blocks.{3 * (int(match[1]) + 1)}.0.op.{match[2]}"
    if match := re.fullmatch(r"up_blocks\.(\d)\.upsamplers\.0\.conv\.(.+)", name):
        return f"output_blocks.{3 * int(match[1]) + 2}.{1 if match[1] == '0' else 2}.conv.{match[2]}"
    return _renamed(name, UNET_ENDS)


def vae_name(name: str) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    if match := re.fullmatch(r"(encoder|decoder)\.mid_block\.resnets\.(\d)\.(.+)", name):
        return f"{match[1]}.mid.block_{int(match[2]) + 1}.{match[3]}"
    if match := re.fullmatch(r"(encoder|decoder)\.mid_block\.attentions\.0\.(.+)", name):
        return f"{match[1]}.mid.attn_1.{_renamed(match[2], VAE_ATTENTION)}"
    if match := re.fullmatch(r"(encoder|decoder)\.(down|up)_blocks\.(\d)\.(resnets|downsamplers|upsamplers)\.(\d)\.(.+)", name):
        level = int(match[3]) if match[2] == "down" else 3 - int(match[3])
        inner = f"block.{match[5]}" if match[4] == "resnets" else match[4].removesuffix("rs")
        return f"{match[1]}.{match[2]}.{level}.{inner}.{match[6]}"
    return name


def _layer(kind: str, rest: str) -> str:
    return f"0.{_renamed(rest, RESNET)}" if kind == "resnets" else f"1.{rest}"


def _renamed(name: str, table: dict[str, str]) -> str:
    stem, _, end = name.rpartition(".")
    return f"{table[stem]}.{end}"


def _convolution(name: str, value: Tensor) -> Tensor:
    """The original autoencoder's attention is made of 1x1 convolutions."""
    return value[:, :, None, None] if re.search(r"attentions\.0\.to_.*weight", name) else value
