"""Sampler, steps and CFG of a new study fit its base: one for few steps draws nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.base.detect import FIRST
from optimizer.render.sampling.samplers import calls
from studies.project.bases import SMALLEST, bases_in
from studies.project.new import new_project
from studies.spec import StudySpec, read_spec
from studies.starter.found_study import found_study

SDXL, SD15 = "conditioner.embedders.1.x", "cond_stage_model.transformer.x"
ORDINARY = ("DPM++ 2M Karras", 30, 6.0)


def base(path: Path, family: str = SDXL, *, marks: tuple[str, ...] = (), metadata: dict[str, str] | None = None) -> None:
    """A file of the names of a family, large enough for one."""
    unet = torch.zeros(SMALLEST // 8, 4, 1, 1, dtype=torch.float16)
    save_file({FIRST: unet, family: torch.zeros(1), **{mark: torch.zeros(0) for mark in marks}}, path, metadata)


def study(project: Path, *presets: str) -> tuple[StudySpec, str]:
    text = found_study(project, "s", presets)
    (project / "studies" / "study.yaml").write_text(text, encoding="utf-8")
    return read_spec(project / "studies" / "study.yaml"), text


def drawn(spec: StudySpec) -> tuple[str, int, float]:
    assert spec.render.steps <= calls(spec.render.sampler, spec.render.steps) <= 2 * spec.render.steps
    return spec.render.sampler, spec.render.steps, spec.render.cfg


@pytest.mark.parametrize(
    ("name", "family", "settings"),
    [
        ("sdxl_lightning_4step", SDXL, ("Euler", 5, 1.0)),
        ("sdxl_lightning_8step", SDXL, ("Euler", 9, 1.0)),
        ("Juggernaut_Lightning_4Steps", SDXL, ("Euler", 5, 1.0)),
        ("realvisxlV50_v50LightningBakedvae", SDXL, ("DPM++ SDE Karras", 6, 2.0)),
        ("dreamshaperXL_v21TurboDPMSDE", SDXL, ("DPM++ SDE Karras", 6, 2.0)),
        ("sd_xl_turbo_1.0_fp16", SDXL, ("Euler a", 5, 1.0)),
        ("Hyper-SDXL-8steps", SDXL, ("Euler", 9, 1.0)),
        ("Hyper-SD15-8steps-CFG-merged", SD15, ("Euler", 9, 5.0)),
        ("realisticVisionV60B1_v51HyperVAE", SD15, ("Euler", 9, 1.0)),
        ("Dreamshaper_LCM_v8", SD15, ("LCM", 6, 1.5)),
        ("photonLCM", SD15, ("LCM", 6, 1.5)),
        ("anything_dmd2_4step", SDXL, ("LCM", 5, 1.0)),
        ("LLCM_v1", SDXL, ("LCM", 6, 1.5)),
        ("mix_TURBOXL", SDXL, ("DPM++ SDE Karras", 6, 2.0)),
    ],
)
def test_a_distilled_base_gets_what_it_was_made_for(
    tmp_path: Path, name: str, family: str, settings: tuple[str, int, float]
) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / f"{name}.safetensors", family)
    spec, text = study(tmp_path)
    assert drawn(spec) == settings
    assert "  # for this base: " in text
    assert max(map(len, text.splitlines())) <= 160


@pytest.mark.parametrize("name", ["hyperRealism_v20", "hyper-realistic", "turbogirls", "lcmix", "elcm"])
def test_a_name_that_only_sounds_so_changes_nothing(tmp_path: Path, name: str) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / f"{name}.safetensors")
    spec, text = study(tmp_path)
    assert drawn(spec) == ORDINARY
    assert "for this base" not in text


@pytest.mark.parametrize(
    ("name", "family", "why"),
    [
        ("sdxl_lightning_1step", SDXL, "Lightning for one step is drawn by no sampler here"),
        ("Hyper-SDXL-1step-Unet", SDXL, "Hyper-SD for one step is drawn by no sampler here"),
        ("realistic_turbo_v2", SD15, "if Turbo in its name means that it draws in few steps"),
    ],
)
def test_a_name_that_is_not_followed_is_told(tmp_path: Path, name: str, family: str, why: str) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / f"{name}.safetensors", family)
    spec, text = study(tmp_path)
    assert why in text
    assert spec.render.steps >= 25
    assert max(map(len, text.splitlines())) <= 160


def test_metadata_and_a_folder_s_scheduler_tell_it_too(tmp_path: Path) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / "mine.safetensors", metadata={"modelspec.title": "Dream Lightning 8-step"})
    assert drawn(study(tmp_path)[0]) == ("Euler", 9, 1.0)
    folder = tmp_path / "models" / "a-folder"
    for name, table in {
        "model_index.json": {"_class_name": "StableDiffusionPipeline"},
        "scheduler/scheduler_config.json": {"_class_name": "LCMScheduler"},
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(table), encoding="utf-8")
    assert drawn(study(tmp_path)[0]) == ("LCM", 6, 1.5)
    (folder / "scheduler" / "scheduler_config.json").write_text('{"rescale_betas_zero_snr": true}', encoding="utf-8")
    assert drawn(study(tmp_path)[0]) == ("Euler", 30, 5.0)


def test_zero_snr_takes_no_karras_levels(tmp_path: Path) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / "noob.safetensors", marks=("v_pred", "ztsnr"))
    spec, text = study(tmp_path, "drawn")
    assert drawn(spec) == ("Euler", 28, 5.0)
    assert "zero SNR" in text
    base(tmp_path / "models" / "noob.safetensors", marks=("v_pred",))
    assert drawn(study(tmp_path, "drawn")[0]) == ("Euler a", 28, 6.0)


def test_an_ordinary_base_keeps_the_preset_s_choice(tmp_path: Path) -> None:
    new_project(tmp_path)
    assert drawn(study(tmp_path)[0]) == ("DPM++ SDE Karras", 30, 7.5)
    base(tmp_path / "models" / "x.safetensors", SD15)
    assert drawn(study(tmp_path)[0]) == ("DPM++ SDE Karras", 30, 7.5)
    assert drawn(study(tmp_path, "drawn")[0]) == ("Euler a", 28, 7.0)


def test_sdxl_turbo_is_drawn_as_small_as_it_was_made(tmp_path: Path) -> None:
    new_project(tmp_path)
    base(tmp_path / "models" / "sd_xl_turbo_1.0.safetensors")
    spec, _ = study(tmp_path)
    assert (spec.render.width, spec.render.height) == (512, 768)
    base(tmp_path / "models" / "sd_xl_turbo_1.0.safetensors", SD15)
    named = bases_in(tmp_path / "models")[0].distilled
    assert named is not None
    assert named.doubtful
    assert not named.small
