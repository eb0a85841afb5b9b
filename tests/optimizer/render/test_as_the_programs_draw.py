"""What A1111 and ComfyUI do that diffusers does not: lengths of prompts, sizes, LCM's levels, ComfyUI's noise and times."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base, Conditioning
from models.base.opening import open_base
from models.base.prompt.reading import Reading
from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.conditioning import ConditioningEncoder
from optimizer.render.decode import pictures
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.noise import Noise
from optimizer.render.sampling.schedulers import first_noise_scale, make_scheduler
from optimizer.render.sampling.sigmas import base_levels, lcm_levels, on_learnt_levels
from optimizer.render.upsampling import divides, resized_after_convolution
from studies.paperdoll.bundle import WEIGHTS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
LONG = ", ".join(["red hat", "blue dress"] * 16)
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
}


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def settings(**changes: Any) -> RenderSettings:
    given = {"prompt": "1girl", "negative_prompt": "", "width": 64, "height": 96, "steps": 3, "sampler": "Euler"}
    return RenderSettings(**{**given, **changes})


def drawn(base: Base, cfg: float = 5.0, **changes: Any) -> np.ndarray[Any, Any]:
    (image,) = pictures(DiffusionRenderer(base, {}, settings(**changes)).render([Job(3, Point({}, cfg))]))
    assert isinstance(image, Image.Image)
    return np.asarray(image).astype(int)


def predicted(base: Base, latents: torch.Tensor, conditioning: Conditioning) -> torch.Tensor:
    with torch.no_grad():
        return base.family.predict(base.denoiser, latents, torch.tensor(500.0), conditioning)


def test_a_shorter_prompt_beside_a_longer_one_is_what_it_is_alone(base: Base) -> None:
    encoder = ConditioningEncoder(base, {}, (64, 96))
    alone, beside = encoder.alone("1girl", {}), encoder.of(LONG, "1girl", {})[0]
    assert beside.hidden.shape[1] > alone.hidden.shape[1]
    latents = torch.randn(1, *base.family.latent_shape(base, 64, 96))
    assert torch.allclose(predicted(base, latents, alone), predicted(base, latents, beside), atol=1e-5)


def test_padding_is_a_setting_and_adds_empty_chunks(base: Base) -> None:
    padding = ConditioningEncoder(base, {}, (64, 96), reading=Reading(padded=True))
    negative, positive = padding.of(LONG, "1girl", {})
    alone, empty = padding.alone("1girl", {}), padding.alone("", {})
    chunks = [alone.hidden, *[empty.hidden] * (positive.hidden.shape[1] // 77 - 1)]
    assert torch.equal(negative.hidden, torch.cat(chunks, dim=1))
    assert torch.equal(positive.hidden, padding.alone(LONG, {}).hidden)
    assert np.array_equal(drawn(base), drawn(base, pad_conds=True))


def test_without_guidance_the_negative_prompt_decides_nothing(base: Base) -> None:
    assert np.array_equal(drawn(base, 1.0), drawn(base, 1.0, negative_prompt=LONG))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, ""),
        ({"negative_prompt": LONG}, " uneven"),
        ({"negative_prompt": LONG, "pad_conds": True}, ""),
        ({"prompt": LONG, "negative_prompt": LONG}, ""),
        ({"width": 72, "height": 104}, " resized"),
        ({"sampler": "LCM", "steps": 4}, " lcm"),
        ({"sampler": "LCM", "steps": 8}, ""),
        ({"like": "comfyui", "negative_prompt": LONG, "width": 72, "sampler": "LCM"}, " exact"),
    ],
)
def test_only_pictures_that_changed_have_another_identity(base: Base, changes: dict[str, Any], word: str) -> None:
    identity = DiffusionRenderer(base, {}, settings(**changes)).identity()
    assert identity["path"] == f"folded-3{word}"
    later = {"like", "pad_conds"}
    assert identity["frame"].keys() & later == changes.keys() & later


def test_a_prompt_that_edits_make_too_long_counts_as_uneven(base: Base) -> None:
    plain, edited = (DiffusionRenderer(base, {}, settings(), prompts=prompts) for prompts in (["1girl, hat"], [LONG]))
    assert plain.identity()["path"] == "folded-3"
    assert edited.identity()["path"] == "folded-3 uneven"


def test_upsamplers_double_convolve_and_then_cut_down(base: Base) -> None:
    shape = base.family.latent_shape(base, 72, 104)
    assert not divides(base.denoiser, shape)
    assert divides(base.denoiser, base.family.latent_shape(base, 64, 96))
    conditioning = ConditioningEncoder(base, {}, (72, 104)).alone("1girl", {})
    latents = torch.randn(1, *shape)
    plain = predicted(base, latents, conditioning)
    with resized_after_convolution(base.denoiser):
        mended = predicted(base, latents, conditioning)
    assert not torch.allclose(plain, mended, atol=1e-3)
    assert torch.equal(plain, predicted(base, latents, conditioning))
    up = next(m for m in base.denoiser.modules() if type(m).__name__ == "Upsample2D")
    small = torch.randn(1, up.channels, 3, 4)
    doubled = up.conv(torch.nn.functional.interpolate(small, scale_factor=2.0))
    with resized_after_convolution(base.denoiser), torch.no_grad():
        assert torch.equal(up(small, (5, 7)), torch.nn.functional.interpolate(doubled, size=(5, 7)))
        assert torch.equal(up(small), doubled)


@pytest.mark.parametrize("steps", [1, 3, 4, 5, 7, 8])
def test_lcm_steps_between_learnt_levels(steps: int) -> None:
    """Against the equations in sigmas: Luo et al. 2023 with A1111's levels."""
    levels, times = lcm_levels(base_levels(SCHEDULE), steps)
    assert bool(((times + 1) % 20 == 0).all())
    assert times[0] == 999
    scheduler = make_scheduler("LCM", SCHEDULE, [1])
    scheduler.set_timesteps(steps)
    noise, torch_noise = Noise("cpu", [1], "cpu"), torch.Generator().manual_seed(1)
    latents = noise.first((4, 8, 8)) * first_noise_scale(scheduler)
    x = torch.randn(4, 8, 8, generator=torch_noise)[None] * levels[0]
    with noise.drawing():
        for i, t in enumerate(scheduler.timesteps):
            predicted = torch.sin(latents + t)
            x_predicted = torch.sin(x / (1 + levels[i] ** 2).sqrt() + times[i])
            latents = scheduler.step(predicted, t, latents, return_dict=False)[0]
            scaled = float(times[i]) * 10
            c_skip, c_out = 0.25 / (scaled**2 + 0.25), scaled / (scaled**2 + 0.25) ** 0.5
            x = c_out * (x - levels[i] * x_predicted) + c_skip * x
            if i + 1 < steps:
                x = x + levels[i + 1] * torch.randn(4, 8, 8, generator=torch_noise)
    assert torch.allclose(latents, x, rtol=1e-4, atol=1e-4)
    learnt = base_levels(SCHEDULE)[19::20]
    on = all(bool(torch.isclose(level, learnt, rtol=1e-5).any()) for level in levels)
    assert on == on_learnt_levels(steps)


@pytest.mark.parametrize(
    ("name", "scale"),
    [("Euler", 14.6488), ("DPM++ 2M Karras", 1.0), ("UniPC", 1.0), ("LCM", 1.0), ("DDIM", 14.4386), ("DPM2 Karras", 14.6488)],
)
def test_comfyui_scales_the_first_noise_to_unit_variance_where_it_is_the_largest(name: str, scale: float) -> None:
    scheduler = make_scheduler(name, SCHEDULE, [1], "comfyui")
    scheduler.set_timesteps(6)
    assert first_noise_scale(scheduler, "comfyui") == pytest.approx(scale, rel=1e-3)


def test_comfyui_s_ancestral_noise_begins_with_the_seed_again() -> None:
    noise = Noise("cpu", [7, 8], "cpu", restarting=True)
    first = noise.first((4, 2, 2))
    assert torch.equal(noise.next((4, 2, 2)), first)
    assert not torch.equal(noise.next((4, 2, 2)), first)


def test_comfyui_gives_the_denoiser_whole_times_and_cuts_levels_off(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    plain = type(base.family).predict

    def watched(self: Any, denoiser: Any, latents: Any, time: torch.Tensor, conditioning: Any) -> torch.Tensor:
        seen.append(float(time))
        return plain(self, denoiser, latents, time, conditioning)

    monkeypatch.setattr(type(base.family), "predict", watched)
    drawn(base, like="comfyui", steps=4, sampler="DPM++ 2M Karras")
    assert seen == [round(time) for time in seen]
    seen.clear()
    drawn(base, steps=4, sampler="DPM++ 2M Karras")
    assert seen != [round(time) for time in seen]


def test_like_comfyui_refuses_what_comfyui_does_not_have(base: Base) -> None:
    with pytest.raises(InputError, match="no sampler 'PLMS'"):
        DiffusionRenderer(base, {}, settings(like="comfyui", sampler="PLMS"))
    for changes in ({"rng": "nv"}, {"ensd": 1}, {"pad_conds": True}):
        with pytest.raises(InputError, match="leave out rng, ensd and pad_conds"):
            DiffusionRenderer(base, {}, settings(like="comfyui", **changes))


def test_like_comfyui_reads_any_text(base: Base) -> None:
    assert drawn(base, like="comfyui", prompt="a AND b [c:d:0.5] | e:1.3").std() > 1
