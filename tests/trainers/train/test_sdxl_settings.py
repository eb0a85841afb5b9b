"""SDXL trainings of several sizes, beside other LoRAs, in bfloat16; and what cannot be trained, in one line."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from models.base import opening
from models.base.family import Base
from models.base.opening import family_at, open_base
from models.errors import InputError
from models.lora.file import open_lora
from models.lora.sites import DENOISER
from models.testing.bases import random_parts, small_configs
from models.testing.ldm import single_file_weights
from studies.training.train import train_lora, train_request
from tests.trainers.train.test_train import run, write_boxes
from trainers.step_plan import Plan
from trainers.testing.tiny_base import tiny_base
from trainers.testing.tiny_set import write_tiny_set
from trainers.testing.tiny_xl import SHORT_XL, tiny_xl, write_xl_set
from trainers.train import optimizer as optimizers
from trainers.train import step as steps
from trainers.train.settings.preset import Preset
from trainers.train.settings.preset_families import PRESETS, preset

BRIEF = replace(SHORT_XL, plan=Plan(steps=2, epochs=1, batch=2), text_rank=0, layers="attention")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return tiny_xl(tmp_path_factory.mktemp("xl"))


def write(folder: Path, *sizes: tuple[int, int]) -> Path:
    (folder / "1_dress").mkdir(parents=True)
    for index, size in enumerate(sizes):
        Image.effect_noise(size, 60 + index).convert("RGB").save(folder / f"1_dress/{index}.png")
    return folder


def test_a_step_is_told_the_sizes_of_its_bucket(tmp_path: Path, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[tuple[int, ...], list[list[float]]]] = []
    predict = steps._predict

    def watched(context: Any, told: Any, x_t: Any, t: Any) -> Any:
        seen.append((tuple(x_t.shape[2:]), base.family.picture_conditioning(base, told.frames)["time_ids"].tolist()))
        return predict(context, told, x_t, t)

    monkeypatch.setattr(steps, "_predict", watched)
    lines: list[str] = []
    data = write(tmp_path / "set", (64, 64), (100, 40), (500, 620), (610, 520))
    run(data, tmp_path / "dress.safetensors", base, BRIEF, message=lines.append)
    told = {tuple(ids) for _, rows in seen for ids in rows}
    # a file of its bucket's size, one that is cut, and two that are scaled
    assert told == {(64, 64, 0, 0, 64, 64), (40, 100, 0, 8, 32, 96), (620, 500, 12, 0, 64, 32), (520, 610, 0, 13, 32, 64)}
    assert all((height * 8, width * 8) == tuple(ids[4:]) for (height, width), rows in seen for ids in rows)
    assert any("sizes trained: 32x64, 64x32, 96x32" in line for line in lines)


def test_a_set_of_small_pictures_is_told(tmp_path: Path, base: Base) -> None:
    lines: list[str] = []
    data = write(tmp_path / "set", (64, 64), (32, 64))
    run(data, tmp_path / "dress.safetensors", base, replace(BRIEF, size=(1024, 1024)), message=lines.append)
    assert [line for line in lines if "huanhua prepare --size" in line] == [
        "no picture is larger than 64x64, and this base draws at 1024x1024: use `huanhua prepare --size 832x1216`"
    ]


def test_beside_another_lora_outside_of_the_thing_the_base(tmp_path: Path, base: Base) -> None:
    data = write_xl_set(tmp_path / "set")
    (data / "train/2_dress/2.png").unlink()
    write_boxes(data, share=0.5)
    settings = replace(BRIEF, text_rank=2, outside="base")
    face = open_lora(run(data, tmp_path / "face.safetensors", base, settings, trigger="face").path, base.modules)
    weights = [p.clone() for model in base.modules.values() for p in model.parameters()]
    alone = run(data, tmp_path / "a/dress.safetensors", base, settings)
    beside = run(data, tmp_path / "b/dress.safetensors", base, settings, companions=[face])
    assert alone.hash != beside.hash
    after = [p for model in base.modules.values() for p in model.parameters()]
    assert all(torch.equal(p, q) for p, q in zip(weights, after, strict=True))


def test_a_base_in_bfloat16_trains_matrices_in_float32(tmp_path: Path) -> None:
    narrow = tiny_xl(tmp_path)
    for model in narrow.modules.values():
        model.to(torch.bfloat16)
    kinds: set[torch.dtype] = set()

    class Watching:
        def on_start(self, *_: Any) -> None:
            kinds.update(p.dtype for p in narrow.denoiser.parameters() if p.requires_grad)

        def on_step(self, *_: Any) -> None: ...

        def wants_sample(self, step: int) -> bool:
            return False

        def on_sample(self, step: int) -> None: ...

    settings = replace(BRIEF, text_rank=2, conv_rank=1, gradient_checkpointing=True)
    made = run(write_xl_set(tmp_path / "set"), tmp_path / "dress.safetensors", narrow, settings, callback=Watching())
    assert kinds == {torch.float32}
    layers = open_lora(made.path, narrow.modules).layers[DENOISER]
    assert all(float(layer.delta().abs().max()) > 0 for layer in layers.values())


def test_the_eight_bit_optimizer_says_what_it_lacks(tmp_path: Path, base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizers, "find_spec", lambda name: None)
    data = write(tmp_path / "set", (64, 64))
    with pytest.raises(InputError, match=r"needs bitsandbytes.*pip install 'huanhua\[adamw8bit\]'"):
        run(data, tmp_path / "dress.safetensors", base, replace(BRIEF, optimizer="adamw8bit"))
    assert not (tmp_path / "dress.safetensors").exists()


def test_what_cannot_be_trained_is_one_line(tmp_path: Path, base: Base) -> None:
    out = tmp_path / "dress.safetensors"
    with pytest.raises(
        InputError, match=r"a picture of 31x64, smaller than the 32 pixels that this base's sizes are multiples of"
    ):
        run(write(tmp_path / "small", (31, 64)), out, base, BRIEF)
    assert not out.exists()
    made = run(write_tiny_set(tmp_path / "sd15"), tmp_path / "face.safetensors", tiny_base(), replace(BRIEF, size=(16, 16)))
    with pytest.raises(InputError) as raised:
        open_lora(made.path, base.modules)
    assert "\n" not in str(raised.value)
    assert "LoRA" in str(raised.value)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("file")
    weights = single_file_weights(*random_parts(small_configs(folder / "sdxl", "sdxl")))
    save_file({**weights, "v_pred": torch.tensor([]), "ztsnr": torch.tensor([])}, folder / "xl.safetensors")
    return folder / "xl.safetensors"


@pytest.fixture
def single_file(written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint of few channels, opened by a config of its own."""
    monkeypatch.setattr(opening, "CONFIGS", written.parent)
    return written


def test_preset_and_resolution_follow_the_base(tmp_path: Path, single_file: Path) -> None:
    data, out = write(tmp_path / "set", (64, 64)), tmp_path / "dress.safetensors"
    assert family_at(single_file).name == "sdxl"
    request = train_request(data, out, "clothing", base=single_file)
    assert (request.preset, request.family) == (preset("sdxl", "clothing"), "sdxl")
    assert (request.preset.size, request.preset.rank, request.preset.text_rank) == ((1024, 1024), 16, 0)
    with pytest.raises(InputError, match="the preset sd15 is not for SDXL bases"):
        train_request(data, out, "clothing", base=single_file, family="sd15")
    with pytest.raises(InputError, match="the preset is for sd15 bases, and this is SDXL"):
        train_lora(train_request(data, out, "clothing"), single_file)
    with pytest.raises(InputError, match="no such base checkpoint"):
        train_request(data, out, "clothing", base=tmp_path / "absent.safetensors")


def test_the_vae_may_be_of_another_type(single_file: Path) -> None:
    opened = open_base(single_file, dtype="bfloat16", vae_dtype="float32")
    assert (opened.dtype, opened.vae.dtype) == (torch.bfloat16, torch.float32)
    whole = open_base(single_file)
    assert all(torch.equal(p, q) for p, q in zip(whole.vae.parameters(), opened.vae.parameters(), strict=True))
    assert opened.schedule["prediction_type"] == "v_prediction"
    assert opened.schedule["rescale_betas_zero_snr"]


@pytest.mark.parametrize(("family", "digest"), [("sd15", "9a0c85e458ced500"), ("lab", "2ecdd4dd7be5d8cc")])
def test_what_fingerprints_say_of_older_presets_is_what_it_was(family: str, digest: str) -> None:
    """As before there was SDXL: a LoRA that is finished is not trained again. Change it with `fingerprint.VERSION` alone."""
    described = {kind: PRESETS[family][kind].described() for kind in sorted(PRESETS[family])}
    assert hashlib.sha256(json.dumps(described).encode()).hexdigest()[:16] == digest


def test_settings_that_came_later_leave_older_fingerprints_alone() -> None:
    older = preset("sd15", "clothing").described()
    assert not older.keys() & {"optimizer", "weights", "masks"}
    assert preset("sdxl", "clothing").described()["weights"] == "auto"
    assert Preset(plan=Plan(1, 1, 1), optimizer="adamw8bit").described()["optimizer"] == "adamw8bit"


def test_the_command_line_trains_sdxl(tmp_path: Path, single_file: Path) -> None:
    from studies.cli.app import app

    data, out = write(tmp_path / "set", (64, 64)), tmp_path / "dress.safetensors"
    asked = ["train", str(data), "--base", str(single_file), "--out", str(out), "--kind", "other"]
    settings = [f"--set={text}" for text in ("plan.epochs=1", "rank=2", "weights=float32", "gradient_checkpointing=false")]
    result = CliRunner().invoke(app, [*asked, *settings])
    assert result.exit_code == 0, result.output
    opened = open_base(single_file)
    assert open_lora(out, opened.modules).layers[DENOISER]
