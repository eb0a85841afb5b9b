"""How A1111 (1.10) and ComfyUI (0.3.64) read a LoRA file for SD1.5 or SDXL: layers that they drop, alphas that they do not see.

Both look their own names of layers up in the file, and pass over in silence what they do not find. Of diffusers only what it
always reads is here: kohya's names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from models.lora.file import read_tensors
from models.lora.key_spellings import bare_name, part_of_name
from models.lora.layers.parts import Role
from models.lora.layout import LoraLayout, read_layout
from models.lora.scaled_layer import read_scaled_layers

Tool = Literal["A1111", "ComfyUI", "diffusers"]
ENDS: Final[dict[Tool, str]] = {
    "A1111": r"\.lora_(down|A)\.weight|\.hada_w1_a|\.lokr_w1(_a)?"
    r"|\.diff|\.w_norm|\.weight|\.oft_blocks|\.oft_diag|\.a1\.weight",
    "diffusers": r"\.lora_down\.weight",
    "ComfyUI": r"(\.lora_down|[._]lora\.down|\.lora_A(\.default)?|\.lora_linear_layer\.down)\.weight|\.lora_A"
    r"|\.hada_w1_a|\.lokr_w1(_a)?|\.diff(_b)?|\.w_norm|\.oft_blocks|\.a1\.weight",
}
"""Of the keys of down matrices, and of the first tensors of other methods."""
FIRST: Final[tuple[Role, ...]] = (
    "down", "hada_w1_a", "lokr_w1", "lokr_w1_a", "difference", "bias_difference", "channel_scales", "oft_blocks", "oft_diag",
    "glora_a1",
)  # fmt: skip
TEXT_LAYER: Final = r"text_model[._]encoder[._]layers[._]\d+[._](mlp|self_attn)[._](fc[12]|[qkv]_proj|out_proj)"
TEXT_NORM: Final = r"text_model[._]encoder[._]layers[._]\d+[._]layer_norm[12]"
ORIGINAL: Final = r"(input_blocks|middle_block|output_blocks|time_embed|label_emb|out)"
OWN: Final = r"(down_blocks|mid_block|up_blocks|conv_in|conv_out|time_embedding|add_embedding)"
NAMES: Final[dict[Tool, tuple[str, ...]]] = {
    "A1111": (r"lora_unet_[^.]+", rf"lora_te1?_{TEXT_LAYER}", rf"lora_te2_{TEXT_LAYER}", rf"lora_te[12]?_{TEXT_NORM}"),
    "diffusers": (r"lora_unet_[^.]+", rf"lora_te[12]?_{TEXT_LAYER}"),
    "ComfyUI": (
        r"lora_unet_[^.]+",
        rf"lora_te[12]?_{TEXT_LAYER}",
        rf"lycoris_{OWN}_[^.]+",
        rf"diffusion_model\.{ORIGINAL}\..+",
        rf"text_encoders\.clip_[lg]\.transformer\.({TEXT_LAYER}|{TEXT_NORM})",
        rf"text_encoder(_2)?\.{TEXT_LAYER}",
        # Attention under the names of diffusers' former processors alone.
        rf"(unet\.)?{OWN}(\.(?!to_)[^.]+)*(\.processor\.to_(q|k|v|out))?",
    ),
}
"""Of the layers, without the ends."""
NOT_OF_SDXL: Final[dict[Tool, tuple[str, ...]]] = {
    "A1111": (r"lora_te_.*", r"lora_unet_add_embedding_.*", r"lora_unet_up_blocks_0_upsamplers_0_conv"),
    "ComfyUI": (),
    "diffusers": (r"lora_te_.*",),
}
"""Names that are read for SD1.5 alone."""


@dataclass(frozen=True)
class OtherReading:
    """What a tool makes of a LoRA file; layers by their names in it."""

    layers: int
    dropped: tuple[str, ...]
    rescaled: tuple[str, ...]
    """Those that it reads, at another scale than the file's."""

    @property
    def is_equal(self) -> bool:
        return not self.dropped and not self.rescaled


def other_reading(path: Path, tool: Tool, family: str) -> OtherReading:
    """Of a LoRA file, for a base of `family` ("sd15" or "sdxl"). Raises InputError if the file does not read."""
    layout = read_layout(path)
    dropped = tuple(stem for stem, roles in layout.stems.items() if not _reads(layout, roles, tool, family))
    unseen = {stem: roles for stem, roles in layout.stems.items() if stem not in dropped and not _sees_alpha(roles, tool)}
    return OtherReading(len(layout.stems), dropped, tuple(stem for stem in unseen if stem in _scaled(layout, unseen)))


def _reads(layout: LoraLayout, roles: Mapping[Role, str], tool: Tool, family: str) -> bool:
    # Magnitudes under peft's name are passed over by both programs; diffusers has its own meaning of them and of Tucker cores.
    if "magnitude" in roles or (tool == "diffusers" and ("dora_scale" in roles or "mid" in roles)):
        return False
    return _takes(layout, roles, tool) and _finds(_first(roles), tool, family)


def _takes(layout: LoraLayout, roles: Mapping[Role, str], tool: Tool) -> bool:
    """Whether the tool applies such tensors under names that it finds."""
    if tool == "A1111":
        # Biases alone beside their weight's difference, norms as a whole; (IA)3 of outputs fails on convolutions, and which side
        # it is of the names do not tell.
        if "bias_difference" in roles and "difference" not in roles:
            return False
        if roles.get("difference", "").endswith(".w_norm") and "bias_difference" not in roles:
            return False
        if len(layout.shapes.get(roles.get("channel_scales", ""), ())) > 2:
            return False
        if "glora_a1" in roles and "glora_b2" in roles:
            first, last = layout.shapes[roles["glora_a1"]], layout.shapes[roles["glora_b2"]]
            return "alpha" in roles and first[:1] == last[1:2] and first[1:2] != last[:1]
    if tool == "ComfyUI" and len(layout.shapes.get(roles.get("oft_blocks", ""), ())) == 4:
        return "alpha" in roles
    return True


def _first(roles: Mapping[Role, str]) -> str:
    """The key by which a tool finds the layer."""
    return next((roles[role] for role in FIRST if role in roles), "")


def _finds(down: str, tool: Tool, family: str) -> bool:
    match = re.fullmatch(rf"(?P<name>.+?)({ENDS[tool]})", down)
    if match is None:
        return False
    refused = NOT_OF_SDXL[tool] if family == "sdxl" else ()
    return any(re.fullmatch(name, match["name"]) for name in NAMES[tool]) and not any(
        re.fullmatch(name, match["name"]) for name in refused
    )


def _sees_alpha(roles: Mapping[Role, str], tool: Tool) -> bool:
    """Whether the layer's alpha is a tensor that the tool looks for: the name of the layer and `.alpha`."""
    match = re.fullmatch(rf"(?P<name>.+?)({ENDS[tool]})", _first(roles))
    return match is not None and roles.get("alpha") == f"{match['name']}.alpha"


def _scaled(layout: LoraLayout, unseen: Mapping[str, Mapping[Role, str]]) -> set[str]:
    """Of those whose alpha is taken as the rank elsewhere, the ones that have another."""
    if not unseen or not (layout.scale.is_stated or any("alpha" in roles for roles in unseen.values())):
        return set()
    tensors, _ = read_tensors(layout.path, layout.start)
    found = set()
    for stem, roles in unseen.items():
        read = read_scaled_layers(layout, roles, tensors, part_of_name(stem), [bare_name(stem)])
        if any(layer.rank is not None and layer.alpha != layer.rank for layer, _ in read.values()):
            found.add(stem)
    return found
