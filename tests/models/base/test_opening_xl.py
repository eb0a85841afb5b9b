"""SDXL bases open as SD1.5's do, with both text towers; what family a file is of, its tensors tell."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.base import opening as base
from models.base.family import CONFIGS, Base
from models.base.opening import open_base
from models.errors import InputError
from models.lora.sites import TEXT, TEXT_2
from models.testing.bases import random_parts, same, same_parts, small_configs
from models.testing.ldm import single_file_weights, stream_file, write_single_file


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both families' configs under their own names, few channels in each."""
    folder = tmp_path_factory.mktemp("configs")
    for family in ("sd15", "sdxl"):
        small_configs(folder / family, family)
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, configs: Path, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(base, "CONFIGS", configs)


@pytest.fixture(scope="module")
def parts(configs: Path) -> tuple[Any, ...]:
    return random_parts(configs / "sdxl")


@pytest.fixture(scope="module")
def single(configs: Path, parts: tuple[Any, ...]) -> Path:
    write_single_file(configs / "xl.safetensors", *parts)
    return configs / "xl.safetensors"


def parts_of(opened: Base) -> tuple[Any, ...]:
    return opened.denoiser, opened.vae, opened.text_encoders[TEXT], opened.text_encoders[TEXT_2]


def write_folder(opened: Base, folder: Path, **how: Any) -> Path:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    scheduler = EulerDiscreteScheduler.from_config(opened.schedule)
    pipe = StableDiffusionXLPipeline(
        opened.vae,
        opened.text_encoders[TEXT],
        opened.text_encoders[TEXT_2],
        opened.tokenizers[TEXT],
        opened.tokenizers[TEXT_2],
        opened.denoiser,
        scheduler,
        add_watermarker=False,
    )
    pipe.save_pretrained(folder, **how)
    return folder


def test_a_single_file_opens_untold_with_every_weight_in_its_place(single: Path, parts: tuple[Any, ...]) -> None:
    opened = open_base(single)
    assert same_parts(parts_of(opened), parts)
    assert (opened.family.name, opened.family.vae_overflows(opened), opened.factor, opened.name) == ("sdxl", True, 8, "xl")
    assert opened.vae.config["scaling_factor"] == 0.13025
    assert opened.schedule["timestep_spacing"] == "leading"
    assert not any(weight.requires_grad for part in parts_of(opened) for weight in part.parameters())


def test_the_second_tower_pads_with_an_exclamation_mark(single: Path) -> None:
    opened = open_base(single)
    one, two = (t("a cat", padding="max_length").input_ids for t in (opened.tokenizers[TEXT], opened.tokenizers[TEXT_2]))
    assert one[:4] == two[:4] == [49406, 320, 2368, 49407]
    assert set(one[4:]) == {49407}
    assert set(two[4:]) == {0}
    assert len(one) == len(two) == 77


@pytest.mark.parametrize("how", [{}, {"variant": "fp16"}])
def test_a_folder_opens_as_the_single_file_does(tmp_path: Path, single: Path, how: dict[str, str]) -> None:
    first = open_base(single)
    second = open_base(write_folder(first, tmp_path / "folder", **how))
    assert same_parts(parts_of(first), parts_of(second))
    assert second.tokenizers[TEXT_2]("!", padding="max_length").input_ids[-1] == 0


def test_a_folder_of_pickles_needs_the_flag(tmp_path: Path, single: Path) -> None:
    first = open_base(single)
    folder = write_folder(first, tmp_path / "folder")
    for file in folder.glob("*/*.safetensors"):
        stem = "pytorch_model" if file.stem == "model" else file.stem
        torch.save(load_file(file), file.with_name(f"{stem}.bin"))
        file.unlink()
    with pytest.raises(InputError, match="allow_pickle"):
        open_base(folder)
    assert same_parts(parts_of(first), parts_of(open_base(folder, allow_pickle=True)))


def test_both_towers_are_in_the_type_asked_for(single: Path) -> None:
    assert {part.dtype for part in parts_of(open_base(single, dtype="float16"))} == {torch.float16}


def test_the_other_familys_name_is_refused_with_the_right_one(single: Path) -> None:
    with pytest.raises(InputError, match="is of sdxl, not of sd15"):
        open_base(single, config="sd15")
    assert open_base(single, config="sdxl").family.name == "sdxl"


def test_a_single_file_of_sd15_is_told_too(tmp_path: Path, configs: Path) -> None:
    parts = random_parts(configs / "sd15")
    write_single_file(tmp_path / "one.safetensors", *parts)
    opened = open_base(tmp_path / "one.safetensors")
    assert same_parts((opened.denoiser, opened.vae, opened.text_encoders[TEXT]), parts)
    assert opened.family.name == "sd15"


def test_a_file_without_a_vae_opens_with_one_of_its_own(tmp_path: Path, single: Path, parts: tuple[Any, ...]) -> None:
    weights = {name: value for name, value in load_file(single).items() if not name.startswith("first_stage_model")}
    save_file(weights, tmp_path / "bare.safetensors")
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "bare.safetensors")
    parts[1].save_pretrained(tmp_path / "vae")
    assert same(open_base(tmp_path / "bare.safetensors", vae=tmp_path / "vae").vae, parts[1])


@pytest.mark.parametrize("gone", ["output_blocks.5", "label_emb.0.2", "resblocks.1.mlp", "text_projection", "ln_final"])
def test_a_file_that_lacks_weights_is_refused(tmp_path: Path, single: Path, gone: str) -> None:
    save_file({n: v for n, v in load_file(single).items() if gone not in n}, tmp_path / "holes.safetensors")
    with pytest.raises(InputError, match="does not open") as told:
        open_base(tmp_path / "holes.safetensors")
    assert "\n" not in str(told.value)


def filling(name: str, like: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
    """Values of the block, begun at a place that goes by the name: drawing billions of numbers would take minutes."""
    start = zlib.crc32(name.encode()) % len(block)
    return block.roll(-start).repeat(like.numel() // len(block) + 1)[: like.numel()].view(like.shape)


@pytest.mark.slow
def test_a_checkpoint_of_full_size_opens(tmp_path: Path) -> None:
    """SDXL's own shapes with random weights, in one half-precision file of 7 GB, as people publish them."""
    generator = torch.Generator().manual_seed(0)
    block = (torch.randn(1_000_003, generator=generator) * 0.02).half()
    with torch.device("meta"):
        parts = tuple(part.half() for part in random_parts(CONFIGS / "sdxl"))
    assert sum(weight.numel() for weight in parts[0].parameters()) == 2_567_463_684
    assert sum(weight.numel() for weight in parts[3].parameters()) == 694_659_840
    for part in parts:
        part.to_empty(device="cpu")
        for name, weight in part.state_dict().items():
            weight.copy_(filling(name, weight, block))
    file = tmp_path / "full.safetensors"
    try:
        stream_file(single_file_weights(*parts), file)
        del parts, part, weight
        opened = open_base(file, dtype="float16")
        for part in parts_of(opened):
            for name, weight in part.state_dict().items():
                assert torch.equal(weight, filling(name, weight, block)), name
    finally:
        file.unlink(missing_ok=True)
