"""Redrawing a part draws what diffusers' own inpainting and img2img pipelines draw, with the same noise, mask and steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline
from PIL import Image

from models.base.family import Base
from models.errors import InputError
from models.lora.sites import DENOISER, TEXT
from models.testing.bases import small_base
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.inpainting.base import Redrawing, check_inpaints
from optimizer.render.inpainting.img2img_steps import steps_of_strength
from optimizer.render.sampling.samplers import SAMPLERS
from optimizer.render.sampling.schedulers import make_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PROMPT, NEGATIVE = "a red hat, a cat", "dog"
SIZE, STEPS, CFG, SEED = (64, 128), 8, 6.0, 11
STRENGTH, THEIRS = 0.5, 5 / 8
"""A1111 takes int(0.5 * 8) + 1 of the steps, diffusers int(strength * 8)."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    made = small_base(tmp_path_factory.mktemp("small") / "sd15", "sd15")
    # diffusers draws the latents that begin: with next to no deviation they are the mean.
    with torch.no_grad():
        channels = made.vae.quant_conv.weight.shape[0] // 2
        made.vae.quant_conv.weight[channels:] = 0.0
        made.vae.quant_conv.bias[channels:] = -30.0
    return made


def picture() -> Image.Image:
    levels = np.random.default_rng(2).integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    return Image.fromarray(levels).resize(SIZE, Image.Resampling.BICUBIC)


def mask() -> np.ndarray[Any, np.dtype[np.bool_]]:
    found = np.zeros(SIZE[::-1], np.bool_)
    found[32:96, 16:48] = True
    return found


def by_pipeline(kind: Any, base: Base, sampler: str, **given: Any) -> Image.Image:
    nothing = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipe = kind(
        vae=base.vae,
        unet=base.denoiser,
        text_encoder=base.text_encoders[TEXT],
        tokenizer=base.tokenizers[TEXT],
        scheduler=make_scheduler(sampler, base.schedule, [SEED]),
        **nothing,
    )
    pipe.set_progress_bar_config(disable=True)
    found: Image.Image = pipe(
        PROMPT, negative_prompt=NEGATIVE, guidance_scale=CFG, num_inference_steps=STEPS, strength=THEIRS, image=picture(),
        generator=torch.Generator().manual_seed(SEED), **given,
    ).images[0]  # fmt: skip
    return found


def by_renderer(base: Base, sampler: str, covered: np.ndarray[Any, np.dtype[np.bool_]], **settings: Any) -> Image.Image:
    renderer = DiffusionRenderer(base, {}, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, sampler, **settings))
    (found,) = renderer.inpaint([Redrawing(Job(SEED, Point({}, CFG)), picture(), covered, STRENGTH)])
    assert isinstance(found, Image.Image)
    return found


def off(first: Image.Image, second: Image.Image) -> int:
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M Karras", "DDIM"])
def test_as_the_inpainting_pipeline(base: Base, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _first_noise_alone(monkeypatch)
    covered = mask()
    theirs = by_pipeline(
        StableDiffusionInpaintPipeline, base, sampler, mask_image=Image.fromarray(covered), width=SIZE[0], height=SIZE[1]
    )
    assert off(by_renderer(base, sampler, covered), theirs) <= 1


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M Karras"])
def test_all_of_a_picture_is_img2img(base: Base, sampler: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _first_noise_alone(monkeypatch)
    theirs = by_pipeline(StableDiffusionImg2ImgPipeline, base, sampler)
    assert off(by_renderer(base, sampler, np.ones(SIZE[::-1], np.bool_)), theirs) <= 1


def _first_noise_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipelines draw the VAE's deviation first, from the generator that then gives the noise: with the mean alone the noise
    is that of the seed."""
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    monkeypatch.setattr(DiagonalGaussianDistribution, "sample", lambda self, generator=None: self.mean)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_leaves_the_kept_part_alone(base: Base, sampler: str) -> None:
    # The random VAE carries every change over the whole picture: where nothing is redrawn nothing may have changed.
    nothing = np.zeros(SIZE[::-1], np.bool_)
    assert off(by_renderer(base, sampler, nothing), by_renderer(base, "Euler", nothing)) == 0
    drawn = by_renderer(base, sampler, mask())
    assert off(drawn, by_renderer(base, sampler, nothing)) > 8


def test_as_comfyui_counts_steps() -> None:
    assert steps_of_strength(0.4, 20, "comfyui") == (50, 30)
    assert steps_of_strength(1.0, 20, "comfyui") == (20, 0)
    assert steps_of_strength(0.4, 20, "a1111") == (20, 11)
    assert steps_of_strength(1.0, 20, "a1111") == (20, 0)
    assert steps_of_strength(0.01, 20, "a1111") == (20, 19)


def test_a_smaller_strength_stays_nearer_to_the_picture(base: Base) -> None:
    renderer = DiffusionRenderer(base, {}, RenderSettings(PROMPT, NEGATIVE, *SIZE, STEPS, "Euler"))
    job = Job(SEED, Point({}, CFG))
    (kept,) = renderer.inpaint([Redrawing(job, picture(), np.zeros(SIZE[::-1], np.bool_), 0.5)])
    found = renderer.inpaint([Redrawing(job, picture(), mask(), strength) for strength in (0.1, 0.9)])
    near, far = (np.abs(np.asarray(image).astype(int) - np.asarray(kept)).mean() for image in found)
    assert near < far


def test_an_inpainting_base_is_refused(base: Base) -> None:
    told = {**base.denoiser.config, "in_channels": 9}

    class Nine:
        config = told

    wide = replace(base, modules={**base.modules, DENOISER: Nine()})  # type: ignore[dict-item]
    with pytest.raises(InputError, match="an inpainting base of 9 channels, where latents have 4"):
        check_inpaints(wide)
