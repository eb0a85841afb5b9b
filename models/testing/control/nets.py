"""ControlNets with random weights, of the shapes of a base."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

from models.testing.ldm import unet_name

if TYPE_CHECKING:
    from models.base.family import Base

PUBLISHED = (16, 32, 96, 256)
"""Of the published ControlNets; files in the original layout have no others."""
HINT_CHANNELS = (4, 8, 16, 32)
"""Of the convolutions of a hint: three of them halve it, as latents are an eighth of a picture."""
LOUD = 0.1
"""Of the convolutions that are zero before training, so that it acts."""


def small_control_net(base: Base, seed: int = 0, channels: tuple[int, ...] = HINT_CHANNELS) -> Any:
    """diffusers' ControlNetModel for a small base."""
    return loud_control_net(base.denoiser, seed, channels)


def loud_control_net(denoiser: Any, seed: int, channels: tuple[int, ...]) -> Any:
    """The denoiser's own encoder, and random weights where training begins with zeros."""
    from diffusers import ControlNetModel

    torch.manual_seed(seed)
    net = ControlNetModel.from_unet(denoiser, conditioning_embedding_out_channels=channels)
    zeros = ("controlnet_down_blocks", "controlnet_mid_block", "controlnet_cond_embedding.conv_out")
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.startswith(zeros):
                weight.copy_(torch.randn(weight.shape) * LOUD)
    return net.requires_grad_(False).eval()


def write_named(path: Path, seed: int = 0) -> None:
    """A file that only its names say to be a ControlNet: nothing opens it, as no model is opened on fakes."""
    weight = torch.full((HINT_CHANNELS[0], 3, 3, 3), float(seed))
    save_file({"controlnet_cond_embedding.conv_in.weight": weight}, path)


def write_original(path: Path, net: Any) -> None:
    """One file in the original layout (lllyasviel's), of levels of two layers each."""
    named = {f"control_model.{_original(name)}": value.contiguous() for name, value in net.state_dict().items()}
    save_file(named, path)


def _original(name: str) -> str:
    stem, _, end = name.rpartition(".")
    if match := re.fullmatch(r"controlnet_cond_embedding\.(conv_in|conv_out|blocks\.(\d))", stem):
        place = {"conv_in": 0, "conv_out": 14}.get(match[1], 2 * (int(match[2] or 0) + 1))
        return f"input_hint_block.{place}.{end}"
    if match := re.fullmatch(r"controlnet_down_blocks\.(\d+)", stem):
        return f"zero_convs.{match[1]}.0.{end}"
    return f"middle_block_out.0.{end}" if stem == "controlnet_mid_block" else unet_name(name)
