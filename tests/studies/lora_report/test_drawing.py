"""A report's images: named by content, drawn with the LoRAs that act in them alone, and drawn once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import InputError
from models.lora.file import open_lora
from optimizer.point import Job, Point
from optimizer.render.diffusers_renderer import DiffusionRenderer
from studies.lora_report.models import WITHOUT_TEXT, ReportModels, ReportStudy
from studies.lora_report.setting import Reported, spec_from_study
from studies.paperdoll.bundle import WEIGHTS, scorers
from studies.render_settings import render_settings_of
from studies.spec import StudySpec
from studies.study import Study
from studies.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
DRESS, FACE = (WEIGHTS / "loras" / f"{name}.safetensors" for name in ("testdress", "myface"))


def lab(folder: Path) -> Study:
    sections = {
        "name": "lab",
        "base": {"checkpoint": str(WEIGHTS / "base"), "dtype": "float32"},
        "prompt": "1girl, myface, pink dress, testdress, myshoes",
        "render": {"width": 64, "height": 96, "steps": 2, "sampler": "Euler", "cfg": 2.5, "rng": "cpu"},
        "loras": {
            "face": {"file": str(FACE), "kind": "face"},
            "shoes": {"file": str(WEIGHTS / "loras" / "myshoes.safetensors"), "kind": "shoes"},
        },
        "scorers": scorers().model_dump(),
    }
    return Study(StudySpec.model_validate(sections), folder, Workspace(folder / "workspace"))


def report_study(folder: Path, *names: str) -> ReportStudy:
    """Of the LoRAs of these names; two of them have one trigger, as epochs do."""
    files = {"lora-d": DRESS, "lora-f": FACE, "lora-later": WEIGHTS / "loras" / "mycoat.safetensors"}
    triggers = {"lora-d": "testdress", "lora-f": "myface", "lora-later": "testdress"}
    loras = {name: Reported(files[name], "clothing", "x", triggers[name], None, 0.7, 1.0) for name in names}
    study = lab(folder)
    spec = spec_from_study(study, loras)
    return ReportStudy(spec, folder, Workspace(folder / "report"), models=ReportModels(spec, folder))


def test_the_prompt_has_the_words_of_those_that_act_alone(tmp_path: Path) -> None:
    study = report_study(tmp_path, "lora-d", "lora-later")
    # Words of the study's own LoRAs are no business of these; epochs share theirs.
    assert study.spec.prompt == "1girl, pink dress, testdress"
    assert study.plain_prompt() == "1girl, pink dress"
    assert study.plain_prompt(keep="lora-d") == "1girl, pink dress, testdress"
    both = report_study(tmp_path, "lora-f", "lora-d")
    assert both.prompt_of(["lora-d"]) == "1girl, pink dress, testdress"
    assert both.prompt_of(["lora-d", "lora-f"]) == "1girl, myface, pink dress, testdress"


def test_images_are_those_of_a_study_and_their_keys_do_not_name_other_files(tmp_path: Path) -> None:
    one, both = report_study(tmp_path, "lora-d"), report_study(tmp_path, "lora-d", "lora-f")
    prompt = one.plain_prompt(keep="lora-d")
    job = Job(3, Point({"lora-d": 0.8}, 2.5, prompt))
    (drawn,) = one.models.renderer.render([job])
    base = one.models.base
    plain = DiffusionRenderer(base, {"lora-d": open_lora(DRESS, base.modules)}, render_settings_of(one.spec)).render([job])[0]
    assert np.array_equal(np.asarray(drawn), np.asarray(plain))
    assert one.evaluator.place(job) == both.evaluator.place(job)
    assert "loras" not in one.evaluator.identity()


def test_without_the_text_encoders_part_is_another_image_of_the_same_file(tmp_path: Path) -> None:
    study = report_study(tmp_path, "lora-d")
    models = study.models
    assert isinstance(models, ReportModels)
    assert models.touches_text("lora-d")
    assert not models.touches_text(f"lora-d{WITHOUT_TEXT}")
    jobs = [Job(3, Point({name: 0.8}, 2.5, study.plain_prompt(keep="lora-d"))) for name in ("lora-d", f"lora-d{WITHOUT_TEXT}")]
    whole, without = models.renderer.render(jobs)
    assert not np.array_equal(np.asarray(whole), np.asarray(without))


def test_a_file_for_another_base_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other.safetensors"
    save_file({key.replace("lora_unet_", "lora_unet_x"): value for key, value in load_file(DRESS).items()}, other)
    loras = {"lora-o": Reported(other, "clothing", "x", None, None, 0.7, 1.0)}
    study = lab(tmp_path)
    spec = spec_from_study(study, loras)
    report = ReportStudy(spec, tmp_path, Workspace(tmp_path / "report"), models=ReportModels(spec, tmp_path))
    with pytest.raises(InputError, match=r"other\.safetensors"):
        report.seconds_per_image()
    assert not (tmp_path / "report" / "images").exists()
