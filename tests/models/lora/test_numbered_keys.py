"""Early files that number their layers: the number stands for the layer that the old order gives it, or the file is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from models.base.family import CONFIGS
from models.errors import InputError
from models.lora.file import open_lora
from models.lora.layers.added import AddedLayer
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT
from models.lora.summary import summarise
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

CLASSES = {"unet": '["CrossAttention", "Attention", "GEGLU"]', "text_encoder": '["CLIPAttention"]'}
EARLY, LATE = ("attn1", "ff", "attn2"), ("attn1", "attn2", "ff")


def numbers(layers: Mapping[str, AddedLayer]) -> dict[str, float]:
    """The number that each layer was given, by module."""
    return {module: layer.up.flatten()[0].item() for module, layer in layers.items() if isinstance(layer, LoraLayer)}


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    return tiny_unet()


@pytest.fixture(scope="module")
def text() -> CLIPTextModel:
    return tiny_text_encoder()


def transformers_of(unet: nn.Module) -> list[str]:
    """Down, up, middle: the order in which diffusers registers them, then as now."""
    names = [n for n, _ in unet.named_modules() if n.rpartition(".")[0].endswith("transformer_blocks")]
    return sorted(names, key=lambda n: ("down_blocks", "up_blocks", "mid_block").index(n.split(".")[0]))


def walked(unet: nn.Module, order: tuple[str, ...]) -> list[str]:
    inner = {"ff": ["ff.net.0.proj"]} | {
        a: [f"{a}.{e}" for e in ("to_q", "to_k", "to_v", "to_out.0")] for a in ("attn1", "attn2")
    }
    return [f"{block}.{layer}" for block in transformers_of(unet) for child in order for layer in inner[child]]


def text_layers(text: nn.Module) -> list[str]:
    count = len([n for n, _ in text.named_modules() if n.endswith("self_attn")])
    return [f"encoder.layers.{i}.self_attn.{e}" for i in range(count) for e in ("k_proj", "v_proj", "q_proj", "out_proj")]


def numbered(prefix: str, model: nn.Module, modules: Iterable[str], rank: int = 2) -> dict[str, Tensor]:
    """Each layer's matrices, filled with its number."""
    found = {}
    for i, module in enumerate(modules):
        weight = model.get_parameter(f"{module}.weight")
        ones = (1, 1) if weight.ndim == 4 else ()
        found[f"{prefix}:{i}:up"] = torch.full((weight.shape[0], rank, *ones), float(i))
        found[f"{prefix}:{i}:down"] = torch.full((rank, *weight.shape[1:]), float(i))
    return found


@pytest.mark.parametrize("order", [EARLY, LATE])
def test_numbers_are_counted_in_the_old_order_or_the_new(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, order: tuple[str, ...]
) -> None:
    modules, words = walked(unet, order), text_layers(text)
    tensors = numbered("unet", unet, modules) | numbered("text_encoder", text, words)
    ranks = {f"{key.rpartition(':')[0]}:rank": "2" for key in tensors}
    save_file(tensors, tmp_path / "a.safetensors", {**CLASSES, **ranks})
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text))
    assert numbers(found.layers[DENOISER]) == {m: i for i, m in enumerate(modules)}
    assert numbers(found.layers[TEXT]) == {m: i for i, m in enumerate(words)}
    assert {layer.alpha for layer in found.layers[DENOISER].values()} == {2.0}, "the scale is one"
    told = summarise(tmp_path / "a.safetensors")
    assert (told.naming, told.ranks, told.blocks["text encoder"]) == ("cloneofsimo", {2: len(modules) + len(words)}, len(words))


def test_a_full_size_file_has_the_shapes_that_published_ones_have(tmp_path: Path) -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(CONFIGS / "sd15" / "unet"))
        text = CLIPTextModel(CLIPTextConfig.from_pretrained(CONFIGS / "sd15" / "text_encoder"))
    tensors = numbered("unet", unet, walked(unet, EARLY), 1) | numbered("text_encoder", text, text_layers(text), 1)
    save_file(tensors, tmp_path / "a.safetensors", CLASSES)
    published = {
        4: (2560, 320),
        5: (320, 320),
        6: (320, 768),
        40: (10240, 1280),
        85: (5120, 640),
        134: (320, 320),
        139: (10240, 1280),
    }
    shapes = {i: (len(tensors[f"unet:{i}:up"]), tensors[f"unet:{i}:down"].shape[1]) for i in published}
    assert shapes == published
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text))
    assert (len(found.layers[DENOISER]), len(found.layers[TEXT])) == (144, 48)
    assert summarise(tmp_path / "a.safetensors").family == "SD 1.x"


def test_resnets_follow_the_attentions_of_their_block(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    resnet = ("conv1", "time_emb_proj", "conv2", "conv_shortcut")
    layers = dict(unet.named_modules())
    modules = []
    for block in ("down_blocks.0", "down_blocks.1", "up_blocks.0", "up_blocks.1", "mid_block"):
        modules += [n for n in walked(unet, EARLY) if n.startswith(f"{block}.")]
        owners = [n for n in layers if n.startswith(f"{block}.resnets.") and n.count(".") == block.count(".") + 2]
        modules += [f"{owner}.{name}" for owner in owners for name in resnet if f"{owner}.{name}" in layers]
    classes = '["ResnetBlock2D", "CrossAttention", "Attention", "GEGLU"]'
    save_file(numbered("unet", unet, modules), tmp_path / "a.safetensors", {"unet": classes})
    found = open_lora(tmp_path / "a.safetensors", by_part(unet, text))
    assert numbers(found.layers[DENOISER]) == {m: i for i, m in enumerate(modules)}


def test_a_textual_inversion_in_the_file_is_passed_over(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    tensors = numbered("unet", unet, walked(unet, EARLY)) | {"<s1>": torch.ones(12)}
    save_file(tensors, tmp_path / "a.safetensors", {**CLASSES, "<s1>": "<embed>"})
    assert open_lora(tmp_path / "a.safetensors", by_part(unet, text)).metadata["<s1>"] == "<embed>"
    save_file(tensors, tmp_path / "a.safetensors", CLASSES)
    with pytest.raises(InputError, match="it holds '<s1>'"):
        open_lora(tmp_path / "a.safetensors", by_part(unet, text))


def test_numbers_that_do_not_fit_are_refused_with_counts(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    path = tmp_path / "a.safetensors"
    modules = walked(unet, EARLY)
    count = len(modules)
    cases = {
        "one too few": numbered("unet", unet, modules[:-1]),
        "one too many": numbered("unet", unet, [*modules, modules[-1]]),
        "another order": numbered("unet", unet, modules[4:] + modules[:4]),
        "another base": numbered("unet", tiny_unet(cross_attention_dim=20), modules),
        "a gap": {k.replace(f":{count - 1}:", f":{count}:"): v for k, v in numbered("unet", unet, modules).items()},
    }
    for case, tensors in cases.items():
        save_file(tensors, path, CLASSES)
        with pytest.raises(InputError, match=rf"do not fit this base: \d+ of \d+ match where it has {count}") as told:
            open_lora(path, by_part(unet, text))
        assert "\n" not in str(told.value), case


@pytest.mark.parametrize(
    ("classes", "said"),
    [(json.dumps(["FeedForward", "GEGLU"]), "FeedForward"), ("[]", "none"), ("{", "do not say"), ("3", "none")],
)
def test_numbers_over_other_classes_are_refused(
    tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel, classes: str, said: str
) -> None:
    save_file(numbered("unet", unet, walked(unet, EARLY)), tmp_path / "a.safetensors", {"unet": classes})
    with pytest.raises(InputError, match=said):
        open_lora(tmp_path / "a.safetensors", by_part(unet, text))


def test_half_a_numbered_layer_is_refused(tmp_path: Path, unet: UNet2DConditionModel, text: CLIPTextModel) -> None:
    tensors = numbered("unet", unet, walked(unet, EARLY))
    del tensors["unet:3:up"]
    save_file(tensors, tmp_path / "a.safetensors", CLASSES)
    with pytest.raises(InputError, match="do not fit"):
        open_lora(tmp_path / "a.safetensors", by_part(unet, text))
