"""The names that the original Stable Diffusion code gives the UNet's layers: its blocks are counted through all levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from models.lora.sites import named_layers

if TYPE_CHECKING:
    from torch import nn

RESNET: Final = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
    "norm1": "in_layers.0",
    "norm2": "out_layers.0",
}
OUTER: Final = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}


def original_names(unet: nn.Module) -> dict[str, str]:
    """By diffusers' name of a linear or convolution layer or a norm; layers that the original code does not have are left out."""
    places = _block_places(unet)
    names = {}
    for module in named_layers(unet):
        if module in OUTER:
            names[module] = OUTER[module]
            continue
        owner = next((o for o in places if f"{module}.".startswith(f"{o}.")), None)
        if owner is not None:
            inner = module.removeprefix(owner).removeprefix(".")
            names[module] = f"{places[owner]}.{RESNET.get(inner, inner)}".removesuffix(".")
    return names


def _block_places(unet: nn.Module) -> dict[str, str]:
    """diffusers' name of each resnet, attention and resampler, and its place in the original layout."""
    modules = dict(unet.named_modules())
    places = {f"mid_block.resnets.{j}": f"middle_block.{2 * j}" for j in range(2)} | {"mid_block.attentions.0": "middle_block.1"}
    for side, first in (("down", 1), ("up", 0)):
        original, count = {"down": "input_blocks", "up": "output_blocks"}[side], first
        for level in range(_length(modules, f"{side}_blocks")):
            block = f"{side}_blocks.{level}"
            for j in range(_length(modules, f"{block}.resnets")):
                places[f"{block}.resnets.{j}"] = f"{original}.{count}.0"
                places[f"{block}.attentions.{j}"] = f"{original}.{count}.1"
                count += 1
            if f"{block}.downsamplers.0" in modules:
                places[f"{block}.downsamplers.0.conv"] = f"{original}.{count}.0.op"
                count += 1
            if f"{block}.upsamplers.0" in modules:
                places[f"{block}.upsamplers.0"] = f"{original}.{count - 1}.{2 if f'{block}.attentions.0' in modules else 1}"
    return places


def _length(modules: dict[str, nn.Module], name: str) -> int:
    return sum(1 for n in modules if n.startswith(f"{name}.") and n.removeprefix(f"{name}.").isdigit())
