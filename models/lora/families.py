"""The family of bases that a LoRA was trained on, told from the shapes and the names of its layers alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from models.lora.numbered_keys import PARTS
from models.lora.sites import DENOISER

if TYPE_CHECKING:
    from torch import nn

CONTEXT_WIDTHS: Final = {768: "SD 1.x", 1024: "SD 2.x", 2048: "SDXL"}
"""Width of the text that cross-attention reads, by family of bases."""
NUMBERED: Final = next(f"{prefix}:" for prefix, part in PARTS.items() if part == DENOISER)
TRANSFORMERS: Final = {
    "ZImageTransformer2DModel": "Z-Image",
    "FluxTransformer2DModel": "FLUX.1",
    "Flux2Transformer2DModel": "FLUX.2",
}
"""By diffusers' class of a base's denoiser."""
FAMILY_MARKS: Final = (
    (r"to_qkv_mlp_proj|(single|double)_stream_modulation|ff(_context)?[._]linear_(in|out)", "FLUX.2"),
    (r"single_transformer_blocks[._]\d+[._]proj_mlp|norm1_context|(img|txt)_mod[._]lin|modulation[._]lin", "FLUX.1"),
    (r"single_transformer_blocks|double_blocks|single_blocks", "FLUX or its kin"),
    (r"joint_(transformer_)?blocks|joint_attn", "SD 3"),
    (r"noise_refiner|context_refiner|[._]adaLN_modulation", "Z-Image or Lumina"),
    (r"(^|[._])layers[._]\d+[._](attention[._](to_[qkv]|to_out|qkv|out)|feed_forward[._]w\d)($|[._])", "Z-Image or Lumina"),
    (r"txt_mlp|img_mlp|img_mod", "Qwen-Image"),
    (r"(^|[._])blocks[._]\d+[._](self|cross)_attn", "Wan or its kin"),
    (r"lora_prior_", "Stable Cascade"),
    (r"(^|[._])transformer_blocks[._]\d+[._]attn[._]", "a transformer, such as SD 3 or FLUX"),
    (r"(input_blocks|output_blocks|middle_block)[._].*transformer_blocks[._][1-9]", "SDXL"),
    (r"(down_blocks|up_blocks|mid_block)[._].*transformer_blocks[._][1-9]", "SDXL"),
    (r"^lora_te2_|^clip_g\.", "SDXL"),
)
"""Names that layers have in one family only, tried in this order."""
LAYER_NAME: Final = re.compile(
    r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block|encoder[._]layers)[._]|conv_in|conv_out|time_embed"
)
"""What the names of the layers of a Stable Diffusion hold, in any spelling."""


def family_of_layers(down: Mapping[str, Sequence[int]]) -> str | None:
    """By the shapes of its down matrices; None if they fit none."""
    for stem, shape in down.items():
        if len(shape) >= 2 and stem.replace(".", "_").endswith("attn2_to_k"):
            return CONTEXT_WIDTHS.get(shape[1])
        # a numbered layer of the denoiser has one of these widths only where it reads text
        if len(shape) >= 2 and stem.startswith(NUMBERED) and shape[1] in CONTEXT_WIDTHS:
            return CONTEXT_WIDTHS[shape[1]]
    return None


def family_of_names(stems: Iterable[str]) -> str | None:
    """By names that only one family has; None if there is none of them."""
    stems = list(stems)
    return next((family for mark, family in FAMILY_MARKS if any(re.search(mark, stem) for stem in stems)), None)


def family_of_denoiser(denoiser: nn.Module) -> str | None:
    """Of a base; None if its denoiser is of no family that is told here."""
    width: Any = getattr(denoiser, "config", {}).get("cross_attention_dim")
    return TRANSFORMERS.get(type(denoiser).__name__) or CONTEXT_WIDTHS.get(width)


def is_layer_name(stem: str) -> bool:
    """Whether a Stable Diffusion may have a layer of this name, whatever its prefix."""
    return LAYER_NAME.search(stem) is not None
