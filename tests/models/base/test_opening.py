"""A base opens from a diffusers folder and from a single file, offline, and anything else is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from transformers import CLIPTokenizer

from models.base import opening as base
from models.base.family import CONFIGS
from models.base.opening import open_base
from models.errors import InputError
from models.lora.sites import TEXT
from models.testing.bases import TEXT_CONFIG, random_parts, same_parts, small_configs
from models.testing.ldm import write_single_file


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    small_configs(folder / "tiny", "sd15")
    return folder


@pytest.fixture(scope="module")
def parts(configs: Path) -> tuple[Any, ...]:
    return random_parts(configs / "tiny")


@pytest.fixture(scope="module")
def single(configs: Path, parts: tuple[Any, ...]) -> Path:
    file = configs / "tiny.safetensors"
    write_single_file(file, *parts)
    return file


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, configs: Path) -> None:
    monkeypatch.setattr(base, "CONFIGS", configs)


@pytest.mark.usefixtures("tiny")
def test_a_single_file_opens_with_every_weight_in_its_place(single: Path, parts: tuple[Any, ...]) -> None:
    opened = open_base(single, config="tiny")
    assert same_parts((opened.denoiser, opened.vae, opened.text_encoders[TEXT]), parts)
    assert (opened.name, opened.factor, len(opened.hash)) == ("tiny", 8, 64)
    assert opened.schedule["beta_schedule"] == "scaled_linear"
    assert not any(weight.requires_grad for weight in opened.denoiser.parameters())
    assert (opened.family.name, opened.family.vae_overflows(opened)) == ("sd15", False)


@pytest.mark.usefixtures("tiny")
def test_a_single_file_opens_in_another_type(single: Path) -> None:
    opened = open_base(single, config="tiny", dtype="bfloat16")
    assert {opened.denoiser.dtype, opened.vae.dtype, opened.text_encoders[TEXT].dtype} == {torch.bfloat16}


@pytest.mark.usefixtures("tiny")
def test_a_folder_opens_as_the_single_file_does(tmp_path: Path, single: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import PNDMScheduler

    first = open_base(single, config="tiny")
    scheduler = PNDMScheduler.from_config(first.schedule)
    pipe = StableDiffusionPipeline(
        first.vae,
        first.text_encoders[TEXT],
        first.tokenizers[TEXT],
        first.denoiser,
        scheduler,
        None,
        None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(tmp_path / "folder")
    second = open_base(tmp_path / "folder")
    assert same_parts(tuple(first.models), tuple(second.models))
    assert second.name == "folder"
    assert second.hash != first.hash
    text = "1girl, pink dress"
    assert first.tokenizers[TEXT](text).input_ids == second.tokenizers[TEXT](text).input_ids
    monkeypatch.setattr("models.base.sd15.SD2_WIDTH", TEXT_CONFIG["hidden_size"])
    with pytest.raises(InputError, match="of Stable Diffusion 2"):
        open_base(tmp_path / "folder")


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
    with pytest.raises(InputError, match="use one of: sd15, sdxl"):
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
    with pytest.raises(InputError, match="cut short"):
        open_base(tmp_path / "cut.safetensors", config="tiny")


@pytest.mark.usefixtures("tiny")
def test_a_file_that_lacks_weights_is_refused(tmp_path: Path, single: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = {name: value for name, value in load_file(single).items() if "output_blocks.5" not in name}
    save_file(weights, tmp_path / "holes.safetensors")
    with pytest.raises(InputError, match="does not open"):
        open_base(tmp_path / "holes.safetensors", config="tiny")


@pytest.mark.usefixtures("tiny")
def test_a_file_that_says_it_predicts_velocities_is_believed(tmp_path: Path, single: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_file({**load_file(single), "v_pred": torch.zeros(0)}, tmp_path / "v.safetensors")
    schedule = open_base(tmp_path / "v.safetensors", config="tiny").schedule
    assert (schedule["prediction_type"], schedule["rescale_betas_zero_snr"]) == ("v_prediction", False)
    save_file({**load_file(single), "v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, tmp_path / "z.safetensors")
    schedule = open_base(tmp_path / "z.safetensors", config="tiny").schedule
    assert (schedule["prediction_type"], schedule["rescale_betas_zero_snr"]) == ("v_prediction", True)
    assert open_base(single, config="tiny").schedule["prediction_type"] == "epsilon"


@pytest.mark.parametrize("name", ["StableDiffusion3Pipeline", "StableDiffusionXLImg2ImgPipeline", None])
def test_a_folder_of_another_model_is_refused_by_its_name(tmp_path: Path, name: str | None) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": name}))
    with pytest.raises(InputError, match=f"a diffusers folder of {name}"):
        open_base(tmp_path)


@pytest.mark.slow
def test_a_checkpoint_of_full_size_opens(tmp_path: Path) -> None:
    """SD1.5's own shapes with random weights, in one half-precision file of 2 GB, as people publish them."""
    parts = tuple(part.half() for part in random_parts(CONFIGS / "sd15"))
    assert sum(weight.numel() for weight in parts[0].parameters()) == 859_520_964
    write_single_file(tmp_path / "full.safetensors", *parts)
    opened = open_base(tmp_path / "full.safetensors", dtype="float16")
    assert same_parts((opened.denoiser, opened.vae, opened.text_encoders[TEXT]), parts)
