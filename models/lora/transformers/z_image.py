"""Z-Image's own names, which ComfyUI's model and the files trained on it have."""

from __future__ import annotations

import re
from typing import Final

QKV: Final = {"to_q": 0, "to_k": 1, "to_v": 2}


def z_image_name(module: str) -> tuple[str, int] | str | None:
    """As `models.lora.transformers.layout.Namer`."""
    attention, _, inner = module.rpartition(".attention.")
    if inner in QKV:
        return f"{attention}.attention.qkv", QKV[inner]
    if inner == "to_out.0":
        return f"{attention}.attention.out"
    # One of each for every size of patch, of which the published model has one.
    outer = re.sub(r"^all_(x_embedder|final_layer)\.2-1", r"\1", module)
    return outer if outer != module else None
