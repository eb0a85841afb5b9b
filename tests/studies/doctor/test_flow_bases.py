"""`validate` on a flow-matching base: what is refused, what changes nothing, and a study that is valid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from models.base.opening import open_base
from models.errors import InputError
from models.testing.flow.folders import FOLDERS
from models.testing.flow.loras import save_lora
from studies.doctor.validate import validate_study
from studies.paperdoll.study import study_text
from studies.study import open_study

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    base = open_base(FOLDERS["flux"](place / "base"))
    for seed, (name, naming) in enumerate({"face": "diffusers", "dress": "ComfyUI", "shoes": "kohya"}.items()):
        save_lora(place / f"{name}.safetensors", base.denoiser, naming, seed=seed)
    return place


def lines(folder: Path, **render: Any) -> list[str]:
    study = yaml.safe_load(study_text(folder))
    study["base"] = {"checkpoint": "base", "clip_skip": 2}
    study["negative_prompt"] = "dog"
    study["render"] = {"width": 64, "height": 96, "steps": 3, "sampler": "Euler", "cfg": 3.5, "rng": "cpu"} | render
    for name, section in study["loras"].items():
        section["file"] = f"{name}.safetensors"
        del section["references"]
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    return list(validate_study(open_study(folder / "study.yaml")))


def test_what_changes_nothing_is_told(folder: Path) -> None:
    found = "\n".join(lines(folder))
    for told in (
        "clip_skip changes nothing on FLUX.1 bases",
        "the negative prompt is not read: this FLUX.1 base is told its guidance",
        "FLUX.1 was published in bfloat16",
        "valid",
    ):
        assert told in found


def test_a_sampler_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"FLUX\.1 is drawn by its own steps along the flow"):
        lines(folder, sampler="DPM++ 2M Karras")
