"""ControlNets act on an image as in diffusers' own pipelines, and on nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    MultiControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
)
from PIL import Image

from models.base.family import Base
from models.control_net.opening import ControlNet
from models.errors import InputError
from models.lora.sites import TEXT, TEXT_2
from models.testing.bases import small_base
from models.testing.control.nets import small_control_net
from optimizer.control.control import Control
from optimizer.control.hints import Hint, Hints
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.sampling.schedulers import make_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PROMPT, NEGATIVE = "a red hat, a cat", "dog"
SIZE, STEPS, CFG, SEED = (64, 128), 4, 6.0, 11
SAMPLER = "DPM++ 2M Karras"


@pytest.fixture(scope="module", params=["sd15", "sdxl"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return small_base(tmp_path_factory.mktemp("small") / request.param, request.param)


def picture(seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)


def nets(base: Base) -> dict[str, ControlNet]:
    return {name: ControlNet(small_control_net(base, seed), name * 64) for seed, name in enumerate(("a", "b"))}


def hints(opened: dict[str, ControlNet], *names: str) -> Hints:
    return Hints({name: Hint(opened[name].digest, picture(at)) for at, name in enumerate(names)})


def by_pipeline(base: Base, opened: dict[str, ControlNet], controls: dict[str, Control]) -> Image.Image:
    parts: dict[str, Any] = {"vae": base.vae, "unet": base.denoiser}
    parts |= {"text_encoder": base.text_encoders[TEXT], "tokenizer": base.tokenizers[TEXT]}
    parts["scheduler"] = make_scheduler(SAMPLER, base.schedule, [SEED])
    parts["controlnet"] = MultiControlNetModel([opened[name].module for name in controls])
    if TEXT_2 in base.modules:
        seconds = {"text_encoder_2": base.text_encoders[TEXT_2], "tokenizer_2": base.tokenizers[TEXT_2]}
        pipe = StableDiffusionXLControlNetPipeline(**parts, **seconds, add_watermarker=False)
    else:
        nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
        pipe = StableDiffusionControlNetPipeline(**parts, **nothing)
    pipe.set_progress_bar_config(disable=True)
    image: Image.Image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=CFG, num_inference_steps=STEPS, width=SIZE[0], height=SIZE[1],
        generator=torch.Generator().manual_seed(SEED), image=[Image.fromarray(picture(at)) for at in range(len(controls))],
        controlnet_conditioning_scale=[control.strength for control in controls.values()],
        control_guidance_end=[control.end for control in controls.values()],
    ).images[0]  # fmt: skip
    return image


def renderer(base: Base, opened: dict[str, ControlNet]) -> DiffusionRenderer:
    return DiffusionRenderer(base, {}, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, SAMPLER), control_nets=opened)


def drawn(made: DiffusionRenderer, *jobs: Job) -> list[Image.Image]:
    found = made.render(list(jobs))
    assert all(isinstance(image, Image.Image) for image in found)
    return [image for image in found if isinstance(image, Image.Image)]


def off(first: Image.Image, second: Image.Image) -> int:
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())


@pytest.mark.parametrize(
    "controls",
    [
        {"a": Control(1.0)},
        {"a": Control(0.6, 0.5)},
        {"a": Control(0.8, 0.75), "b": Control(0.5)},
    ],
    ids=["one", "half of the steps", "two"],
)
def test_as_diffusers_pipelines_draw(base: Base, controls: dict[str, Control]) -> None:
    opened = nets(base)
    job = Job(SEED, Point({}, CFG, controls=controls), hints=hints(opened, *controls))
    made = renderer(base, opened)
    (found,), (plain,) = drawn(made, job), drawn(made, Job(SEED, Point({}, CFG)))
    assert off(found, by_pipeline(base, opened, controls)) <= 1
    assert off(found, plain) > 8


def test_a_control_net_that_does_not_act_changes_no_bit_and_no_key(base: Base) -> None:
    opened = nets(base)
    plain, off_ = Point({}, CFG), Point({}, CFG, controls={"a": Control(0.0, 0.5)})
    (alone,) = drawn(renderer(base, {}), Job(SEED, plain))
    (beside,) = drawn(renderer(base, opened), Job(SEED, off_, hints=hints(opened, "a")))
    assert off(alone, beside) == 0
    assert plain.key() == off_.key()
    assert renderer(base, {}).identity() == renderer(base, opened).identity()


def test_images_of_one_batch_have_hints_and_strengths_of_their_own(base: Base) -> None:
    opened = nets(base)
    jobs = [
        Job(SEED, Point({}, CFG, controls={"a": Control(0.7, 0.5)}), hints=hints(opened, "a")),
        Job(SEED, Point({}, CFG)),
        Job(SEED, Point({}, CFG, controls={"b": Control(1.0)}), hints=hints(opened, "b")),
    ]
    made = DiffusionRenderer(base, {}, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, SAMPLER), control_nets=opened, max_batch=3)
    together, alone = drawn(made, *jobs), [drawn(made, job)[0] for job in jobs]
    for one, other in zip(together, alone, strict=True):
        assert off(one, other) <= 2


def test_every_region_is_told_the_hint(base: Base) -> None:
    """LoRAs without layers: the pieces differ in name alone, so that the picture is that of one piece."""
    from models.lora.file import LoraFile

    opened = nets(base)
    nothing = LoraFile(Path("x.safetensors"), "x", "0" * 12, "x", {}, {})
    made = DiffusionRenderer(base, {"x": nothing}, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, SAMPLER), control_nets=opened)
    left = np.zeros((SIZE[1], SIZE[0]), np.bool_)
    left[:, : SIZE[0] // 2] = True
    point = Point({"x": 1.0}, CFG, controls={"a": Control(1.0)})
    (whole,) = drawn(made, Job(SEED, point, hints=hints(opened, "a")))
    (parted,) = drawn(made, Job(SEED, point, Regions({"x": left}), hints(opened, "a")))
    assert off(whole, parted) <= 1


def test_refuses_what_is_not_open_or_is_told_nothing(base: Base) -> None:
    opened = nets(base)
    with pytest.raises(InputError, match="no ControlNet c is open here"):
        renderer(base, opened).render([Job(SEED, Point({}, CFG, controls={"c": Control()}), hints=hints(opened, "a"))])
    with pytest.raises(InputError, match="the ControlNet a is told no picture"):
        renderer(base, opened).render([Job(SEED, Point({}, CFG, controls={"a": Control()}))])
