"""Original names of layers, and which rows of them are diffusers' own, beside diffusers' converters of whole checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from diffusers import Flux2Transformer2DModel, FluxTransformer2DModel, ZImageTransformer2DModel
from diffusers.loaders import single_file_utils
from torch import Tensor, nn

from models.lora.sites import layer_names
from models.lora.transformers.layout import transformer_names

NORMS = ("img_attn.norm.query_norm", "img_attn.norm.key_norm", "txt_attn.norm.query_norm", "txt_attn.norm.key_norm")


def made(kind: Callable[..., nn.Module], **settings: Any) -> nn.Module:
    """On no device: the published widths, one block of each kind."""
    with torch.device("meta"):
        return kind(**settings)


MODELS: dict[str, tuple[Callable[[], nn.Module], str, list[str]]] = {
    "flux": (
        lambda: made(FluxTransformer2DModel, num_layers=1, num_single_layers=1, guidance_embeds=True),
        "convert_flux_transformer_checkpoint_to_diffusers",
        [f"double_blocks.0.{norm}.scale" for norm in NORMS]
        + [f"single_blocks.0.norm.{norm}_norm.scale" for norm in ("query", "key")],
    ),
    "flux2": (
        lambda: made(Flux2Transformer2DModel, num_layers=1, num_single_layers=1, num_attention_heads=24),
        "convert_flux2_transformer_checkpoint_to_diffusers",
        [],
    ),
    "z-image": (
        lambda: made(ZImageTransformer2DModel, n_layers=1, n_refiner_layers=1),
        "convert_z_image_transformer_checkpoint_to_diffusers",
        [],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_each_layers_rows_are_those_of_the_converted_checkpoint(name: str) -> None:
    make, converter, others = MODELS[name]
    denoiser = make()
    names = transformer_names(denoiser)
    checkpoint: dict[str, Tensor] = {key: torch.zeros(1) for key in others}
    wanted: dict[str, Tensor] = {}

    def rows(count: int) -> Tensor:
        """Numbers that no other layer has, one a row."""
        begin = len(checkpoint) * 1_000_000
        return torch.arange(begin, begin + count, dtype=torch.float64)[:, None]

    for original, pieces in names.pieces.items():
        stored = rows(max(one.stop for piece in pieces for one in piece.rows))
        for end in [".weight", *([".bias"] if _has_bias(denoiser, pieces[0].module) else [])]:
            checkpoint[original + end] = stored if end == ".weight" else stored[:, 0]
        wanted |= {piece.module: torch.cat([stored[one] for one in piece.rows]) for piece in pieces}
    pieced = set(wanted)
    for module in layer_names(denoiser):
        if module not in pieced:
            original, stored = names.single.get(module, module), rows(int(denoiser.get_parameter(f"{module}.weight").shape[0]))
            checkpoint[f"{original}.weight"] = wanted[module] = stored
            if _has_bias(denoiser, module):
                checkpoint[f"{original}.bias"] = stored[:, 0]
    assert len(wanted) == len(layer_names(denoiser))
    converted = getattr(single_file_utils, converter)(checkpoint)
    for module, stored in wanted.items():
        assert torch.equal(converted[f"{module}.weight"], stored), module


def _has_bias(denoiser: nn.Module, module: str) -> bool:
    return getattr(denoiser.get_submodule(module), "bias", None) is not None
