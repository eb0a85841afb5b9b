"""One file that weighs what several LoRAs weigh together: by the weights themselves, through its own door and diffusers'."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextModel

from models.errors import InputError
from models.lora.combine import sum_loras, write_sum
from models.lora.file import LoraFile, open_lora
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT, TEXT_2, layer_names
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q"
OUT = "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"
PROJECTION = "down_blocks.1.attentions.0.proj_in"
CONVOLUTION = "down_blocks.1.resnets.0.conv1"
WEIGHTS = {"face": 0.65, "dress": -0.3, "shoes": 1.2}


def layer_for(model: nn.Module, name: str, rank: int, alpha: float, dtype: torch.dtype = torch.float32) -> LoraLayer:
    weight = model.get_submodule(name).weight
    assert isinstance(weight, Tensor)
    ones = (1, 1) if weight.ndim == 4 else ()
    return LoraLayer(torch.randn(rank, *weight.shape[1:], dtype=dtype), torch.randn(len(weight), rank, *ones, dtype=dtype), alpha)


def words(text: nn.Module, mark: str) -> str:
    return next(name for name in layer_names(text) if name.endswith(f"layers.1.self_attn.{mark}"))


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return tiny_unet()


@pytest.fixture(scope="module")
def text() -> CLIPTextModel:
    return tiny_text_encoder()


@pytest.fixture(scope="module")
def loras(unet: UNet2DConditionModel, text: CLIPTextModel) -> dict[str, LoraFile]:
    """Of different ranks, alphas and types, on layers that they share and do not share, convolutions and text among them."""
    torch.manual_seed(5)
    query, out = words(text, "q_proj"), words(text, "out_proj")
    face = {QUERY: layer_for(unet, QUERY, 3, 1.5), CONVOLUTION: layer_for(unet, CONVOLUTION, 2, 1.0)}
    dress = {name: layer_for(unet, name, 5, 4.0, torch.float16) for name in (QUERY, OUT, PROJECTION, CONVOLUTION)}
    shoes = {OUT: layer_for(unet, OUT, 1, 8.0)}

    def file(name: str, layers: dict[str, LoraLayer], words: dict[str, LoraLayer]) -> LoraFile:
        return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name, {DENOISER: layers, TEXT: words}, {})

    return {
        "face": file("face", face, {query: layer_for(text, query, 3, 1.0)}),
        "dress": file("dress", dress, {query: layer_for(text, query, 2, 2.0), out: layer_for(text, out, 2, 2.0)}),
        "shoes": file("shoes", shoes, {}),
    }


def wanted(loras: dict[str, LoraFile], part: str, module: str) -> Tensor:
    found = [WEIGHTS[n] * f.layers[part][module].delta() for n, f in loras.items() if module in f.layers[part]]
    return torch.stack(found).sum(0)


def check(loras: dict[str, LoraFile], part: str, deltas: dict[str, Tensor]) -> None:
    assert set(deltas) == {module for file in loras.values() for module in file.layers[part]}
    for module, delta in deltas.items():
        assert torch.allclose(delta, wanted(loras, part, module), rtol=1e-5, atol=1e-5), module


def test_the_file_weighs_at_1_what_the_loras_weigh_together(
    tmp_path: Path, loras: dict[str, LoraFile], unet: UNet2DConditionModel, text: CLIPTextModel
) -> None:
    summed = sum_loras(loras, WEIGHTS)
    assert (summed.rank, summed.layers[DENOISER][QUERY].rank, summed.layers[DENOISER][OUT].rank, summed.megabytes) == (8, 8, 8, 0)
    filled = summed.layers[DENOISER][OUT]
    assert isinstance(filled, LoraLayer)
    assert not filled.down[6:].any(), "a rank of 6 is filled up to 8, so that no factor is rounded twice"
    write_sum(tmp_path / "和.safetensors", summed, {"ss_output_name": "sum"}, by_part(unet, text))
    found = open_lora(tmp_path / "和.safetensors", by_part(unet, text))
    check(loras, DENOISER, {module: layer.delta() for module, layer in found.layers[DENOISER].items()})
    check(loras, TEXT, {module: layer.delta() for module, layer in found.layers[TEXT].items()})
    assert {layer.alpha for layer in (*found.layers[DENOISER].values(), *found.layers[TEXT].values())} == {8.0}
    assert found.metadata["ss_output_name"] == "sum"
    assert [file.name for file in tmp_path.iterdir()] == ["和.safetensors"]


@pytest.mark.filterwarnings("ignore")
def test_diffusers_reads_the_same(
    tmp_path: Path, loras: dict[str, LoraFile], unet: UNet2DConditionModel, text: CLIPTextModel
) -> None:
    from diffusers.loaders import StableDiffusionLoraLoaderMixin as Mixin

    write_sum(tmp_path / "a.safetensors", sum_loras(loras, WEIGHTS), {}, by_part(unet, text))
    target, encoder = deepcopy(unet), deepcopy(text)
    state, alphas = Mixin.lora_state_dict(str(tmp_path / "a.safetensors"), unet_config=target.config)
    Mixin.load_lora_into_unet(state, alphas, target, adapter_name="x")
    Mixin.load_lora_into_text_encoder(state, alphas, encoder, prefix="text_encoder", adapter_name="x")
    for part, model in ((DENOISER, target), (TEXT, encoder)):
        check(loras, part, {n: m.get_delta_weight("x") for n, m in model.named_modules() if hasattr(m, "get_delta_weight")})


def test_both_text_encoders_of_sdxl_have_their_names(
    tmp_path: Path, loras: dict[str, LoraFile], unet: UNet2DConditionModel, text: CLIPTextModel
) -> None:
    second = tiny_text_encoder(1)
    both = {name: replace(file, layers={**file.layers, TEXT_2: file.layers[TEXT]}) for name, file in loras.items()}
    write_sum(tmp_path / "a.safetensors", sum_loras(both, WEIGHTS), {"modelspec.title": "x"}, by_part(unet, text, second))
    prefixes = {key.split("_text_model")[0] for key in load_file(tmp_path / "a.safetensors") if "text_model" in key}
    assert prefixes == {"lora_te1", "lora_te2"}
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text, second))
    for part in (DENOISER, TEXT, TEXT_2):
        check(both, part, {module: layer.delta() for module, layer in found.layers[part].items()})
    assert found.metadata == {"modelspec.title": "x"}


def test_a_lora_of_weight_0_is_left_out(loras: dict[str, LoraFile]) -> None:
    assert set(sum_loras(loras, {"dress": 0.0, "shoes": 0.4}).layers[DENOISER]) == {OUT}
    for weights in ({}, {"dress": 0.0}):
        with pytest.raises(InputError, match="every LoRA has weight 0"):
            sum_loras(loras, weights)


ranks = st.lists(st.tuples(st.integers(1, 4), st.floats(0.1, 8), st.floats(-2, 2)), min_size=1, max_size=4)


@given(ranks)
def test_any_ranks_alphas_and_weights(held: list[tuple[int, float, float]]) -> None:
    torch.manual_seed(0)
    layers = [LoraLayer(torch.randn(rank, 6, 3, 3), torch.randn(5, rank, 1, 1), alpha) for rank, alpha, _ in held]
    files = {str(i): LoraFile(Path("x"), str(i), "", "", {DENOISER: {"conv": layer}}, {}) for i, layer in enumerate(layers)}
    weights = {str(i): weight for i, (_, _, weight) in enumerate(held)}
    expected = sum(weight * layer.delta() for weight, layer in zip(weights.values(), layers, strict=True))

    if not any(weights.values()):
        with pytest.raises(InputError):
            sum_loras(files, weights)
        return
    delta = sum_loras(files, weights).layers[DENOISER]["conv"].delta()
    assert torch.allclose(delta, torch.as_tensor(expected), rtol=1e-4, atol=1e-4)
