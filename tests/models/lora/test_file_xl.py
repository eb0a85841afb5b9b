"""LoRAs for SDXL: two text encoders, several transformer blocks in a row, both layouts; and none fits the other family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from models.base.family import CONFIGS
from models.errors import InputError
from models.lora.file import open_lora
from models.lora.key_spellings import site_names
from models.lora.layers.added import AddedLayer
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT, TEXT_2, layer_names
from models.testing.bases import random_parts, small_configs
from models.testing.ldm import unet_name
from models.testing.tiny import by_part

Parts = tuple[Any, ...]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    unet, _, *texts = random_parts(small_configs(tmp_path_factory.mktemp("configs") / "xl", "sdxl"))
    return unet, *texts


@pytest.fixture(scope="module")
def full() -> tuple[Parts, Parts]:
    """SD1.5's and SDXL's own shapes, without values."""
    with torch.device("meta"):
        found = []
        for family in ("sd15", "sdxl"):
            unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(CONFIGS / family / "unet"))
            text = CLIPTextModel(CLIPTextConfig.from_pretrained(CONFIGS / family / "text_encoder"))
            found.append((unet, text))
        second = CLIPTextModelWithProjection(CLIPTextConfig.from_pretrained(CONFIGS / "sdxl" / "text_encoder_2"))
    return found[0], (*found[1], second)


def pair(model: nn.Module, module: str) -> tuple[Tensor, Tensor]:
    weight = model.get_parameter(f"{module}.weight")
    ones = (1, 1) if weight.ndim == 4 else ()
    generator = torch.Generator().manual_seed(sum(map(ord, module)))
    down = torch.randn(2, *weight.shape[1:], generator=generator)
    return down, torch.randn(weight.shape[0], 2, *ones, generator=generator)


def flat(name: str) -> str:
    return name.replace(".", "_")


def attention(model: nn.Module) -> list[str]:
    return [n for n in layer_names(model) if "attentions" in n or "self_attn" in n or "mlp" in n]


def kohya(parts: Parts, original: bool, layers: Callable[[nn.Module], list[str]] = attention) -> dict[str, Tensor]:
    """What kohya's scripts write: every layer of the attentions, the UNet's under the original names or diffusers' own."""
    unet, *texts = parts
    stems = {}
    for module in layers(unet):
        name = unet_name(f"{module}.weight", len(texts) == 2).removesuffix(".weight") if original else module
        stems[f"lora_unet_{flat(name)}"] = pair(unet, module)
    for number, encoder in enumerate(texts, 1):
        prefix = f"lora_te{number}" if len(texts) == 2 else "lora_te"
        for module in layers(encoder):
            stems[f"{prefix}_text_model_{flat(module.removeprefix('text_model.'))}"] = pair(encoder, module)
    return {f"{stem}.lora_{way}.weight": m for stem, two in stems.items() for way, m in zip(("down", "up"), two, strict=True)}


def check(found: Mapping[str, AddedLayer], model: nn.Module, modules: list[str]) -> None:
    assert set(found) == set(modules)
    for module, layer in found.items():
        assert isinstance(layer, LoraLayer)
        assert torch.equal(layer.down, pair(model, module)[0])
        assert torch.equal(layer.up, pair(model, module)[1])


@pytest.mark.parametrize("original", [True, False])
def test_kohyas_names_in_both_layouts(tmp_path: Path, parts: Parts, original: bool) -> None:
    save_file(kohya(parts, original), tmp_path / "a.safetensors")
    found = open_lora(tmp_path / "a.safetensors", by_part(*parts))
    for layers, model in zip(found.layers.values(), parts, strict=True):
        check(layers, model, attention(model))


@pytest.mark.parametrize("original", [True, False])
def test_every_layer_has_its_name_convolutions_too(tmp_path: Path, parts: Parts, original: bool) -> None:
    unet = parts[0]
    tensors = kohya(parts, original, lambda model: layer_names(model) if model is unet else [])
    save_file(tensors, tmp_path / "a.safetensors")
    found = open_lora(tmp_path / "a.safetensors", by_part(*parts))
    check(found.layers[DENOISER], unet, layer_names(unet))
    assert any("downsamplers" in name for name in found.layers[DENOISER])
    assert (found.layers[TEXT], found.layers[TEXT_2]) == ({}, {})


@pytest.mark.parametrize("ends", [("lora_A", "lora_B"), ("lora.down", "lora.up")])
def test_diffusers_and_peft_prefixes(tmp_path: Path, parts: Parts, ends: tuple[str, str]) -> None:
    tensors: dict[str, Tensor] = {}
    for prefix, model in zip(("unet", "text_encoder", "text_encoder_2"), parts, strict=True):
        for module in attention(model):
            name = module if prefix == "unet" else f"text_model.{module.removeprefix('text_model.')}"
            tensors |= {f"{prefix}.{name}.{end}.weight": m for end, m in zip(ends, pair(model, module), strict=True)}
    settings = '{"text_encoder_2.r": 2, "text_encoder_2.lora_alpha": 6, "unet.r": 2, "unet.lora_alpha": 4}'
    save_file(tensors, tmp_path / "a.safetensors", {"lora_adapter_metadata": settings})
    found = open_lora(tmp_path / "a.safetensors", by_part(*parts))
    for layers, model in zip(found.layers.values(), parts, strict=True):
        check(layers, model, attention(model))
    assert [{layer.alpha for layer in layers.values()} for layers in found.layers.values()] == [{4}, {2}, {6}]


def test_published_names_of_full_size(full: tuple[Parts, Parts]) -> None:
    names = site_names(by_part(*full[1]))
    known = {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_ff_net_2": "down_blocks.1.attentions.0.transformer_blocks.0.ff.net.2",
        "lora_unet_input_blocks_8_1_transformer_blocks_9_ff_net_2": "down_blocks.2.attentions.1.transformer_blocks.9.ff.net.2",
        "lora_unet_middle_block_1_transformer_blocks_9_ff_net_2": "mid_block.attentions.0.transformer_blocks.9.ff.net.2",
        "lora_unet_output_blocks_2_1_proj_in": "up_blocks.0.attentions.2.proj_in",
        "lora_unet_output_blocks_2_2_conv": "up_blocks.0.upsamplers.0.conv",
        "lora_unet_output_blocks_5_2_conv": "up_blocks.1.upsamplers.0.conv",
        "lora_unet_input_blocks_3_0_op": "down_blocks.0.downsamplers.0.conv",
        "lora_unet_output_blocks_8_0_skip_connection": "up_blocks.2.resnets.2.conv_shortcut",
        "lora_unet_label_emb_0_0": "add_embedding.linear_1",
        "lora_te2_text_model_encoder_layers_31_mlp_fc2": "text_model.encoder.layers.31.mlp.fc2",
        "lora_te2_text_projection": "text_projection",
    }
    assert {name: names[name].module for name in known} == known
    assert {names[name].part for name in known if "te2" in name} == {"text_2"}
    assert names["lora_te1_text_model_encoder_layers_0_mlp_fc1"].part == "text"


def test_each_familys_lora_is_refused_on_the_other_with_counts(tmp_path: Path, full: tuple[Parts, Parts]) -> None:
    small, large = full
    path = tmp_path / "a.safetensors"
    save_file(kohya((large[0],), False), path)
    with pytest.raises(InputError, match=r"a LoRA for SDXL: \d+ of its 722 layers match this base \(SD 1\.x\)") as told:
        open_lora(path, by_part(*small))
    assert "\n" not in str(told.value)
    save_file(kohya(large, True), path)
    with pytest.raises(InputError, match=r"a LoRA for SDXL: \d+ of its 986 layers match"):
        open_lora(path, by_part(*small))
    save_file(kohya(small, False), path)
    with pytest.raises(InputError, match=r"a LoRA for SD 1\.x: \d+ of its 264 layers match this base \(SDXL\)"):
        open_lora(path, by_part(*large))


def test_the_second_text_encoders_layers_fit_no_base_without_one(tmp_path: Path, parts: Parts) -> None:
    save_file({n: t for n, t in kohya(parts, True).items() if "lora_te" in n}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=r"12 of its 30 layers match this base; 'lora_te2_text_model"):
        open_lora(tmp_path / "a.safetensors", by_part(*parts[:2]))
