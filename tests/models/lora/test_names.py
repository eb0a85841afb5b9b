"""Names of many tools, for bases of one text encoder and of two; unknown names are told apart from what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from models.errors import InputError
from models.lora.file import open_lora
from models.lora.original_layout import original_names
from models.lora.sites import DENOISER, TEXT, TEXT_2, layer_names
from models.lora.summary import summarise
from models.testing.bases import random_parts, small_configs
from models.testing.lora_namings import KOHYA_ENDS, NAMINGS, PEFT_ENDS, PROCESSORS, flat
from models.testing.tiny import by_part, tiny_text_encoder, tiny_unet

Parts = tuple[Any, ...]
ENDS = KOHYA_ENDS


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parts]:
    """Bases whose text encoders have other widths, as SDXL's have."""
    unet, _, *texts = random_parts(small_configs(tmp_path_factory.mktemp("configs") / "xl", "sdxl"))
    return {"sd15": (tiny_unet(), tiny_text_encoder()), "sdxl": (unet, *texts)}


def pair(model: nn.Module, module: str) -> tuple[Tensor, Tensor]:
    weight = model.get_parameter(f"{module}.weight")
    generator = torch.Generator().manual_seed(sum(map(ord, module)))
    ones = (1, 1) if weight.ndim == 4 else ()
    down = torch.randn(2, *weight.shape[1:], generator=generator)
    return down, torch.randn(weight.shape[0], 2, *ones, generator=generator)


def named(model: nn.Module, modules: list[str], spell: Callable[[str], str], ends: tuple[str, str]) -> dict[str, Tensor]:
    return {f"{spell(m)}.{end}": matrix for m in modules for end, matrix in zip(ends, pair(model, m), strict=True)}


def check(found: Any, model: nn.Module, modules: list[str]) -> None:
    assert set(found) == set(modules)
    for module, layer in found.items():
        down, up = pair(model, module)
        assert torch.equal(layer.down, down)
        assert torch.equal(layer.up, up)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("naming", NAMINGS)
def test_every_layer_of_the_denoiser(tmp_path: Path, parts: dict[str, Parts], naming: str, family: str) -> None:
    unet = parts[family][0]
    original, spelling = original_names(unet), NAMINGS[naming]
    modules = [m for m in layer_names(unet) if naming not in PROCESSORS or ".to_" in m]
    save_file(named(unet, modules, lambda m: spelling.denoiser(m, original[m]), spelling.ends), tmp_path / "a.safetensors")
    check(open_lora(tmp_path / "a.safetensors", by_part(*parts[family])).layers[DENOISER], unet, modules)
    assert sum(summarise(tmp_path / "a.safetensors").blocks.values()) == len(modules)


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
@pytest.mark.parametrize("naming", [name for name, naming in NAMINGS.items() if naming.text is not None])
def test_every_layer_of_the_text_encoders(tmp_path: Path, parts: dict[str, Parts], naming: str, family: str) -> None:
    spelling = NAMINGS[naming]
    for number, (part, model) in enumerate(zip((TEXT, TEXT_2), parts[family][1:], strict=False)):
        modules = [m for m in layer_names(model) if "encoder.layers" in m]

        def spelt(module: str, number: int = number) -> str:
            assert spelling.text is not None
            return spelling.text(number, f"text_model.{module.removeprefix('text_model.')}")

        save_file(named(model, modules, spelt, spelling.ends), tmp_path / "a.safetensors")
        check(open_lora(tmp_path / "a.safetensors", by_part(*parts[family])).layers[part], model, modules)
        assert not any(block.startswith("UNet") for block in summarise(tmp_path / "a.safetensors").blocks)


def test_the_projection_of_the_second_text_encoder(tmp_path: Path, parts: dict[str, Parts]) -> None:
    second = parts["sdxl"][2]
    tensors = named(second, ["text_projection"], lambda m: f"lora_te2_{m}", ENDS)
    save_file(tensors, tmp_path / "a.safetensors")
    check(open_lora(tmp_path / "a.safetensors", by_part(*parts["sdxl"])).layers[TEXT_2], second, ["text_projection"])


def test_a_name_that_fits_both_text_encoders_is_refused(tmp_path: Path, parts: dict[str, Parts]) -> None:
    unet, text = parts["sdxl"][:2]
    module = next(m for m in layer_names(text) if m.endswith("q_proj"))
    save_file(named(text, [module], lambda m: f"base_model.model.{m}", PEFT_ENDS), tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="does not say which of the two text encoders"):
        open_lora(tmp_path / "a.safetensors", by_part(unet, text, text))


def test_two_adapters_in_one_file_are_refused(tmp_path: Path, parts: dict[str, Parts]) -> None:
    unet = parts["sd15"][0]
    module = next(m for m in layer_names(unet) if m.endswith("to_q"))
    tensors: dict[str, Tensor] = {}
    for adapter in ("default", "style"):
        ends = (f"lora_A.{adapter}.weight", f"lora_B.{adapter}.weight")
        tensors |= named(unet, [module], lambda m: f"unet.{m}", ends)
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="the same matrix of two adapters"):
        open_lora(tmp_path / "a.safetensors", by_part(*parts["sd15"]))


ONE = torch.arange(24.0).reshape(2, 12)
TWO: dict[str, Tensor] = {"clip_l": torch.ones(3, 16), "clip_g": torch.full((3, 24), 2.0)}


def bundled(folder: Path, unet: nn.Module, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> Path:
    """A LoRA of one layer, with further tensors."""
    module = next(m for m in layer_names(unet) if m.endswith("to_q"))
    save_file(named(unet, [module], lambda m: f"lora_unet_{flat(m)}", ENDS) | tensors, folder / "a.safetensors", metadata)
    return folder / "a.safetensors"


@pytest.mark.parametrize(
    ("family", "tensors", "metadata", "wanted"),
    [
        ("sd15", {"bundle_emb.mydress.string_to_param.*": ONE}, {}, {TEXT: ONE}),
        ("sd15", {"bundle_emb.mydress.emb_params": ONE}, {}, {TEXT: ONE}),
        ("sd15", {"bundle_emb.mydress.clip_l": ONE[0]}, {}, {TEXT: ONE[:1]}),
        ("sd15", {"mydress": ONE.half()}, {"mydress": "<embed>"}, {TEXT: ONE}),
        (
            "sd15",
            {"bundle_emb.mydress.string_to_param.*": ONE, "bundle_emb.mydress.clip_l": ONE + 1},
            {},
            {TEXT: ONE},
        ),
        ("sdxl", {f"bundle_emb.mydress.{k}": v for k, v in TWO.items()}, {}, {TEXT: TWO["clip_l"], TEXT_2: TWO["clip_g"]}),
    ],
)
def test_a_textual_inversion_in_the_file_is_read(
    tmp_path: Path,
    parts: dict[str, Parts],
    family: str,
    tensors: dict[str, Tensor],
    metadata: dict[str, str],
    wanted: dict[str, Tensor],
) -> None:
    path = bundled(tmp_path, parts[family][0], tensors, metadata)
    found = open_lora(path, by_part(*parts[family]))
    assert sum(len(layers) for layers in found.layers.values()) == 1
    assert found.inversions["mydress"].keys() == wanted.keys()
    assert all(torch.equal(found.inversions["mydress"][part], rows) for part, rows in wanted.items())
    assert not any("inversion" in note for note in found.notes)
    assert summarise(path).inversions == {"mydress": len(next(iter(wanted.values())))}


@pytest.mark.parametrize(
    ("tensors", "why"),
    [
        ({"bundle_emb.mydress.string_to_param.*": torch.ones(2, 16)}, "not as wide as the base's text encoders"),
        ({f"bundle_emb.mydress.{k}": v for k, v in TWO.items()}, "not as wide as the base's text encoders, or not for all"),
        ({"bundle_emb.mydress.clip_l": ONE, "bundle_emb.mydress.clip_l_out": ONE + 1}, r"not known here \(clip_l, clip_l_out\)"),
        ({"bundle_emb.mydress.clip_g": ONE}, r"not known here \(clip_g\)"),
        ({"bundle_emb.mydress.t5": ONE + 1, "bundle_emb.mydress.clip_l": ONE}, "not known here"),
    ],
)
def test_a_textual_inversion_that_is_not_read_is_said(
    tmp_path: Path, parts: dict[str, Parts], tensors: dict[str, Tensor], why: str
) -> None:
    found = open_lora(bundled(tmp_path, parts["sd15"][0], tensors), by_part(*parts["sd15"]))
    assert found.inversions == {}
    assert any(re.search(f"textual inversion mydress is .*{why}.*: it is not read", note) for note in found.notes), found.notes


@pytest.mark.parametrize(
    ("tensor", "why"),
    [
        (torch.full((2, 12), torch.nan), "holds NaN"),
        (torch.zeros(0, 12), "is empty"),
        (torch.ones(2, 12, dtype=torch.int8), "no rows of floating-point numbers"),
        (torch.ones(2, 2, 12), "no rows of floating-point numbers"),
    ],
)
def test_a_broken_textual_inversion_in_the_file_is_refused(
    tmp_path: Path, parts: dict[str, Parts], tensor: Tensor, why: str
) -> None:
    path = bundled(tmp_path, parts["sd15"][0], {"bundle_emb.mydress.string_to_param.*": tensor})
    for read in (lambda: open_lora(path, by_part(*parts["sd15"])), lambda: summarise(path)):
        with pytest.raises(InputError, match=why):
            read()


REFUSED: dict[str, tuple[dict[str, Tensor], str]] = {
    "unknown names": (
        {f"net.block{n}.{end}": torch.ones(2, 2) for n in range(5) for end in ENDS},
        r"layer names that are not known here: 0 of its 5 layers .*'net.block0', 'net.block1', 'net.block2' and 2 more",
    ),
    "FLUX": (
        {f"transformer.single_transformer_blocks.0.attn.to_q.{end}": torch.ones(2, 2) for end in PEFT_ENDS},
        "a LoRA for FLUX or its kin: 0 of its 1 layers",
    ),
    "Z-Image": (
        {f"diffusion_model.context_refiner.0.attention.to_q.{end}": torch.ones(2, 2) for end in PEFT_ENDS},
        "a LoRA for Z-Image or Lumina",
    ),
    "SDXL": (
        {f"lora_unet_input_blocks_7_1_transformer_blocks_5_attn1_to_q.{end}": torch.ones(2, 2) for end in ENDS},
        "a LoRA for SDXL",
    ),
    "no such layer": (
        {f"lora_unet_down_blocks_7_attentions_0_proj_in.{end}": torch.ones(2, 2) for end in ENDS},
        "another architecture: 0 of its 1 layers .*'lora_unet_down_blocks_7_attentions_0_proj_in' is not in it",
    ),
    "another width": (
        {f"lora_unet_mid_block_attentions_0_proj_in.{end}": torch.ones(2, 2) for end in ENDS},
        "another architecture: 0 of its 1 layers .* is 2x2 where the base has 16x16",
    ),
    "whole layers too": (
        {
            **{f"base_model.model.mid_block.attentions.0.proj_in.{end}": torch.ones(2, 2) for end in PEFT_ENDS},
            "base_model.model.conv_in.weight": torch.ones(8, 4, 3, 3),
        },
        "whole layers that were trained too, 1 of 3 keys",
    ),
    "biases too": (
        {
            **{f"base_model.model.mid_block.attentions.0.proj_in.{end}": torch.ones(2, 2) for end in PEFT_ENDS},
            "base_model.model.mid_block.attentions.0.proj_in.bias": torch.ones(2),
        },
        "biases that were trained too",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_for_its_true_reason(tmp_path: Path, parts: dict[str, Parts], case: str) -> None:
    tensors, line = REFUSED[case]
    save_file(tensors, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=line) as told:
        open_lora(tmp_path / "a.safetensors", by_part(*parts["sd15"]))
    assert "\n" not in str(told.value)
    assert load_file(tmp_path / "a.safetensors").keys() == tensors.keys()
