"""Writes a pipeline's weights under the names of the original Stable Diffusion files, as single-file checkpoints have them."""

from __future__ import annotations

import json
import re
import struct
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
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


OPEN_CLIP_ENDS = {
    "embeddings.token_embedding.weight": "token_embedding.weight",
    "embeddings.position_embedding.weight": "positional_embedding",
    "final_layer_norm.weight": "ln_final.weight",
    "final_layer_norm.bias": "ln_final.bias",
}
OPEN_CLIP = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}


def write_single_file(path: Path, unet: Any, vae: Any, text_encoder: Any, text_encoder_2: Any = None) -> None:
    """SD1.5's layout, or SDXL's if there is a second text encoder."""
    save_file(single_file_weights(unet, vae, text_encoder, text_encoder_2), path)


def single_file_weights(unet: Any, vae: Any, text_encoder: Any, text_encoder_2: Any = None) -> dict[str, Tensor]:
    xl = text_encoder_2 is not None
    weights = {f"model.diffusion_model.{unet_name(name, xl)}": value for name, value in unet.state_dict().items()}
    weights |= {f"first_stage_model.{vae_name(name)}": _convolution(name, value) for name, value in vae.state_dict().items()}
    prefix = "cond_stage_model.transformer.text_model." if not xl else "conditioner.embedders.0.transformer.text_model."
    weights |= {prefix + name.removeprefix("text_model."): value for name, value in text_encoder.state_dict().items()}
    weights[f"{prefix}embeddings.position_ids"] = torch.arange(77).unsqueeze(0)
    if text_encoder_2 is not None:
        weights |= {f"conditioner.embedders.1.model.{name}": value for name, value in _open_clip(text_encoder_2).items()}
    return {name: value.contiguous() for name, value in weights.items()}


def stream_file(weights: dict[str, Tensor], path: Path) -> None:
    """What save_file writes, tensor after tensor: a file of many gigabytes is never in memory whole."""
    types = {torch.float16: "F16", torch.float32: "F32", torch.int64: "I64"}
    header: dict[str, object] = {}
    end = 0
    for name, value in weights.items():
        start, end = end, end + value.nbytes
        header[name] = {"dtype": types[value.dtype], "shape": list(value.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        for value in weights.values():
            stream.write(value.contiguous().numpy().data)


def vae_weights(vae: Any, prefix: str = "") -> dict[str, Tensor]:
    """A VAE in a file of its own: as trainers publish them without a prefix."""
    return {f"{prefix}{vae_name(name)}": _convolution(name, value).contiguous() for name, value in vae.state_dict().items()}


def _open_clip(encoder: Any) -> dict[str, Tensor]:
    """open_clip's names: queries, keys and values in one matrix, the projection the other way round."""
    state = encoder.state_dict()
    found = {"text_projection": state["text_projection.weight"].T}
    for name, value in state.items():
        inner = name.removeprefix("text_model.")
        if inner in OPEN_CLIP_ENDS:
            found[OPEN_CLIP_ENDS[inner]] = value
        elif match := re.fullmatch(r"encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", inner):
            block = f"transformer.resblocks.{match[1]}"
            if match[2] in OPEN_CLIP:
                found[f"{block}.{OPEN_CLIP[match[2]]}.{match[3]}"] = value
            elif match[2] == "self_attn.q_proj":
                three = [state[name.replace("q_proj", f"{one}_proj")] for one in "qkv"]
                found[f"{block}.attn.in_proj_{match[3]}"] = torch.cat(three)
    return found


def unet_name(name: str, xl: bool = False, layers: int = 2) -> str:
    """diffusers -> LDM, for levels of `layers` layers each; `xl`: the first up level has attention, as in SDXL."""
    blocks = layers + 1
    if match := re.fullmatch(r"(down|up)_blocks\.(\d)\.(resnets|attentions)\.(\d)\.(.+)", name):
        way, level, kind, layer, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
        block = f"input_blocks.{blocks * level + layer + 1}" if way == "down" else f"output_blocks.{blocks * level + layer}"
        return f"{block}.{_layer(kind, rest)}"
    if match := re.fullmatch(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        place = 2 * int(match[2]) if match[1] == "resnets" else 1
        return f"middle_block.{place}.{_layer(match[1], match[3])[2:]}"
    if match := re.fullmatch(r"down_blocks\.(\d)\.downsamplers\.0\.conv\.(.+)", name):
        return f"input_blocks.{blocks * (int(match[1]) + 1)}.0.op.{match[2]}"
    if match := re.fullmatch(r"up_blocks\.(\d)\.upsamplers\.0\.conv\.(.+)", name):
        return f"output_blocks.{blocks * int(match[1]) + layers}.{1 if match[1] == '0' and not xl else 2}.conv.{match[2]}"
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
