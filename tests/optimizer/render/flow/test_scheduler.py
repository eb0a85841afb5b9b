"""What of a study's settings flow-matching bases do not follow is refused or told; guidance that is distilled or told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from models.testing.flow.folders import FOLDERS, flux2_pipeline, flux_pipeline, saved
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.flow.scheduler import check_guidance, unread_settings

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SETTINGS = RenderSettings("a red hat, a cat", "dog", 64, 96, 3, "Euler")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Base]:
    place = tmp_path_factory.mktemp("folders")
    return {name: open_base(write(place / name)) for name, write in FOLDERS.items()}


@pytest.fixture(scope="module")
def klein(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(flux2_pipeline(distilled=True), tmp_path_factory.mktemp("klein") / "klein")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sampler": "DPM++ 2M Karras"}, "'DPM.. 2M Karras': .* by its own steps .*: render.sampler; set it to Euler"),
        ({"sampler": "Euler Karras"}, "sampler 'Euler Karras'"),
        ({"like": "comfyui"}, "like: comfyui"),
        ({"pad_conds": True}, "pad_conds"),
        ({"ensd": 31337}, "ensd"),
        ({"width": 72}, "size 72x96 is not divisible by 16"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("family", FOLDERS)
def test_settings_it_cannot_follow(bases: dict[str, Base], family: str, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        DiffusionRenderer(bases[family], {}, replace(SETTINGS, **changes))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("family", FOLDERS)
def test_a_sampler_that_a_point_names_is_refused_too(bases: dict[str, Base], family: str) -> None:
    renderer = DiffusionRenderer(bases[family], {}, SETTINGS)
    with pytest.raises(InputError, match="sampler 'DDIM'"):
        renderer.render([Job(1, Point({}, 1.0, sampler="DDIM"))])


def test_what_changes_nothing_is_told(bases: dict[str, Base], klein: Path) -> None:
    skipped = replace(SETTINGS, clip_skip=2, negative_prompt="")
    assert unread_settings(skipped, 4.0, bases["z-image"]) == ["clip_skip changes nothing on Z-Image bases"]
    assert unread_settings(SETTINGS, 4.0, bases["z-image"]) == []
    assert unread_settings(SETTINGS, 1.0, bases["z-image"]) == ["the negative prompt is not read at cfg 1"]
    told = "the negative prompt is not read: this FLUX.1 base is told its guidance"
    assert unread_settings(SETTINGS, 3.5, bases["flux"]) == [told]
    assert len(unread_settings(SETTINGS, 1.0, open_base(klein))) == 1


def test_a_distilled_klein_has_no_guidance(klein: Path) -> None:
    base = open_base(klein)
    check_guidance(1.0, base)
    with pytest.raises(
        InputError, match=r"CFG 4: this FLUX.2 \[klein\] base was trained to need no guidance: render.cfg; set it to 1"
    ):
        DiffusionRenderer(base, {}, SETTINGS).render([Job(1, Point({}, 4.0))])
    assert off(drawn(base, 1.0), piped(klein, guidance_scale=1.0)) <= 1


def test_schnell_is_guided_by_a_second_prediction(tmp_path: Path) -> None:
    folder = saved(flux_pipeline(guided=False), tmp_path / "schnell")
    base = open_base(folder)
    assert off(drawn(base, 1.0), piped(folder)) <= 1
    guided = piped(folder, true_cfg_scale=4.0, negative_prompt="dog")
    assert off(drawn(base, 4.0), guided) <= 1
    assert off(drawn(base, 1.0), guided) > 1


def drawn(base: Base, cfg: float) -> Image.Image:
    (image,) = DiffusionRenderer(base, {}, SETTINGS).render([Job(5, Point({}, cfg))])
    assert isinstance(image, Image.Image)
    return image


def piped(folder: Path, **asked: Any) -> Image.Image:
    pipe = diffusers.DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipe.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(5)
    image: Image.Image = pipe(
        prompt=SETTINGS.prompt, width=64, height=96, num_inference_steps=3, generator=generator, **asked
    ).images[0]  # fmt: skip
    return image


def off(first: Image.Image, second: Image.Image) -> int:
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())
