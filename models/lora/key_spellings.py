"""The names by which LoRA files of several tools call the layers of one base.

Names are not parsed: every layer of the base is written down under each tool's spelling, and a file's keys are looked up.
Known spellings: kohya and A1111 (`lora_unet_..`, `lora_te_..`, flattened with "_"), kohya's over the original Stable Diffusion
layout (`lora_unet_input_blocks_1_1_..`), diffusers and peft (`unet...lora_A.weight`, `...lora.down.weight`,
`.._lora.down.weight`). SDXL's two text encoders are `lora_te1_..` and `lora_te2_..`, or `text_encoder` and `text_encoder_2`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from torch import nn

Part = Literal["unet", "text", "text_2"]
Role = Literal["down", "up", "alpha"]


class Site(NamedTuple):
    """A layer of the base: `get_submodule(module)` of the UNet or of a text encoder finds it."""

    part: Part
    module: str


SUFFIXES: Final[dict[str, Role]] = {
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora_A.default.weight": "down",
    ".lora_B.default.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".lora_linear_layer.down.weight": "down",
    ".lora_linear_layer.up.weight": "up",
    "_lora.down.weight": "down",
    "_lora.up.weight": "up",
    ".alpha": "alpha",
    ":down": "down",
    ":up": "up",
}

CONTEXT_WIDTHS: Final = {768: "SD 1.x", 1024: "SD 2.x", 2048: "SDXL"}
"""Width of the text that cross-attention reads, by family of bases."""

OTHER_METHODS: Final[dict[str, str]] = {
    r"hada_.*": "LoHa",
    r"lokr_.*": "LoKr",
    r"dora_scale|lora_magnitude_vector": "DoRA",
    r"lora_mid": "LoCon with a Tucker core",
    r"b?oft_.*": "OFT",
    r"on_input": "(IA)3",
    r"diff(_b)?": "full-difference",
}
"""How a part of the key looks, and the method that uses it: adapters that no sum of up @ down expresses."""


def other_method(keys: list[str]) -> str | None:
    """The name of a method that is not plain LoRA, if a key shows one."""
    for key in keys:
        for part in key.split(".")[-3:]:
            for mark, method in OTHER_METHODS.items():
                if re.fullmatch(mark, part):
                    return method
    return None


def split_key(key: str) -> tuple[str, Role] | None:
    """`stem.lora_down.weight` to (stem, "down"); None if it ends like no LoRA key."""
    for suffix, role in SUFFIXES.items():
        if key.endswith(suffix):
            return key.removesuffix(suffix).replace(".processor.", "."), role
    return None


def family_of_layers(down: Mapping[str, Sequence[int]]) -> str | None:
    """The family of bases that a LoRA was trained on, by the shapes of its down matrices; None if they do not tell."""
    for stem, shape in down.items():
        if len(shape) >= 2 and stem.replace(".", "_").endswith("attn2_to_k"):
            return CONTEXT_WIDTHS.get(shape[1])
        # a numbered layer of the UNet has one of these widths only where it reads text
        if len(shape) >= 2 and stem.startswith("unet:") and shape[1] in CONTEXT_WIDTHS:
            return CONTEXT_WIDTHS[shape[1]]
    return None


def site_names(unet: nn.Module, text_encoder: nn.Module, text_encoder_2: nn.Module | None = None) -> dict[str, Site]:
    """Every spelling of every linear and convolution layer of the base."""
    names: dict[str, Site] = {}
    for module in layer_names(unet):
        site = Site("unet", module)
        dotted = {module, module.replace(".to_out.0", ".to_out")}
        names |= {f"{prefix}.{name}": site for prefix in ("unet", "base_model.model") for name in dotted}
        names[kohya_name(site)] = site
    names |= _text_names("text", text_encoder, "text_encoder", ("lora_te", "lora_te1"))
    if text_encoder_2 is not None:
        names |= _text_names("text_2", text_encoder_2, "text_encoder_2", ("lora_te2",))
    return names | _original_layout(unet)


def _text_names(part: Part, encoder: nn.Module, dotted: str, flat: tuple[str, ...]) -> dict[str, Site]:
    names: dict[str, Site] = {}
    for module in layer_names(encoder):
        site = Site(part, module)
        bare = module.removeprefix("text_model.")
        for name in (bare, f"text_model.{bare}"):
            names |= {f"{dotted}.{spelling}": site for spelling in (name, _as_attention_processor(name))}
            names |= {f"{prefix}_{_flat(name)}": site for prefix in flat}
    return names


def layer_names(model: nn.Module) -> list[str]:
    """Dotted names of the linear and convolution layers."""
    from torch import nn

    return [name for name, layer in model.named_modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]


def kohya_name(site: Site) -> str:
    """The name that kohya's scripts, A1111 and ComfyUI look for; text encoders always under `text_model`."""
    if site.part == "unet":
        return f"lora_unet_{_flat(site.module)}"
    prefix = "lora_te" if site.part == "text" else "lora_te2"
    return f"{prefix}_text_model_{_flat(site.module.removeprefix('text_model.'))}"


def _as_attention_processor(name: str) -> str:
    for new, old in (("out_proj", "to_out"), ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v")):
        name = name.replace(f"self_attn.{new}", f"self_attn.{old}")
    return name


def _flat(name: str) -> str:
    return name.replace(".", "_")


RESNET: Final = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
OUTER: Final = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_out": "out.2",
}


def _original_layout(unet: nn.Module) -> dict[str, Site]:
    """kohya names over the layout of the original Stable Diffusion code: its blocks are counted through all levels."""
    places = _block_places(unet)
    found = {}
    for module in layer_names(unet):
        if module in OUTER:
            original = OUTER[module]
        else:
            owner = next((o for o in places if f"{module}.".startswith(f"{o}.")), None)
            if owner is None:
                continue
            inner = module.removeprefix(owner).removeprefix(".")
            original = f"{places[owner]}.{RESNET.get(inner, inner)}".removesuffix(".")
        found[f"lora_unet_{_flat(original)}"] = Site("unet", module)
    return found


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
