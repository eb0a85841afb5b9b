"""Checkpoints of random weights that all three programs open.

They have the published shapes. Text matters to their pictures: cross-attention is enlarged, and the text encoder's last norm has
a mean, since emphasis divides by that of the hidden states.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import nn

from models.base.family import CONFIGS
from models.testing.bases import random_parts
from models.testing.control.nets import PUBLISHED, loud_control_net
from models.testing.ldm import single_file_weights, stream_file

SPREAD: Final = 0.15
"""Standard deviation of the last norm's bias, around the same mean."""
TEXT_GAIN: Final = 3.0
"""How much larger than PyTorch's first weights those of cross-attention are."""
LATENT_GAIN: Final = 6.0
"""Of the decoder's first layer, so that pictures use the range of their pixels."""
NARROW: Final[dict[str, dict[str, object]]] = {
    "unet": {"block_out_channels": [64, 128, 256, 256]},
    "vae": {"block_out_channels": [32, 64, 128, 128]},
}
"""A UNet of a fifth of the channels, which A1111 opens by a YAML beside it; ComfyUI knows published shapes alone."""


def write_checkpoint(path: Path, family: str, *, narrow: bool = False, v_prediction: bool = False) -> None:
    """A single file in float16, in the names of the original code; a narrow one also as a diffusers folder of the same stem.

    `v_prediction` marks it as v-prediction with zero terminal SNR, as such files say it: by two empty tensors.
    """
    config = CONFIGS / family
    if narrow:
        config = _narrow_configs(path.with_suffix(""), v_prediction)
    unet, vae, *encoders = random_parts(config)
    with torch.no_grad():
        _let_text_matter(unet)
        vae.decoder.conv_in.weight.mul_(LATENT_GAIN)
        for encoder in encoders:
            norm = getattr(encoder, "text_model", encoder).final_layer_norm
            norm.bias.normal_(SPREAD, SPREAD)
    # Part by part and in place: SDXL in float32 beside its copy in float16 needs 21 GB.
    for part in (unet, vae, *encoders):
        part.half()
    if narrow:
        for name, part in (("unet", unet), ("vae", vae), ("text_encoder", encoders[0])):
            part.save_pretrained(config / name)
    weights = single_file_weights(unet, vae, *encoders)
    if v_prediction:
        weights |= {"v_pred": torch.zeros(0, dtype=torch.float16), "ztsnr": torch.zeros(0, dtype=torch.float16)}
    stream_file(weights, path)


def write_control_nets(folder: Path, config: Path) -> None:
    """Two of the published shapes, in float16 and diffusers' layout, whose convolutions are random where training begins with
    zeros."""
    folder.mkdir(parents=True)
    unet = random_parts(config)[0]
    for seed, name in enumerate(("net", "other")):
        net = loud_control_net(unet, seed, PUBLISHED).half()
        save_file({key: value.contiguous() for key, value in net.state_dict().items()}, folder / f"{name}.safetensors")


def write_yaml(path: Path, *, narrow: bool = False, v_prediction: bool = False) -> None:
    """The description of an SD1.5 checkpoint in the format of the original code, which A1111 reads beside a checkpoint."""
    channels, first = (_first(NARROW["unet"]), _first(NARROW["vae"])) if narrow else (320, 128)
    unet = f"""{{target: ldm.modules.diffusionmodules.openaimodel.UNetModel, params: {{image_size: 32, in_channels: 4,
        out_channels: 4, model_channels: {channels}, attention_resolutions: [4, 2, 1], num_res_blocks: 2,
        channel_mult: [1, 2, 4, 4], num_heads: 8, use_spatial_transformer: true, transformer_depth: 1, context_dim: 768,
        use_checkpoint: false, legacy: false}}}}"""
    decoder = f"""{{double_z: true, z_channels: 4, resolution: 256, in_channels: 3, out_ch: 3, ch: {first}, ch_mult: [1, 2, 4, 4],
        num_res_blocks: 2, attn_resolutions: [], dropout: 0.0}}"""
    path.write_text(
        f"""model:
  target: ldm.models.diffusion.ddpm.LatentDiffusion
  params:
    linear_start: 0.00085
    linear_end: 0.0120
    num_timesteps_cond: 1
    timesteps: 1000
    first_stage_key: jpg
    cond_stage_key: txt
    image_size: 64
    channels: 4
    cond_stage_trainable: false
    conditioning_key: crossattn
    scale_factor: 0.18215
    use_ema: false
    parameterization: {"v" if v_prediction else "eps"}
    unet_config: {unet}
    first_stage_config:
      target: ldm.models.autoencoder.AutoencoderKL
      params:
        embed_dim: 4
        ddconfig: {decoder}
        lossconfig: {{target: torch.nn.Identity}}
    cond_stage_config: {{target: ldm.modules.encoders.modules.FrozenCLIPEmbedder}}
"""
    )


def _first(changes: dict[str, object]) -> int:
    channels = changes["block_out_channels"]
    assert isinstance(channels, list)
    return int(channels[0])


def _narrow_configs(folder: Path, v_prediction: bool) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CONFIGS / "sd15", folder)
    for part, changes in NARROW.items():
        _change(folder / part / "config.json", changes)
    if v_prediction:
        said: dict[str, object] = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}
        _change(folder / "scheduler" / "scheduler_config.json", said)
    return folder


def _change(file: Path, changes: dict[str, object]) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def _let_text_matter(unet: nn.Module) -> None:
    for name, layer in unet.named_modules():
        if ".attn2.to_" in name and isinstance(layer, nn.Linear):
            layer.weight.mul_(TEXT_GAIN)
