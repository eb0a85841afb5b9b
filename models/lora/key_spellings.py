"""The names by which LoRA files of several tools call the layers of one base.

Names are not parsed: every layer of the base is written down under each tool's spelling, and a file's keys are looked up. To add
a spelling: its suffixes go to `SUFFIXES`, and a function that spells every layer to `SPELLINGS`.

Spellings so far: kohya and A1111 (`lora_unet_..`, `lora_te_..`, flattened with "_"), kohya's over the original Stable Diffusion
layout (`lora_unet_input_blocks_1_1_..`), diffusers and peft (`unet...lora_A.weight`, `...lora.down.weight`,
`.._lora.down.weight`). SDXL's two text encoders are `lora_te1_..` and `lora_te2_..`, or `text_encoder` and `text_encoder_2`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from models.lora.methods import Role
from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part, Site, layer_names

if TYPE_CHECKING:
    from torch import nn

Modules = Mapping[Part, "nn.Module"]
"""The models of a base that LoRAs may touch, by part."""

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


def split_key(key: str) -> tuple[str, Role] | None:
    """`stem.lora_down.weight` to (stem, "down"); None if it ends like no LoRA key."""
    for suffix, role in SUFFIXES.items():
        if key.endswith(suffix):
            return key.removesuffix(suffix).replace(".processor.", "."), role
    return None


def family_of_layers(down: Mapping[str, Sequence[int]]) -> str | None:
    """The family of bases that a LoRA was trained on, by the shapes of its down matrices; None if they fit none."""
    for stem, shape in down.items():
        if len(shape) >= 2 and stem.replace(".", "_").endswith("attn2_to_k"):
            return CONTEXT_WIDTHS.get(shape[1])
        # a numbered layer of the UNet has one of these widths only where it reads text
        if len(shape) >= 2 and stem.startswith("unet:") and shape[1] in CONTEXT_WIDTHS:
            return CONTEXT_WIDTHS[shape[1]]
    return None


def site_names(modules: Modules) -> dict[str, Site]:
    """Every spelling of every linear and convolution layer of the base."""
    names: dict[str, Site] = {}
    for spelling in SPELLINGS:
        names |= spelling(modules)
    return names


def _dotted_names(modules: Modules) -> dict[str, Site]:
    """diffusers and peft: the modules' own names, and those of diffusers' former attention processors."""
    names: dict[str, Site] = {}
    for module in layer_names(modules[DENOISER]):
        site = Site(DENOISER, module)
        dotted = {module, module.replace(".to_out.0", ".to_out")}
        names |= {f"{prefix}.{name}": site for prefix in ("unet", "base_model.model") for name in dotted}
    for part, prefix in ((TEXT, "text_encoder"), (TEXT_2, "text_encoder_2")):
        for module in layer_names(modules[part]) if part in modules else []:
            for name in _with_and_without_body(module):
                names |= {f"{prefix}.{spelt}": Site(part, module) for spelt in (name, _as_attention_processor(name))}
    return names


def _flat_names(modules: Modules) -> dict[str, Site]:
    """kohya and A1111: names joined by "_"; the first text encoder numbered or not."""
    names = {kohya_name(site): site for site in (Site(DENOISER, module) for module in layer_names(modules[DENOISER]))}
    for part, prefixes in ((TEXT, ("lora_te", "lora_te1")), (TEXT_2, ("lora_te2",))):
        for module in layer_names(modules[part]) if part in modules else []:
            spelt = [f"{prefix}_{_flat(name)}" for prefix in prefixes for name in _with_and_without_body(module)]
            names |= dict.fromkeys(spelt, Site(part, module))
    return names


def _original_names(modules: Modules) -> dict[str, Site]:
    """kohya over the layout of the original Stable Diffusion code."""
    names = original_names(modules[DENOISER])
    return {f"lora_unet_{_flat(original)}": Site(DENOISER, module) for module, original in names.items()}


SPELLINGS: Final[tuple[Callable[[Modules], dict[str, Site]], ...]] = (_dotted_names, _flat_names, _original_names)


def kohya_name(site: Site, *, numbered: bool = False) -> str:
    """The name that kohya's scripts, A1111 and ComfyUI look for; text encoders always under `text_model`.

    `numbered`: as for bases of several text encoders, of which the first is "te1" then.
    """
    if site.part == DENOISER:
        return f"lora_unet_{_flat(site.module)}"
    prefix = {TEXT: "lora_te1" if numbered else "lora_te", TEXT_2: "lora_te2"}[site.part]
    return f"{prefix}_text_model_{_flat(site.module.removeprefix('text_model.'))}"


def _with_and_without_body(module: str) -> tuple[str, str]:
    """transformers names CLIP's layers with or without the `text_model` around them, by its version."""
    bare = module.removeprefix("text_model.")
    return bare, f"text_model.{bare}"


def _as_attention_processor(name: str) -> str:
    for new, old in (("out_proj", "to_out"), ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v")):
        name = name.replace(f"self_attn.{new}", f"self_attn.{old}")
    return name


def _flat(name: str) -> str:
    return name.replace(".", "_")
