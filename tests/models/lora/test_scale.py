"""The scale is read wherever a tool states it: compared with what peft and diffusers add, loaded from the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPTextModel

from models.errors import InputError
from models.lora.file import LoraFile, open_lora
from models.lora.sites import DENOISER, TEXT
from models.lora.summary import summarise
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

QUERY = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q"
OUT = "mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"
KEY = QUERY.replace("to_q", "to_k")


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return tiny_unet()


@pytest.fixture(scope="module")
def text() -> CLIPTextModel:
    return tiny_text_encoder()


def peft_folder(model: nn.Module, folder: Path, **settings: Any) -> Path:
    """What peft saves for random matrices."""
    given = {"r": 4, "lora_alpha": 1, "target_modules": ["to_q", "to_k", "to_out.0", "conv1"], **settings}
    wrapped = get_peft_model(deepcopy(model), LoraConfig(**given))
    torch.manual_seed(0)
    for name, weight in wrapped.named_parameters():
        if ".lora_" in name:
            weight.data = torch.randn_like(weight)
    wrapped.save_pretrained(str(folder))
    return folder


def deltas_of_peft(model: nn.Module, folder: Path) -> dict[str, Tensor]:
    return peft_deltas(PeftModel.from_pretrained(deepcopy(model), str(folder)).base_model.model)


def peft_deltas(model: nn.Module, adapter: str = "default") -> dict[str, Tensor]:
    return {n: m.get_delta_weight(adapter).detach() for n, m in model.named_modules() if hasattr(m, "get_delta_weight")}


def check(found: LoraFile, part: str, wanted: Mapping[str, Tensor]) -> None:
    assert wanted
    assert set(found.layers[part]) == set(wanted)
    for name, delta in wanted.items():
        # peft sums in another order: of numbers around 50 float32 itself holds no 1e-6.
        rounding = 1e-6 * max(1.0, float(delta.abs().max()))
        assert torch.allclose(found.layers[part][name].delta(), delta, rtol=1e-6, atol=rounding), name


SETTINGS: dict[str, dict[str, Any]] = {
    "alpha 1": {},
    "alpha 32": {"lora_alpha": 32},
    "rslora": {"use_rslora": True, "lora_alpha": 7},
    "rank pattern": {"rank_pattern": {"to_k": 2, r".*attn1\.to_q": 3}},
    "alpha pattern": {"alpha_pattern": {r".*attn2\.to_k": 8, "to_q": 2.5, "mid_block.*": 3}},
    "patterns in order": {"alpha_pattern": {"attn2.to_q": 8, "to_q": 2}, "rank_pattern": {r"^down_blocks\.1\..*": 2}},
    "a pattern with a bound": {"alpha_pattern": {r"attn[12]\.to_(q|k)": 5, r"o_k": 99}},
    "rslora of many ranks": {"use_rslora": True, "rank_pattern": {"conv1": 9}, "alpha_pattern": {"conv1": 3}},
    "targets by expression": {"target_modules": r".*attentions.*\.(to_q|to_v)", "exclude_modules": r".*attn1\.to_v"},
    "all linear layers": {"target_modules": "all-linear"},
    "excluded": {"exclude_modules": ["attn1.to_q"]},
    "gaussian": {"init_lora_weights": "gaussian", "fan_in_fan_out": False},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_peft_saved_adds_what_peft_adds(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, settings: dict[str, Any]
) -> None:
    folder = peft_folder(unet, tmp_path / "dress", **settings)
    wanted = deltas_of_peft(unet, folder)
    check(open_lora(folder, by_part(unet, text)), DENOISER, wanted)
    check(open_lora(folder / "adapter_model.safetensors", by_part(unet, text)), DENOISER, wanted)
    assert "adapter_config.json" in summarise(folder).notes[0]
    assert open_lora(folder, by_part(unet, text)).name == "dress"


@pytest.mark.filterwarnings("ignore")
def test_the_text_encoders_own_folder(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    folder = peft_folder(text, tmp_path / "words", target_modules=["q_proj", "fc1"], alpha_pattern={"layers.1.*fc1": 6})
    check(open_lora(folder, by_part(unet, text)), TEXT, deltas_of_peft(text, folder))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", [{}, SETTINGS["alpha pattern"], SETTINGS["rslora"], SETTINGS["rank pattern"]])
def test_what_diffusers_saved_adds_what_diffusers_adds(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, settings: dict[str, Any]
) -> None:
    from diffusers.loaders import StableDiffusionLoraLoaderMixin as Mixin
    from diffusers.training_utils import _collate_lora_metadata
    from peft import get_peft_model_state_dict

    torch.manual_seed(1)
    trained, words = deepcopy(unet), deepcopy(text)
    trained.add_adapter(LoraConfig(**{"r": 4, "lora_alpha": 3, "target_modules": ["to_q", "to_k"], **settings}))
    words.add_adapter(LoraConfig(r=2, lora_alpha=5, target_modules=["q_proj"]))
    for model in (trained, words):
        for name, weight in model.named_parameters():
            if ".lora_" in name:
                weight.data = torch.randn_like(weight)
    states = {"unet": get_peft_model_state_dict(trained), "text_encoder": get_peft_model_state_dict(words)}
    Mixin.save_lora_weights(
        str(tmp_path),
        unet_lora_layers=states["unet"],
        text_encoder_lora_layers=states["text_encoder"],
        **_collate_lora_metadata({"unet": trained, "text_encoder": words}),
    )
    file = tmp_path / "pytorch_lora_weights.safetensors"
    target, encoder = deepcopy(unet), deepcopy(text)
    state, alphas, metadata = Mixin.lora_state_dict(str(file), unet_config=target.config, return_lora_metadata=True)
    Mixin.load_lora_into_unet(state, alphas, target, adapter_name="x", metadata=metadata)
    Mixin.load_lora_into_text_encoder(state, alphas, encoder, prefix="text_encoder", adapter_name="x", metadata=metadata)
    for path in (file, tmp_path):
        found = open_lora(path, by_part(unet, text))
        check(found, DENOISER, peft_deltas(target, "x"))
        check(found, TEXT, peft_deltas(encoder, "x"))


def matrices(unet: nn.Module, names: tuple[str, ...] = (QUERY, KEY), rank: int = 4) -> dict[str, Tensor]:
    torch.manual_seed(2)
    found = {}
    for name in names:
        weight = unet.get_parameter(f"{name}.weight")
        found[f"unet.{name}.lora_A.weight"] = torch.randn(rank, *weight.shape[1:])
        found[f"unet.{name}.lora_B.weight"] = torch.randn(weight.shape[0], rank, *([1, 1] if weight.ndim == 4 else []))
    return found


PLAIN: dict[str, tuple[dict[str, str], float, str]] = {
    "lora_alpha": ({"lora_alpha": "8"}, 8, "'lora_alpha' of its metadata"),
    "lora_alpha of a rank": ({"lora_alpha": "8", "r": "4"}, 8, "'lora_alpha' of its metadata"),
    "alpha": ({"alpha": "2.0", "rank": "4"}, 2, "'alpha' of its metadata"),
    "rslora": ({"lora_alpha": "2", "rank": "4", "use_rslora": "true"}, 4, "'lora_alpha' of its metadata"),
    "kohya": ({"ss_network_alpha": "1.0", "ss_network_dim": "4"}, 1, "ss_network_alpha"),
    "kohya, alpha 0 is the rank": ({"ss_network_alpha": "0", "ss_network_dim": "4"}, 4, "ss_network_alpha"),
    "flat settings": ({"lora_adapter_metadata": '{"r": 4, "lora_alpha": 2}'}, 2, "the adapter metadata"),
    "nested settings": ({"adapter_config": '{"r": 4, "lora_alpha": 2}'}, 2, "'adapter_config' of its metadata"),
    "resized since": ({"ss_network_alpha": "1.0", "ss_network_dim": "32"}, 4, ""),
    "dynamic": ({"ss_network_alpha": "Dynamic", "ss_network_dim": "Dynamic"}, 4, ""),
    "of blocks": ({"ss_network_alpha": "1", "ss_network_args": '{"block_alphas": "1,2"}'}, 4, ""),
    "nothing": ({"ss_network_alpha": "None", "alpha": "x"}, 4, ""),
}


@pytest.mark.parametrize(("metadata", "alpha", "source"), PLAIN.values(), ids=PLAIN)
def test_plain_metadata(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, metadata: dict[str, str], alpha: float, source: str
) -> None:
    file = tmp_path / "a.safetensors"
    save_file(matrices(unet), file, metadata)
    found = open_lora(file, by_part(unet, text))
    assert {layer.alpha for layer in found.layers[DENOISER].values()} == {alpha}
    (note,) = found.notes
    assert note == summarise(file).notes[0]
    assert f"alpha {alpha:g} from {source}," in note if source else "no alpha is stated" in note


def test_convolutions_have_kohyas_own_alpha(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    file, conv = tmp_path / "a.safetensors", "down_blocks.1.resnets.0.conv1"
    metadata = {"ss_network_alpha": "1", "ss_network_dim": "4", "ss_network_args": '{"conv_dim": "4", "conv_alpha": "2"}'}
    save_file(matrices(unet, (QUERY, conv)), file, metadata)
    layers = open_lora(file, by_part(unet, text)).layers[DENOISER]
    assert (layers[QUERY].alpha, layers[conv].alpha) == (1, 2)


def test_alphas_in_the_tensors_decide(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    file = tmp_path / "a.safetensors"
    save_file({**matrices(unet, (QUERY,)), f"unet.{QUERY}.alpha": torch.tensor(3.0)}, file, {"lora_alpha": "9"})
    found = open_lora(file, by_part(unet, text))
    assert (found.layers[DENOISER][QUERY].alpha, found.notes) == (3.0, ())


def test_another_scale_is_another_cache_key(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    """Only where the scale is stated outside the tensors: the digest of all other files stays what it was."""
    digests = []
    for number, metadata in enumerate(({}, {"lora_alpha": "4"}, {"lora_alpha": "2"}, {"lora_alpha": "3"})):
        save_file(matrices(unet), tmp_path / f"{number}.safetensors", metadata)
        found = open_lora(tmp_path / f"{number}.safetensors", by_part(unet, text))
        digests.append((found.digest, found.hash))
    assert len({digest for digest, _ in digests[1:]}) == 3
    assert len({short for _, short in digests}) == 1, "what A1111 calls the file does not change"
    assert digests[0][0].startswith(digests[0][1])


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another rank": ({"r": 8}, "states rank 8 for .* rank 4"),
    "infinite": ({"lora_alpha": float("inf")}, "an alpha that is no number"),
    "words": ({"lora_alpha": "big"}, "an alpha that is no number"),
    "no table": ({"alpha_pattern": [1]}, "alpha_pattern is no table"),
    "no expression": ({"alpha_pattern": {"(": 2}}, "a pattern that does not read"),
    "another method": ({"peft_type": "LOHA"}, "a LOHA adapter"),
    "pissa": ({"init_lora_weights": "pissa_niter_16"}, "a base whose weights it changed"),
    "layers twice": ({"layer_replication": [[0, 4]]}, "layer_replication"),
    "left out": ({"target_modules": ["to_v"]}, "leaves out"),
}


@pytest.mark.parametrize(("changes", "line"), WRONG.values(), ids=WRONG)
def test_settings_that_do_not_describe_the_file_are_one_line(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, changes: dict[str, Any], line: str
) -> None:
    file = tmp_path / "adapter_model.safetensors"
    save_file(matrices(unet), file)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 4, "lora_alpha": 2, **changes}), encoding="utf-8")
    for opened in (lambda: open_lora(file, by_part(unet, text)), lambda: summarise(tmp_path)):
        with pytest.raises(InputError, match=line) as told:
            opened()
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("text_of_config", ["{", "[]", "\x00"])
def test_a_config_that_does_not_read(tmp_path: Path, unet: UNet2DConditionModel, text_of_config: str) -> None:
    save_file(matrices(unet), tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(text_of_config, encoding="utf-8")
    with pytest.raises(InputError, match="its scale is unknown"):
        summarise(tmp_path)


def test_folders_without_one_safetensors_file(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    with pytest.raises(InputError, match="without a LoRA file"):
        open_lora(tmp_path, by_part(unet, text))
    (tmp_path / "adapter_model.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="pickled"):
        open_lora(tmp_path, by_part(unet, text))
    for name in ("a", "b"):
        save_file(matrices(unet), tmp_path / f"{name}.safetensors")
    with pytest.raises(InputError, match="2 LoRA files"):
        open_lora(tmp_path, by_part(unet, text))


def test_a_config_among_several_files_is_not_read_and_that_is_said(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel
) -> None:
    (tmp_path / "adapter_config.json").write_text('{"r": 4, "lora_alpha": 1}', encoding="utf-8")
    save_file(matrices(unet), tmp_path / "dress.safetensors")
    assert open_lora(tmp_path / "dress.safetensors", by_part(unet, text)).layers[DENOISER][QUERY].alpha == 1
    save_file(load_file(tmp_path / "dress.safetensors"), tmp_path / "face.safetensors")
    found = open_lora(tmp_path / "dress.safetensors", by_part(unet, text))
    assert found.layers[DENOISER][QUERY].alpha == 4
    assert "adapter_config.json next to it" in found.notes[0]
