"""The names that Black Forest Labs' code gives the layers of FLUX.1 and FLUX.2, which ComfyUI's model and kohya's files have."""

from __future__ import annotations

import re
from typing import Final

QKV: Final = {"attn.to_q": ("img_attn", 0), "attn.to_k": ("img_attn", 1), "attn.to_v": ("img_attn", 2)} | {
    "attn.add_q_proj": ("txt_attn", 0), "attn.add_k_proj": ("txt_attn", 1), "attn.add_v_proj": ("txt_attn", 2)
}  # fmt: skip
ATTENDED: Final = {"attn.to_out.0": "img_attn.proj", "attn.to_add_out": "txt_attn.proj"}
"""Within a block of two streams, of both models."""
DOUBLE: Final = ATTENDED | {
    "ff.net.0.proj": "img_mlp.0",
    "ff.net.2": "img_mlp.2",
    "ff_context.net.0.proj": "txt_mlp.0",
    "ff_context.net.2": "txt_mlp.2",
    "norm1.linear": "img_mod.lin",
    "norm1_context.linear": "txt_mod.lin",
}
DOUBLE_2: Final = ATTENDED | {
    "ff.linear_in": "img_mlp.0",
    "ff.linear_out": "img_mlp.2",
    "ff_context.linear_in": "txt_mlp.0",
    "ff_context.linear_out": "txt_mlp.2",
}
FUSED: Final = {"attn.to_q": 0, "attn.to_k": 1, "attn.to_v": 2, "proj_mlp": 3}
"""Within a block of one stream of FLUX.1, which its makers' code has in one matrix."""
SINGLE: Final = {"proj_out": "linear2", "norm.linear": "modulation.lin"}
SINGLE_2: Final = {"attn.to_qkv_mlp_proj": "linear1", "attn.to_out": "linear2"}
EMBEDDERS: Final = {"timestep_embedder": "time_in", "guidance_embedder": "guidance_in", "text_embedder": "vector_in"}
OUTER: Final = {"x_embedder": "img_in", "context_embedder": "txt_in", "proj_out": "final_layer.linear"}
SWAPPED: Final = -1
"""diffusers has scale and shift of the last norm in the other order."""


def flux_name(module: str) -> tuple[str, int] | str | None:
    """As `models.lora.transformers.layout.Namer`, of FLUX.1."""
    return _name(module, DOUBLE, SINGLE, FUSED)


def flux2_name(module: str) -> tuple[str, int] | str | None:
    """The same of FLUX.2."""
    stream = re.fullmatch(r"((?:single|double)_stream_modulation(?:_img|_txt)?)\.linear", module)
    return f"{stream[1]}.lin" if stream else _name(module, DOUBLE_2, SINGLE_2, {})


def _name(module: str, double: dict[str, str], single: dict[str, str], fused: dict[str, int]) -> tuple[str, int] | str | None:
    block = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.(.+)", module)
    if block is None:
        return _outer_name(module)
    number, inner = block[2], block[3]
    if block[1]:
        if inner in fused:
            return f"single_blocks.{number}.linear1", fused[inner]
        return f"single_blocks.{number}.{single[inner]}" if inner in single else None
    if inner in QKV:
        side, place = QKV[inner]
        return f"double_blocks.{number}.{side}.qkv", place
    return f"double_blocks.{number}.{double[inner]}" if inner in double else None


def _outer_name(module: str) -> tuple[str, int] | str | None:
    if module == "norm_out.linear":
        return "final_layer.adaLN_modulation.1", SWAPPED
    embedder = re.fullmatch(r"time_(?:text|guidance)_embed\.(\w+)\.linear_([12])", module)
    if embedder is not None:
        return f"{EMBEDDERS[embedder[1]]}.{'in' if embedder[2] == '1' else 'out'}_layer"
    return OUTER.get(module)
