"""A base opens from a diffusers folder and from a single file, offline, and anything else is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from models import base
from models.base import CONFIGS, open_base
from models.errors import InputError
from tests.models.ldm import write_single_file

TINY: dict[str, dict[str, object]] = {
    "unet": {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4, "attention_head_dim": 2, "cross_attention_dim": 16},
    "vae": {"block_out_channels": [8, 8, 16, 16], "norm_num_groups": 4},
    "text_encoder": {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2},
}


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SD1.5's shape, level by level, with few channels."""
    folder = tmp_path_factory.mktemp("configs")
    copytree(CONFIGS / "sd15", folder / "tiny")
    for part, changes in TINY.items():
        file = folder / "tiny" / part / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return folder


@pytest.fixture(scope="module")
def parts(configs: Path) -> tuple[Any, Any, Any]:
    return _random_parts(configs / "tiny")


@pytest.fixture(scope="module")
def single(configs: Path, parts: tuple[Any, Any, Any]) -> Path:
    file = configs / "tiny.safetensors"
    write_single_file(file, *parts)
    return file


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, configs: Path) -> None:
    monkeypatch.setattr(base, "CONFIGS", configs)


def _random_parts(config: Path) -> tuple[Any, Any, Any]:
    torch.manual_seed(3)
    unet = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(config / "unet"))
    vae = AutoencoderKL.from_config(AutoencoderKL.load_config(config / "vae"))
    return unet, vae, CLIPTextModel(CLIPTextConfig.from_pretrained(config / "text_encoder"))


def _same(one: Any, other: Any) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[key].float(), theirs[key].float()) for key in mine)


def _same_parts(some: tuple[Any, ...], others: tuple[Any, ...]) -> bool:
    return all(_same(one, other) for one, other in zip(some, others, strict=True))


@pytest.mark.usefixtures("tiny")
def test_a_single_file_opens_with_every_weight_in_its_place(single: Path, parts: tuple[Any, Any, Any]) -> None:
    opened = open_base(single, config="tiny")
    assert _same_parts((opened.unet, opened.vae, opened.text_encoder), parts)
    assert (opened.name, opened.factor, len(opened.hash)) == ("tiny", 8, 64)
    assert opened.schedule["beta_schedule"] == "scaled_linear"
    assert not any(weight.requires_grad for weight in opened.unet.parameters())


@pytest.mark.usefixtures("tiny")
def test_a_single_file_opens_in_another_type(single: Path) -> None:
    opened = open_base(single, config="tiny", dtype="bfloat16")
    assert {opened.unet.dtype, opened.vae.dtype, opened.text_encoder.dtype} == {torch.bfloat16}


@pytest.mark.usefixtures("tiny")
def test_a_folder_opens_as_the_single_file_does(tmp_path: Path, single: Path) -> None:
    from diffusers import PNDMScheduler

    first = open_base(single, config="tiny")
    scheduler = PNDMScheduler.from_config(first.schedule)
    pipe = StableDiffusionPipeline(
        first.vae, first.text_encoder, first.tokenizer, first.unet, scheduler, None, None, requires_safety_checker=False
    )
    pipe.save_pretrained(tmp_path / "folder")
    second = open_base(tmp_path / "folder")
    assert _same_parts((first.unet, first.vae, first.text_encoder), (second.unet, second.vae, second.text_encoder))
    assert second.name == "folder"
    assert second.hash != first.hash
    text = "1girl, pink dress"
    assert first.tokenizer(text).input_ids == second.tokenizer(text).input_ids


def test_the_tokenizer_is_clips() -> None:
    import open_clip

    tokenizer = CLIPTokenizer.from_pretrained(CONFIGS / "sd15" / "tokenizer")
    for text in (
        "a photo of an astronaut",
        "1girl, (photorealistic:1.4), testdress",
        "it's  héllo, 你好 !! 123",
        "",
        "naïve_name-01",
    ):
        ids = tokenizer(text, padding="max_length", truncation=True).input_ids
        theirs = open_clip.tokenize([text])[0].tolist()
        length = theirs.index(49407) + 1
        assert ids[:length] == theirs[:length]
        assert ids[length:] == [49407] * (77 - length)


def test_every_shipped_config_is_a_whole_pipeline() -> None:
    for folder in (path for path in CONFIGS.iterdir() if path.is_dir()):
        parts = {
            key
            for key, value in json.loads((folder / "model_index.json").read_text()).items()
            if isinstance(value, list) and value[0]
        }
        assert parts == {path.name for path in folder.iterdir() if path.is_dir()}


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such base checkpoint"):
        open_base(tmp_path / "absent.safetensors")


def test_a_pickle_is_refused_unopened(tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_bytes(b"\x80\x04 never read")
    with pytest.raises(InputError, match="pickle"):
        open_base(tmp_path / "a.ckpt")


def test_an_unknown_config_is_refused_with_those_known(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="use one of: sd15"):
        open_base(tmp_path / "a.safetensors", config="sd3")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no model_index\.json"):
        open_base(tmp_path)


@pytest.mark.usefixtures("tiny")
def test_a_folder_that_lacks_a_part_is_refused(tmp_path: Path, configs: Path) -> None:
    copytree(configs / "tiny", tmp_path / "base")
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "base")


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("kept", [0, 4, 2000, 200_000])
def test_a_truncated_file_is_refused(tmp_path: Path, single: Path, kept: int) -> None:
    (tmp_path / "cut.safetensors").write_bytes(single.read_bytes()[:kept])
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "cut.safetensors", config="tiny")


@pytest.mark.usefixtures("tiny")
def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"lora_unet_mid_block.alpha": torch.zeros(1)}, tmp_path / "lora.safetensors")
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "lora.safetensors", config="tiny")


@pytest.mark.usefixtures("tiny")
def test_a_file_that_lacks_weights_is_refused(tmp_path: Path, single: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = {name: value for name, value in load_file(single).items() if "output_blocks.5" not in name}
    save_file(weights, tmp_path / "holes.safetensors")
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "holes.safetensors", config="tiny")


@pytest.mark.usefixtures("tiny")
def test_another_vae_takes_the_place_of_the_bases_own(tmp_path: Path, single: Path, configs: Path) -> None:
    other = _random_parts(configs / "tiny")[1]
    torch.nn.init.ones_(other.decoder.conv_in.weight)
    other.save_pretrained(tmp_path / "vae")
    assert _same(open_base(single, config="tiny", vae=tmp_path / "vae").vae, other)


def test_an_absent_vae_is_refused(tmp_path: Path, single: Path, monkeypatch: pytest.MonkeyPatch, configs: Path) -> None:
    monkeypatch.setattr(base, "CONFIGS", configs)
    with pytest.raises(InputError, match="VAE does not open"):
        open_base(single, config="tiny", vae=tmp_path / "absent.safetensors")


@pytest.mark.slow
def test_a_checkpoint_of_full_size_opens(tmp_path: Path) -> None:
    """SD1.5's own shapes with random weights, in one half-precision file of 2 GB, as people publish them."""
    parts = tuple(part.half() for part in _random_parts(CONFIGS / "sd15"))
    assert sum(weight.numel() for weight in parts[0].parameters()) == 859_520_964
    write_single_file(tmp_path / "full.safetensors", *parts)
    opened = open_base(tmp_path / "full.safetensors", dtype="float16")
    assert _same_parts((opened.unet, opened.vae, opened.text_encoder), parts)
