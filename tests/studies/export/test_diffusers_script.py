"""The exported script is run as a stranger would run it, and its parts against what they stand for."""

from __future__ import annotations

import ast
import inspect
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from models.base.family import Base
from models.base.opening import open_base
from models.base.prompt.emphasis import parse_emphasis
from models.errors import InputError
from models.lora.combine import sum_loras, write_sum
from models.lora.file import LoraFile, write_lora
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT, TEXT_2
from models.testing.bases import random_parts, small_configs
from optimizer.point import Job, Point
from optimizer.render.noise import Noise
from optimizer.render.sampling.samplers import SAMPLERS
from optimizer.render.sampling.schedulers import make_scheduler
from studies.export.diffusers_script import TEMPLATE, adjustments, diffusers_script, scheduler_settings
from studies.local_models import LocalModels
from studies.paperdoll.bundle import WEIGHTS
from studies.spec import StudySpec
from studies.study import Study
from studies.workspace import Workspace
from tests.studies.export.test_export import outcome_at

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SEED = 7
LONG = ", ".join(["1girl, full body, red hair, blue dress, white shoes, standing, smile, plain background"] * 6)
PROMPT = rf"1girl, (red hair:1.4), \(plain\), [[full body]], testneg BREAK ((blue dress)), {LONG}"
POINT = Point({"face": 0.7, "dress": 0.4, "shoes": 0.0}, 5.0)


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def layers_of(model: nn.Module, part: str, rank: Callable[[int], int], strength: float) -> dict[str, LoraLayer]:
    """Ranks and alphas that differ from layer to layer."""
    found = {}
    for i, (path, module) in enumerate(model.named_modules()):
        if part not in path or not isinstance(module, (nn.Linear, nn.Conv2d)):
            continue
        (out, wide, *kernel), r = module.weight.shape, rank(i)
        up = torch.randn(out, r, *([1, 1] if kernel else []))
        found[path] = LoraLayer(torch.randn(r, wide, *kernel) * strength, up * strength, r * (1.0 + i % 2) / 2)
    return found


def write_loras(folder: Path, base: Base) -> None:
    torch.manual_seed(3)
    unet, text = base.denoiser, base.text_encoders[TEXT]
    mixed = layers_of(unet, "attn2", lambda i: 1 + i % 3, 0.4)
    write_lora(folder / "face.safetensors", {DENOISER: mixed, TEXT: layers_of(text, "self_attn", lambda i: 2, 0.2)}, {})
    write_lora(folder / "dress.safetensors", {DENOISER: layers_of(unet, "mid_block", lambda i: 2, 0.1)}, {})
    write_lora(folder / "shoes.safetensors", {DENOISER: layers_of(unet, "attn1", lambda i: 2, 0.4)}, {})


def study_at(folder: Path, base: Base, **render: Any) -> Study:
    """A real study on the lab's base, with LoRAs that were made up and a textual inversion of two vectors."""
    write_loras(folder, base)
    save_file({"emb_params": torch.randn(2, 96)}, folder / "testneg.safetensors")
    section = {"kind": "clothing", "references": "photos"}
    spec = {
        "name": "exported",
        "base": {"checkpoint": str(WEIGHTS / "base"), "clip_skip": 2},
        "prompt": PROMPT,
        "negative_prompt": "testneg, (lowres:1.2)",
        "embeddings": ["testneg.safetensors"],
        "render": {"width": 64, "height": 96, "steps": 4, "cfg": 5.0, "rng": "cpu", "device": "cpu", "ensd": 31337, **render},
        "loras": {name: {"file": f"{name}.safetensors", **section} for name in ("face", "dress", "shoes")},
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
    made = StudySpec.model_validate(spec)
    return Study(made, folder, Workspace(folder / "workspace"), models=LocalModels(made, folder, base))


def run(script: Path) -> Image.Image:
    """In a process of its own, in a folder from which no module of this project can be imported."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script], cwd=script.parent, capture_output=True, text=True, check=False, env=settings
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(script.with_suffix(".diffusers.png"))
    with Image.open(script.with_suffix(".diffusers.png")) as image:
        return image.convert("RGB")


@pytest.mark.parametrize("sampler", ["DPM++ 2M Karras", "Euler a"])
def test_the_script_draws_what_the_study_draws(tmp_path: Path, base: Base, sampler: str) -> None:
    study = study_at(tmp_path, base, sampler=sampler)
    (wanted,) = study.models.renderer.render([Job(SEED, POINT)])
    (bare,) = study.models.renderer.render([Job(SEED, Point({}, 5.0))])
    assert isinstance(wanted, Image.Image)
    script = tmp_path / "elsewhere" / "seed-7.py"
    script.parent.mkdir()
    script.write_text(diffusers_script(study, outcome_at(SEED, POINT), script.name), encoding="utf-8")
    drawn = np.asarray(run(script)).astype(int)
    assert np.abs(drawn - np.asarray(wanted)).max() <= 1
    assert np.abs(drawn - np.asarray(bare)).max() > 20, "the LoRAs must show, or nothing was compared"


def test_the_script_is_plain_to_read(tmp_path: Path, base: Base) -> None:
    text = diffusers_script(study_at(tmp_path, base), outcome_at(SEED, POINT), "seed-7.py")
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree)
    assert docstring is not None
    assert docstring.startswith("Draws the pick of study exported at seed 7")
    assert "What may differ" in docstring
    assert all(words in docstring for words in ("in float16 on a GPU", "diffusers==", "python seed-7.py"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    own = {"models", "trainers", "scorers", "optimizer", "studies", "dashboards", "huanhua"}
    assert not {name.split(".")[0] for name in imported} & own
    assert "# settings" not in text
    assert f"'face': ({str(tmp_path / 'face.safetensors')!r}, 0.7)" in text
    assert "shoes.safetensors" not in text, "what has weight 0 draws nothing"


def test_noise_of_a_device_that_is_not_there_is_refused_in_one_line(tmp_path: Path, base: Base) -> None:
    if torch.cuda.is_available():
        pytest.skip("the device is there")
    study = study_at(tmp_path, base, rng="nv")
    script = tmp_path / "x.py"
    script.write_text(diffusers_script(study, outcome_at(SEED, POINT), "x.py"), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"what a CUDA device draws \(RNG: NV\)"):
        runpy.run_path(str(script))["draw"]()


def scripted(folder: Path, name: str, schedule: dict[str, Any], steps: int) -> dict[str, Any]:
    """The parts of a script for one sampler: the template with those lines filled in that depend on it."""
    text = TEMPLATE.read_text(encoding="utf-8").replace(
        "# end of settings\n", "\n".join([*scheduler_settings(name, schedule, steps), "SEED = 7\n"])
    )
    path = folder / "script.py"
    path.write_text(text + "\n\n" + adjustments(name), encoding="utf-8")
    return runpy.run_path(str(path), run_name="script")


def sampled(scheduler: Any, *, handed: bool) -> torch.Tensor:
    """Latents through a scheduler, with a formula in the place of the UNet. `handed`: it gets the generator of its noise, as in
    the script; else it draws from optimizer.render.noise."""
    generator = torch.Generator("cpu").manual_seed(SEED)
    latents: torch.Tensor = torch.randn((1, 4, 8, 8), generator=generator) * scheduler.init_noise_sigma
    takes = handed and "generator" in inspect.signature(scheduler.step).parameters
    for t in scheduler.timesteps:
        x = scheduler.scale_model_input(latents, t)
        noise = 0.5 * x.roll(1, -1) - 0.3 * x + float(t) / 5000
        latents = scheduler.step(noise, t, latents, return_dict=False, **({"generator": generator} if takes else {}))[0]
    return latents


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_s_scheduler_is_the_study_s(tmp_path: Path, base: Base, name: str, prediction: str) -> None:
    schedule, steps = {**base.schedule, "prediction_type": prediction}, 7
    script = scripted(tmp_path, name, schedule, steps)["made_scheduler"]("cpu")
    own = make_scheduler(name, schedule, [SEED])
    own.set_timesteps(steps)
    assert torch.equal(script.timesteps.float(), own.timesteps.float())
    noise = Noise("cpu", [SEED], "cpu")
    noise.first((4, 8, 8))
    with noise.drawing():
        wanted = sampled(own, handed=False)
    assert wanted.isfinite().all()
    assert wanted.std() > 0.01
    assert torch.allclose(sampled(script, handed=True), wanted, rtol=1e-5, atol=1e-6)


SCRIPT = runpy.run_path(str(TEMPLATE), run_name="script")


@given(st.text(alphabet=r"ab (1.2):[]\,{}" + "B", max_size=40).map(lambda text: text.replace("B", " BREAK ")))
def test_emphasis_is_read_as_the_study_reads_it(prompt: str) -> None:
    wanted = [(span.text, span.weight) for span in parse_emphasis(prompt)]
    found = SCRIPT["emphasised"](prompt) or [("", 1.0)]
    assert [text for text, _ in found] == [text for text, _ in wanted]
    assert np.allclose([weight for _, weight in found], [weight for _, weight in wanted])


def test_a_pick_of_another_prompt_sampler_and_length_is_written_as_such(tmp_path: Path, base: Base) -> None:
    point = replace(POINT, prompt="1girl", steps=9, sampler="DDIM")
    text = diffusers_script(study_at(tmp_path, base), outcome_at(SEED, point), "x.py")
    assert "PROMPT = '1girl'\n" in text
    assert "STEPS = 9\n" in text
    assert "SCHEDULER = 'DDIMScheduler'\n" in text


def test_a_file_that_has_gone_is_refused_in_one_line(tmp_path: Path, base: Base) -> None:
    study = study_at(tmp_path, base)
    (tmp_path / "dress.safetensors").unlink()
    with pytest.raises(InputError, match=r"a file that is not there: .*dress\.safetensors; put it back"):
        diffusers_script(study, outcome_at(SEED, POINT), "x.py")


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random SDXL in a diffusers folder, small enough for a test."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    from models.base.family import CONFIGS
    from models.base.stable_diffusion import read_clip_tokenizer

    folder = tmp_path_factory.mktemp("xl")
    unet, vae, text, second = random_parts(small_configs(folder / "config", "sdxl"))
    StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=text,
        text_encoder_2=second,
        tokenizer=read_clip_tokenizer(CONFIGS / "sdxl" / "tokenizer"),
        tokenizer_2=read_clip_tokenizer(CONFIGS / "sdxl" / "tokenizer_2"),
        unet=unet,
        scheduler=EulerDiscreteScheduler.from_pretrained(CONFIGS / "sdxl" / "scheduler"),
        add_watermarker=False,
    ).save_pretrained(folder / "base")
    return folder / "base"


@pytest.mark.parametrize("negative", ["", "testneg, lowres"])
def test_sdxl_is_drawn_by_both_its_text_encoders(tmp_path: Path, xl: Path, negative: str) -> None:
    base = open_base(xl)
    torch.manual_seed(4)
    layers = layers_of(base.denoiser, "attn2", lambda i: 1 + i % 3, 0.4)
    words = layers_of(base.text_encoders[TEXT], "self_attn", lambda i: 2, 0.4)
    others = layers_of(base.text_encoders[TEXT_2], "self_attn", lambda i: 2, 0.4)
    file = LoraFile(Path("x"), "x", "", "", {DENOISER: layers, TEXT: words, TEXT_2: others}, {})
    write_sum(tmp_path / "dress.safetensors", sum_loras({"x": file}, {"x": 1.0}), {}, base.modules)
    save_file({"clip_l": torch.randn(2, 16), "clip_g": torch.randn(2, 24)}, tmp_path / "testneg.safetensors")
    spec = {
        "name": "xl",
        "base": {"checkpoint": str(xl)},
        "prompt": "1girl, (red hair:1.3), testneg",
        "negative_prompt": negative,
        "embeddings": ["testneg.safetensors"],
        "render": {"width": 64, "height": 64, "steps": 3, "sampler": "DPM++ 2M Karras", "rng": "cpu", "device": "cpu"},
        "loras": {"dress": {"file": "dress.safetensors", "kind": "clothing", "references": "photos"}},
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
    study = Study(StudySpec.model_validate(spec), tmp_path, Workspace(tmp_path / "workspace"))
    point = Point({"dress": 0.6}, 5.0)
    wanted, bare = (study.models.renderer.render([Job(SEED, p)])[0] for p in (point, Point({}, 5.0)))
    script = tmp_path / "x.py"
    script.write_text(diffusers_script(study, outcome_at(SEED, point), "x.py"), encoding="utf-8")
    drawn = np.asarray(runpy.run_path(str(script), run_name="script")["draw"]()).astype(int)
    assert isinstance(wanted, Image.Image)
    assert np.abs(drawn - np.asarray(wanted)).max() <= 1
    assert np.abs(drawn - np.asarray(bare)).max() > 2, "the LoRA must show, or nothing was compared"
