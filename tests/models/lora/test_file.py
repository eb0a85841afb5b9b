from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPTextModel

from models.errors import InputError
from models.lora.file import open_lora, write_lora
from models.lora.key_spellings import site_names
from models.lora.layers.added import AddedLayer
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT, layer_names
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q"
OUT = "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"
PROJECTION = "down_blocks.1.attentions.0.proj_in"
CONVOLUTION = "down_blocks.1.resnets.0.conv1"
SITES = (QUERY, OUT, PROJECTION, CONVOLUTION)


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return tiny_unet()


@pytest.fixture(scope="module")
def text() -> CLIPTextModel:
    return tiny_text_encoder()


def layer_for(model: nn.Module, name: str, rank: int = 3, alpha: float = 1.5) -> LoraLayer:
    weight = model.get_submodule(name).weight
    assert isinstance(weight, Tensor)
    ones = (1, 1) if weight.ndim == 4 else ()
    generator = torch.Generator().manual_seed(sum(map(ord, name)))
    down = torch.randn(rank, *weight.shape[1:], generator=generator)
    return LoraLayer(down, torch.randn(weight.shape[0], rank, *ones, generator=generator), alpha)


def layers(model: nn.Module, names: tuple[str, ...]) -> dict[str, LoraLayer]:
    return {name: layer_for(model, name) for name in names}


def query_of_text(text: CLIPTextModel) -> str:
    return next(n for n in layer_names(text) if n.endswith("layers.1.self_attn.q_proj"))


def same(a: Mapping[str, AddedLayer], b: Mapping[str, AddedLayer]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k].delta(), b[k].delta()) for k in a)


def test_delta_of_a_convolution_is_the_two_convolutions_in_a_row() -> None:
    layer = LoraLayer(torch.randn(2, 3, 3, 3), torch.randn(5, 2, 1, 1), alpha=3.0)
    x = torch.randn(1, 3, 6, 6)
    twice = nn.functional.conv2d(nn.functional.conv2d(x, layer.down, padding=1), layer.up) * 1.5
    assert torch.allclose(nn.functional.conv2d(x, layer.delta(), padding=1), twice, atol=1e-4)


def test_what_is_written_is_read_back(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    wanted, words = layers(unet, SITES), layers(text, (query_of_text(text),))
    metadata = {"ss_output_name": "dress", "modelspec.title": "dress"}
    written = write_lora(tmp_path / "连衣裙 a.safetensors", {DENOISER: wanted, TEXT: words}, metadata)
    found = open_lora(tmp_path / "连衣裙 a.safetensors", by_part(unet, text))
    assert same(found.layers[DENOISER], wanted)
    assert same(found.layers[TEXT], words)
    assert found.name == "连衣裙 a"
    assert found.metadata["ss_output_name"] == "dress"
    assert found.hash == written[:12]
    assert found.digest == written
    assert [p.name for p in tmp_path.iterdir()] == ["连衣裙 a.safetensors"]


def test_keys_are_those_that_kohya_tools_look_for(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    path = tmp_path / "a.safetensors"
    write_lora(path, {DENOISER: layers(unet, (QUERY,)), TEXT: layers(text, (query_of_text(text),))}, {})
    keys = {k.split(".")[0] for k in load_file(path)}
    assert keys == {
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_q",
        "lora_te_text_model_encoder_layers_1_self_attn_q_proj",
    }


@pytest.mark.filterwarnings("ignore")
def test_diffusers_reads_the_same_delta(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    from diffusers.loaders import StableDiffusionLoraLoaderMixin

    query = query_of_text(text)
    wanted, words = layers(unet, SITES), layers(text, (query, query.replace("q_proj", "out_proj")))
    write_lora(tmp_path / "a.safetensors", {DENOISER: wanted, TEXT: words}, {})
    target, encoder = deepcopy(unet), deepcopy(text)
    state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(str(tmp_path / "a.safetensors"), unet_config=target.config)
    StableDiffusionLoraLoaderMixin.load_lora_into_unet(state, alphas, target, adapter_name="x")
    StableDiffusionLoraLoaderMixin.load_lora_into_text_encoder(state, alphas, encoder, prefix="text_encoder", adapter_name="x")
    for model, expected in ((target, wanted), (encoder, words)):
        wrapped = {n: m for n, m in model.named_modules() if hasattr(m, "get_delta_weight")}
        assert set(wrapped) == set(expected)
        for name, layer in expected.items():
            assert torch.allclose(wrapped[name].get_delta_weight("x"), layer.delta(), rtol=1e-6, atol=1e-6)


SPELLINGS = {
    "peft": ("unet.{}.lora_A.weight", "unet.{}.lora_B.weight"),
    "peft adapter": ("base_model.model.{}.lora_A.weight", "base_model.model.{}.lora_B.weight"),
    "diffusers": ("unet.{}.lora.down.weight", "unet.{}.lora.up.weight"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_other_spellings(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, spelling: str) -> None:
    tensors: dict[str, Tensor] = {}
    for name in SITES:
        layer = layer_for(unet, name, alpha=3.0)
        tensors |= dict(zip((s.format(name) for s in SPELLINGS[spelling]), (layer.down, layer.up), strict=True))
    save_file(tensors, tmp_path / "a.safetensors")
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text))
    assert same(found.layers[DENOISER], {n: layer_for(unet, n, alpha=3.0) for n in SITES}), "a missing alpha means alpha = rank"


def test_attention_processor_spelling(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    words = query_of_text(text)
    tensors: dict[str, Tensor] = {}
    for stem, layer in (
        ("unet." + OUT.replace(".to_out.0", ".processor.to_out_lora"), layer_for(unet, OUT)),
        ("text_encoder.text_model." + words.replace("q_proj", "to_q_lora"), layer_for(text, words)),
    ):
        tensors |= {f"{stem}.down.weight": layer.down, f"{stem}.up.weight": layer.up}
    save_file(tensors, tmp_path / "a.safetensors")
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text))
    assert (set(found.layers[DENOISER]), set(found.layers[TEXT])) == ({OUT}, {words})


def test_alpha_from_the_metadata_that_diffusers_writes(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    layer = layer_for(unet, QUERY)
    settings = {"unet.r": 3, "unet.lora_alpha": 6, "unet.alpha_pattern": {}}
    tensors = {f"unet.{QUERY}.lora_A.weight": layer.down, f"unet.{QUERY}.lora_B.weight": layer.up}
    save_file(tensors, tmp_path / "a.safetensors", {"lora_adapter_metadata": json.dumps(settings)})
    assert open_lora(tmp_path / "a.safetensors", by_part(unet, text)).layers[DENOISER][QUERY].alpha == 6.0


def test_original_layout_counts_blocks_as_stable_diffusion_does() -> None:
    shape: dict[str, Any] = {
        "layers_per_block": 2,
        "block_out_channels": (4, 4, 8, 8),
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    }
    names = site_names(by_part(tiny_unet(**shape), tiny_text_encoder()))
    known = {
        "input_blocks_1_1_proj_in": "down_blocks.0.attentions.0.proj_in",
        "input_blocks_4_1_transformer_blocks_0_attn2_to_v": "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v",
        "input_blocks_6_0_op": "down_blocks.1.downsamplers.0.conv",
        "input_blocks_11_0_in_layers_2": "down_blocks.3.resnets.1.conv1",
        "middle_block_1_proj_out": "mid_block.attentions.0.proj_out",
        "output_blocks_2_1_conv": "up_blocks.0.upsamplers.0.conv",
        "output_blocks_3_1_proj_in": "up_blocks.1.attentions.0.proj_in",
        "output_blocks_8_2_conv": "up_blocks.2.upsamplers.0.conv",
        "output_blocks_11_0_skip_connection": "up_blocks.3.resnets.2.conv_shortcut",
    }
    assert {k: names[f"lora_unet_{k}"].module for k in known} == known


@pytest.mark.parametrize("form", ["kohya", "peft"])
def test_locon_touches_every_convolution(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, form: str) -> None:
    ends = ("conv1", "conv2", "conv_shortcut", "time_emb_proj", "downsamplers.0.conv", "upsamplers.0.conv", "conv_in", "conv_out")
    wanted = {name: layer_for(unet, name) for name in layer_names(unet) if name.endswith(ends)}
    assert all(any(name.endswith(end) for name in wanted) for end in ends)
    tensors: dict[str, Tensor] = {}
    for name, layer in wanted.items():
        stem, down, up = {
            "kohya": (f"lora_unet_{name.replace('.', '_')}", "lora_down", "lora_up"),
            "peft": (f"unet.{name}", "lora_A", "lora_B"),
        }[form]
        tensors |= {f"{stem}.{down}.weight": layer.down, f"{stem}.{up}.weight": layer.up}
        tensors[f"{stem}.alpha"] = torch.tensor(layer.alpha)
    save_file(tensors, tmp_path / "a.safetensors")
    assert same(open_lora(tmp_path / "a.safetensors", by_part(unet, text)).layers[DENOISER], wanted)


def test_linear_and_1x1_convolution_are_the_same(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    layer = layer_for(unet, PROJECTION)
    flat = LoraLayer(layer.down.flatten(1), layer.up.flatten(1), layer.alpha)
    write_lora(tmp_path / "a.safetensors", {DENOISER: {PROJECTION: flat}}, {})
    assert same(open_lora(tmp_path / "a.safetensors", by_part(unet, text)).layers[DENOISER], {PROJECTION: layer})


def test_a_foreign_model_hash_names_the_file_but_caches_go_by_its_content(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel
) -> None:
    path = tmp_path / "a.safetensors"
    layer = layer_for(unet, QUERY)
    tensors = {f"unet.{QUERY}.lora_A.weight": layer.down, f"unet.{QUERY}.lora_B.weight": layer.up}
    save_file(tensors, path, {"sshs_model_hash": "ab" * 32})
    found = open_lora(path, by_part(unet, text))
    data = path.read_bytes()
    assert found.hash == "ab" * 6
    assert found.digest == hashlib.sha256(data[8 + struct.unpack("<Q", data[:8])[0] :]).hexdigest()


def test_another_architecture_is_refused_with_counts(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    path = tmp_path / "a.safetensors"
    write_lora(path, {DENOISER: {**layers(unet, (QUERY,)), "nowhere.to_q": layer_for(unet, QUERY)}}, {})
    with pytest.raises(InputError, match="1 of its 2 layers match"):
        open_lora(path, by_part(unet, text))
    wide = tiny_unet(cross_attention_dim=20)
    write_lora(path, {DENOISER: layers(wide, (QUERY, QUERY.replace("to_q", "to_k")))}, {})
    with pytest.raises(InputError, match="1 of its 2 layers match"):
        open_lora(path, by_part(unet, text))


@pytest.mark.parametrize(
    ("key", "method"),
    [
        ("hada_w1_a", "LoHa"),
        ("lokr_w1", "LoKr"),
        ("dora_scale", "DoRA"),
        ("lora_mid.weight", "Tucker"),
        ("oft_R.weight", "OFT of peft"),
        ("boft_R", "BOFT of peft"),
        ("ia3_l", r"\(IA\)3 of peft"),
        ("set_weight", "replaced-weights"),
    ],
)
def test_other_methods_are_refused_by_name(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, key: str, method: str
) -> None:
    save_file({f"lora_unet_down_blocks_1.{key}": torch.zeros(2, 2)}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=method):
        open_lora(tmp_path / "a.safetensors", by_part(unet, text))


def test_files_that_hold_no_lora(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    good = tmp_path / "good.safetensors"
    write_lora(good, {DENOISER: layers(unet, SITES)}, {})
    data = good.read_bytes()
    cases = {
        "cut.safetensors": data[:-10],
        "cut header.safetensors": data[:100],
        "empty.safetensors": b"",
        "noise.safetensors": bytes(range(256)) * 8,
        "list.safetensors": struct.pack("<Q", 2) + b"[]",
        "strange.safetensors": struct.pack("<Q", 9) + b'{"a": 1}\n',
        "pickle.pt": data,
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError) as told:
            open_lora(tmp_path / name, by_part(unet, text))
        assert "\n" not in str(told.value)
    with pytest.raises(InputError, match="no such"):
        open_lora(tmp_path / "absent.safetensors", by_part(unet, text))


def test_nan_half_layers_and_checkpoints(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    path = tmp_path / "a.safetensors"
    layer = layer_for(unet, QUERY)
    write_lora(path, {DENOISER: {QUERY: LoraLayer(layer.down * float("nan"), layer.up, 1.0)}}, {})
    with pytest.raises(InputError, match="NaN"):
        open_lora(path, by_part(unet, text))
    save_file({f"unet.{QUERY}.lora_A.weight": layer.down}, path)
    with pytest.raises(InputError, match="other half"):
        open_lora(path, by_part(unet, text))
    save_file({"model.diffusion_model.input_blocks.0.0.weight": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="not a LoRA"):
        open_lora(path, by_part(unet, text))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, unet: UNet2DConditionModel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    write_lora(path, {DENOISER: layers(unet, (QUERY,))}, {})
    before = path.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError("no space left")

    # Where a disk that fills up may be told at last.
    monkeypatch.setattr("models.io.files.os.fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_lora(path, {DENOISER: layers(unet, (OUT,))}, {})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]
