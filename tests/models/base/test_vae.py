"""A VAE of its own, from any of the forms it is published in, takes the place of the base's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from models.base import opening as base
from models.base.opening import open_base
from models.base.vae import open_vae
from models.errors import InputError
from models.lora.sites import TEXT
from models.testing.bases import random_parts, same, small_configs
from models.testing.ldm import vae_weights, write_single_file

FAMILIES = ("sd15", "sdxl")


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("configs")
    for family in FAMILIES:
        write_single_file(folder / f"{family}.safetensors", *random_parts(small_configs(folder / family, family)))
    return folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, configs: Path) -> None:
    monkeypatch.setattr(base, "CONFIGS", configs)


def other_vae(configs: Path, family: str) -> Any:
    return random_parts(configs / family, seed=8)[1]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("form", ["folder", "bare", "prefixed", "diffusers"])
def test_every_form_opens_bit_for_bit(tmp_path: Path, configs: Path, family: str, form: str) -> None:
    wanted = other_vae(configs, family)
    path = tmp_path / "other.vae.safetensors"
    if form == "folder":
        path = tmp_path / "vae"
        wanted.save_pretrained(path)
    elif form == "diffusers":
        save_file(wanted.state_dict(), path)
    else:
        save_file(vae_weights(wanted, {"bare": "", "prefixed": "first_stage_model."}[form]), path)
    found = open_vae(path, configs / family, torch.float32)
    assert same(found, wanted)
    assert found.config["scaling_factor"] == {"sd15": 0.18215, "sdxl": 0.13025}[family]


def test_a_folder_base_takes_another_vae(tmp_path: Path, configs: Path) -> None:
    from diffusers import PNDMScheduler, StableDiffusionPipeline

    b = open_base(configs / "sd15.safetensors")
    scheduler = PNDMScheduler.from_config(b.schedule)
    pipe = StableDiffusionPipeline(
        b.vae, b.text_encoders[TEXT], b.tokenizers[TEXT], b.denoiser, scheduler, None, None, requires_safety_checker=False
    )
    pipe.save_pretrained(tmp_path / "base")
    wanted = other_vae(configs, "sd15")
    save_file(vae_weights(wanted), tmp_path / "other.vae.safetensors")
    assert same(open_base(tmp_path / "base", vae=tmp_path / "other.vae.safetensors").vae, wanted)
    other_vae(configs, "sdxl").save_pretrained(tmp_path / "xl")
    with pytest.raises(InputError, match="another family"):
        open_base(tmp_path / "base", vae=tmp_path / "xl")


@pytest.mark.parametrize(("family", "other"), [FAMILIES, FAMILIES[::-1]])
def test_the_other_familys_vae_is_refused_where_it_says_so(tmp_path: Path, configs: Path, family: str, other: str) -> None:
    other_vae(configs, other).save_pretrained(tmp_path / "vae")
    with pytest.raises(InputError, match="scaling factor"):
        open_base(configs / f"{family}.safetensors", vae=tmp_path / "vae")


def test_what_is_no_vae_is_refused_in_one_line(tmp_path: Path, configs: Path) -> None:
    save_file({"lora_unet_mid_block.alpha": torch.zeros(1)}, tmp_path / "lora.safetensors")
    weights = vae_weights(other_vae(configs, "sd15"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.safetensors").write_bytes((configs / "sd15.safetensors").read_bytes()[:5000])
    save_file({n: v for n, v in weights.items() if "up.2" not in n}, tmp_path / "holes.safetensors")
    save_file({n: v[..., :1].contiguous() for n, v in weights.items()}, tmp_path / "shapes.safetensors")
    torch.save(weights, tmp_path / "a.vae.pt")
    cases = {
        "absent.safetensors": "not there",
        "lora.safetensors": "a LoRA is no VAE",
        "empty": "does not open",
        "cut.safetensors": "cut short",
        "holes.safetensors": "lacks|does not open",
        "shapes.safetensors": "does not open",
        "a.vae.pt": "allow_pickle",
    }
    for name, said in cases.items():
        with pytest.raises(InputError, match=said) as told:
            open_vae(tmp_path / name, configs / "sd15", torch.float32)
        assert "\n" not in str(told.value)
    assert same(open_vae(tmp_path / "a.vae.pt", configs / "sd15", torch.float32, True), other_vae(configs, "sd15"))


def test_a_config_tells_whether_the_vae_overflows(configs: Path) -> None:
    opened = open_base(configs / "sdxl.safetensors")
    assert opened.family.vae_overflows(opened)
    assert json.loads((configs / "sdxl" / "vae" / "config.json").read_text())["force_upcast"] is True
