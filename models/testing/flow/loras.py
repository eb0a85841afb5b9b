"""LoRA files for the denoiser of a flow-matching base, as each tool names its layers, some of them several in one matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.lora.sites import layer_names
from models.lora.transformers.layout import transformer_names

Spelling = Callable[[str], str]
KOHYA, PEFT = ("lora_down.weight", "lora_up.weight"), ("lora_A.weight", "lora_B.weight")


def _flat(prefix: str) -> Spelling:
    return lambda name: prefix + name.replace(".", "_")


def _dotted(prefix: str) -> Spelling:
    return lambda name: prefix + name


OWN: Final[Mapping[str, tuple[Spelling, tuple[str, str]]]] = {
    "diffusers": (_dotted("transformer."), PEFT),
    "peft, no prefix": (_dotted(""), PEFT),
    "peft": (_dotted("base_model.model."), PEFT),
    "ai-toolkit": (_dotted("diffusion_model."), PEFT),
    "kohya": (_flat("lora_unet_"), KOHYA),
    "OneTrainer": (_flat("lora_transformer_"), KOHYA),
    "LyCORIS": (_flat("lycoris_"), KOHYA),
}
"""Over diffusers' own names of layers: how a name is written, and the ends of the down and the up matrix."""
ORIGINAL: Final[Mapping[str, tuple[Spelling, tuple[str, str]]]] = {
    "ComfyUI": (_dotted("diffusion_model."), PEFT),
    "kohya, original layout": (_flat("lora_unet_"), KOHYA),
    "original, no prefix": (_dotted(""), KOHYA),
}
"""Over the names that the makers gave them."""


def save_lora(
    path: Path, denoiser: nn.Module, naming: str, modules: Sequence[str] | None = None, *, seed: int = 0, size: float = 0.3
) -> Path:
    """Rank 2, alpha 1 with kohya's ends, random numbers of standard deviation `size`; on all linear layers, or on `modules`.

    The layers of an original layout are written as it has them: the rows of several in one matrix under one name.
    """
    generator = torch.Generator().manual_seed(seed)
    spell, (down, up) = {**OWN, **ORIGINAL}[naming]
    shapes = {name: tuple(denoiser.get_parameter(f"{name}.weight").shape) for name in modules or layer_names(denoiser)}
    if naming in ORIGINAL:
        shapes = _in_original_layout(denoiser, shapes)
    tensors: dict[str, Tensor] = {}
    for name, (rows, columns) in shapes.items():
        tensors[f"{spell(name)}.{down}"] = torch.randn(2, columns, generator=generator) * size
        tensors[f"{spell(name)}.{up}"] = torch.randn(rows, 2, generator=generator) * size
        if (down, up) == KOHYA:
            tensors[f"{spell(name)}.alpha"] = torch.tensor(1.0)
    save_file(tensors, path)
    return path


def in_own_layout(path: Path, denoiser: nn.Module, out: Path) -> Path:
    """A file of the naming "ComfyUI" written again under diffusers' names, each layer's rows under its own."""
    from safetensors.torch import load_file

    names = transformer_names(denoiser)
    single = {original: own for own, original in names.single.items()}
    tensors: dict[str, Tensor] = {}
    for key, tensor in load_file(path).items():
        stem, end = key.removeprefix("diffusion_model.").rsplit(".", 2)[0], ".".join(key.rsplit(".", 2)[1:])
        for module, rows in [(p.module, p.rows) for p in names.pieces.get(stem, ())] or [(single.get(stem, stem), ())]:
            cut = torch.cat([tensor[one] for one in rows]) if rows and end == PEFT[1] else tensor
            tensors[f"transformer.{module}.{end}"] = cut.clone()
    save_file(tensors, out)
    return out


def _in_original_layout(denoiser: nn.Module, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    names = transformer_names(denoiser)
    pieces = {piece.module: original for original, found in names.pieces.items() for piece in found}
    found: dict[str, tuple[int, ...]] = {}
    for name, (rows, columns) in shapes.items():
        original = pieces.get(name) or names.single.get(name, name)
        found[original] = (found.get(original, (0,))[0] + rows, columns)
    return found
