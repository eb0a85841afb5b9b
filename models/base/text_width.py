"""How wide the text is that a base reads, told by its files alone: what a ControlNet must fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from models.base.stable_diffusion import StableDiffusion
from models.errors import InputError
from models.io.safetensors_header import read_safetensors_header


def stated_text_width(checkpoint: Path) -> int | None:
    """Of a base on this machine, by its config or the header of its file; None where nothing tells it: what is wrong with it is
    said when it opens."""
    try:
        if checkpoint.is_dir():
            config = checkpoint / StableDiffusion.denoiser_folder / "config.json"
            width = json.loads(config.read_text(encoding="utf-8"))["cross_attention_dim"]
            return width if isinstance(width, int) else None
        return width_of_text(read_safetensors_header(checkpoint).shapes) if checkpoint.suffix == ".safetensors" else None
    except (InputError, OSError, ValueError, LookupError, TypeError):
        return None


def width_of_text(shapes: Mapping[str, tuple[int, ...]]) -> int | None:
    """Of the text that cross-attention reads, of a ControlNet or a base; None where nothing tells it."""
    found = next((shape for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")), ())
    return found[1] if len(found) > 1 else None
