"""New studies of flow-matching bases: their makers' settings, no weights in prompts, LoRAs of their own family."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from models.base.opening import open_base
from models.testing.flow.folders import FOLDERS, flux_pipeline, saved
from models.testing.flow.loras import save_lora
from studies.project.bases import FoundBase, base_at
from studies.starter.flow_bases import plain_words
from studies.starter.found_study import found_study
from studies.starter.presets import preset_named
from studies.starter.sampling import sampling_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


@pytest.mark.parametrize(
    ("name", "family", "steps", "cfg"),
    [
        ("Z-Image-Turbo", "z-image", 9, 1.0),
        ("Z-Image", "z-image", 28, 5.0),
        ("FLUX.1-schnell", "flux", 4, 1.0),
        ("FLUX.1-Krea-dev", "flux", 28, 3.5),
        ("FLUX.2-klein-4B", "flux2", 4, 1.0),
        ("FLUX.2-klein-base-4B", "flux2", 50, 4.0),
    ],
)
def test_each_is_drawn_as_its_makers_advise(name: str, family: str, steps: int, cfg: float) -> None:
    found = sampling_of(preset_named([]), FoundBase(Path(name), family))
    assert (found.sampler, found.steps, found.cfg) == ("Euler", steps, cfg)
    assert found.why.startswith("for this base: ")


def test_what_a_folder_states_comes_before_its_name(tmp_path: Path) -> None:
    klein = base_at(FOLDERS["flux2"](tmp_path / "my-klein"))
    assert klein is not None
    assert sampling_of(preset_named([]), klein).cfg == 4.0
    schnell = base_at(saved(flux_pipeline(guided=False), tmp_path / "my-flux"))
    assert schnell is not None
    assert sampling_of(preset_named([]), schnell).steps == 4


def test_weights_are_taken_out_and_brackets_stay() -> None:
    assert plain_words("best quality, (photorealistic:1.4), (a (b:1.2)), [c]") == "best quality, photorealistic, (a b), [c]"


def test_a_project_with_such_a_base(tmp_path: Path) -> None:
    folder = FOLDERS["z-image"](tmp_path / "models/Z-Image-Turbo")
    base = open_base(folder)
    (tmp_path / "loras").mkdir()
    save_lora(tmp_path / "loras/dress.safetensors", base.denoiser, "ai-toolkit")
    flux = open_base(FOLDERS["flux"](tmp_path / "elsewhere/flux"))
    save_lora(tmp_path / "loras/shoes.safetensors", flux.denoiser, "diffusers")
    text = found_study(tmp_path, "new")
    study = yaml.safe_load(text)
    assert study["base"] == {"checkpoint": "models/Z-Image-Turbo", "dtype": "bfloat16", "clip_skip": 1}
    assert {key: study["render"][key] for key in ("width", "height", "steps", "sampler", "cfg")} == {
        "width": 832, "height": 1216, "steps": 9, "sampler": "Euler", "cfg": 1.0
    }  # fmt: skip
    assert "photorealistic" in study["prompt"]
    assert ":" not in study["prompt"]
    assert list(study["loras"]) == ["dress"]
    assert "shoes.safetensors was left out: it is for other bases than Z-Image" in text.replace("\n# ", " ")
