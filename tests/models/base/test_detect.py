"""What a file is, its tensors' names tell; pickles are opened by a flag, and nothing in them is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from models.base import opening as base
from models.base.opening import open_base
from models.errors import InputError
from models.io.pickles import read_pickle
from models.lora.sites import TEXT
from models.testing.bases import random_parts, same_parts, small_configs
from models.testing.ldm import single_file_weights

UNET = "model.diffusion_model.input_blocks.0.0.weight"
FOREIGN: dict[str, dict[str, tuple[int, ...]]] = {
    "a LoRA": {"lora_unet_mid_block_attentions_0_proj_in.alpha": ()},
    "a LoRA ": {"lora_unet_mid_block_attentions_0_proj_in.hada_w1_a": (2, 2)},
    "a FLUX checkpoint in a single file": {"model.diffusion_model.double_blocks.0.img_attn.norm.key_norm.scale": (2,)},
    "a Z-Image checkpoint in a single file": {"context_refiner.0.attention.qkv.weight": (6, 2)},
    "a Stable Diffusion 3 checkpoint": {"model.diffusion_model.joint_blocks.0.x_block.mlp.fc1.weight": (2,)},
    "a Stable Diffusion 2 checkpoint": {UNET: (2, 4, 1, 1), "cond_stage_model.model.ln_final.weight": (2,)},
    "SDXL's refiner": {UNET: (2, 4, 1, 1), "conditioner.embedders.0.model.ln_final.weight": (2,)},
    "a checkpoint for inpainting or editing": {UNET: (2, 9, 1, 1), "cond_stage_model.transformer.x": (2,)},
    "a ControlNet": {"control_model.time_embed.0.weight": (2,)},
    "a VAE": {"first_stage_model.decoder.conv_in.weight": (2,)},
    "without the text encoder": {UNET: (2, 4, 1, 1)},
    "the UNet of a diffusers folder": {"down_blocks.0.resnets.0.conv1.weight": (2,)},
    "a text encoder": {"text_model.embeddings.token_embedding.weight": (2,)},
    "a textual inversion": {"emb_params": (2, 768)},
    "unknown names": {"a": (2,)},
    "an empty file": {},
}


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    small_configs(folder / "sd15", "sd15")
    return folder


@pytest.mark.parametrize("what", FOREIGN)
def test_a_file_of_another_model_is_refused_by_name(tmp_path: Path, what: str) -> None:
    save_file({name: torch.zeros(shape) for name, shape in FOREIGN[what].items()}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match=what.strip()) as told:
        open_base(tmp_path / "a.safetensors")
    assert "\n" not in str(told.value)


class Malice:
    """Runs a command where it is unpickled by a careless reader."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    mark = tmp_path / "it ran"
    torch.save({"state_dict": {"a": Malice(mark)}}, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)
    for opening in (lambda: open_base(tmp_path / "a.ckpt", allow_pickle=True), lambda: read_pickle(tmp_path / "a.ckpt")):
        with pytest.raises(InputError, match=r"holds more than weights \(\w+\.mkdir\)") as told:
            opening()
        assert "\n" not in str(told.value)
    assert not mark.exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x04junk", b"PK\x03\x04 cut", b"\x80\x02}q\x00."])
def test_a_damaged_pickle_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(InputError) as told:
        open_base(tmp_path / "a.ckpt", allow_pickle=True)
    assert "\n" not in str(told.value)


def test_a_pickle_that_is_no_table_is_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(2)], tmp_path / "a.pt")
    with pytest.raises(InputError, match="no table"):
        read_pickle(tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["a.ckpt", "a.pt", "a.bin"])
def test_without_the_flag_a_pickle_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    torch.save({}, tmp_path / name)
    with pytest.raises(InputError, match=r"set base\.allow_pickle: true"):
        open_base(tmp_path / name)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match="no checkpoint ends in"):
        open_base(tmp_path / "a.gguf", allow_pickle=True)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_with_the_flag_a_pickle_opens_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configs: Path, zipped: bool, nested: bool
) -> None:
    monkeypatch.setattr(base, "CONFIGS", configs)
    parts = random_parts(configs / "sd15")
    weights: dict[str, Any] = single_file_weights(*parts)
    held = {"state_dict": weights, "global_step": 4} if nested else weights
    torch.save(held, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)
    opened = open_base(tmp_path / "a.ckpt", allow_pickle=True)
    assert same_parts((opened.denoiser, opened.vae, opened.text_encoders[TEXT]), parts)
