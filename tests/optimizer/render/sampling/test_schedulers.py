"""The samplers' noise levels against the published formulas, their number of calls, and what two methods must agree on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import InputError
from optimizer.render.noise import Noise
from optimizer.render.sampling.samplers import SAMPLERS, calls, sampler_named
from optimizer.render.sampling.schedulers import make_scheduler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
    "steps_offset": 1,
}
KERNEL = torch.randn((4, 4, 3, 3), generator=torch.Generator().manual_seed(0)) * 0.2
TOLERANCE = 2e-5
"""Largest relative difference of a level from its formula in float64: k-diffusion takes 1 - a, with a near 1, in float32."""


def unet(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Predicts mostly the noise itself, so that samplers converge, and something that varies in time and space besides.

    One image at a time, since a convolution over several rounds otherwise.
    """
    wave = torch.sin(t.float() / 100)
    return torch.stack(
        [0.9 * one + 0.3 * torch.tanh(torch.nn.functional.conv2d(one[None], KERNEL, padding=1)[0] + wave) for one in x]
    )


def draw(name: str, seeds: list[int], steps: int = 4, rng: Any = "cpu", **changes: Any) -> tuple[torch.Tensor, int]:
    """What `steps` steps of a sampler make of toy noise, and how often they called the UNet."""
    scheduler = make_scheduler(name, SCHEDULE | changes, seeds)
    scheduler.set_timesteps(steps)
    noise = Noise(rng, seeds, "cpu")
    x = noise.first((4, 6, 5)) * scheduler.init_noise_sigma
    called = 0
    with noise.drawing():
        for t in scheduler.timesteps:
            called += 1
            x = scheduler.step(unet(scheduler.scale_model_input(x, t), t), t, x, return_dict=False)[0]
    return x, called


def formula(schedule: str, steps: int) -> list[float]:
    """Levels in float64 by Karras et al. (2022), equation 5 with rho 7, or evenly in log sigma, or evenly in time; and zero."""
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    alphas = np.cumprod(1 - betas)
    base = np.sqrt((1 - alphas) / alphas)
    way = np.linspace(0, 1, steps)
    low, high = base[0], base[-1]
    laid = {
        "karras": (high ** (1 / 7) + way * (low ** (1 / 7) - high ** (1 / 7))) ** 7,
        "exponential": np.exp(math.log(high) + way * math.log(low / high)),
        "uniform": np.exp(np.interp(999 * (1 - way), np.arange(1000), np.log(base))),
    }
    return [*laid[schedule].tolist(), 0.0]


@pytest.mark.parametrize("name", [name for name, sampler in SAMPLERS.items() if sampler.times == "levels"])
@pytest.mark.parametrize("steps", [2, 11, 30])
def test_levels_are_those_of_the_formula(name: str, steps: int) -> None:
    sampler = SAMPLERS[name]
    scheduler = make_scheduler(name, SCHEDULE, [1])
    scheduler.set_timesteps(steps)
    wanted = formula(sampler.schedule, steps + sampler.spare)
    if sampler.spare:
        del wanted[-2]
    laid = scheduler.sigmas.tolist()
    laid = list(dict.fromkeys(laid)) if sampler.second_order else laid
    assert laid == pytest.approx(wanted, rel=TOLERANCE)
    assert laid[0] == pytest.approx(14.6146, rel=1e-5)
    if not sampler.spare:
        assert laid[-2] == pytest.approx(0.029167, rel=1e-4)


def test_levels_lie_between_whole_time_steps() -> None:
    for name in ("DPM++ 2M Karras", "Euler a Karras", "DPM2 Karras"):
        scheduler = make_scheduler(name, SCHEDULE, [1])
        scheduler.set_timesteps(7)
        inner = scheduler.timesteps[1:-1]
        assert float(scheduler.timesteps[0]) == pytest.approx(999)
        assert bool((inner.frac() != 0).all())
        assert bool((inner.diff() < 0).all())


@pytest.mark.parametrize(("steps", "times"), [(4, [751, 501, 251]), (20, [*range(951, 50, -50)]), (30, [*range(991, 33, -33)])])
def test_ddim_takes_a1111s_time_steps(steps: int, times: list[int]) -> None:
    scheduler = make_scheduler("DDIM", SCHEDULE, [1])
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.tolist() == times
    scheduler = make_scheduler("PLMS", SCHEDULE, [1])
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.tolist() == [times[0], times[1], *times[1:]]


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_every_sampler_calls_as_often_as_it_says(name: str) -> None:
    for prediction in ("epsilon", "v_prediction"):
        drawn, called = draw(name, [1, 2], 4, prediction_type=prediction)
        assert called == calls(name, 4)
        assert bool(drawn.isfinite().all())
        assert drawn.std() > 0.02


@pytest.mark.parametrize("name", ["DPM++ 2M Exponential", "Euler", "LMS", "Heun", "DPM2", "DDIM", "PLMS", "UniPC"])
def test_samplers_without_noise_of_their_own_agree_where_steps_are_many(name: str) -> None:
    true = draw("Heun Karras", [1], 50)[0]
    assert float((draw(name, [1], 50)[0] - true).abs().max() / true.abs().max()) < 0.05


def test_the_third_order_does_not_end_where_diffusers_alone_would() -> None:
    """With the wrong sign in diffusers' update, many steps of the third order part from those of the second, on equal noise."""
    second = draw("DPM++ 2M SDE Heun Karras", [1], 60)[0]
    third = draw("DPM++ 3M SDE Karras", [1], 60)[0]
    assert float((third - second).abs().max() / second.abs().max()) < 0.1


def test_numbers_of_calls() -> None:
    assert [calls(name, 20) for name in ("Euler a", "DPM++ SDE Karras", "Heun", "DDIM", "PLMS", "UniPC", "LCM")] == [
        20,
        39,
        39,
        19,
        20,
        20,
        20,
    ]
    assert calls("DDIM", 30) == 30
    with pytest.raises(InputError, match="60 steps of LCM"):
        calls("LCM", 60)
    with pytest.raises(InputError, match="0 steps"):
        calls("Euler", 0)


@pytest.mark.parametrize("name", ["DPM adaptive", "DPM fast", "Restart", "DDIM CFG++", "DPM adaptive Karras"])
def test_names_what_diffusers_cannot_do_and_the_nearest(name: str) -> None:
    with pytest.raises(InputError, match="cannot be followed here") as refused:
        sampler_named(name)
    assert any(f"'{known}'" in str(refused.value) for known in SAMPLERS)


def test_refuses_an_unknown_name() -> None:
    with pytest.raises(InputError, match="unknown sampler 'Magic'"):
        sampler_named("Magic")


ZERO_SNR = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True}


def rescaled() -> torch.Tensor:
    """Cumulative alphas by algorithm 1 of Lin et al. (2023) as A1111 computes it, in float64 but for its last value."""
    alphas = np.cumprod(1 - np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2)
    roots = np.sqrt(alphas)
    roots = (roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])
    return torch.from_numpy(np.append(roots[:-1] ** 2, 4.8973451890853435e-08))


@pytest.mark.parametrize("name", [name for name, sampler in SAMPLERS.items() if sampler.times == "levels"])
def test_a_base_with_zero_terminal_snr_begins_at_the_level_of_a1111_and_comfyui(name: str) -> None:
    scheduler = make_scheduler(name, SCHEDULE | ZERO_SNR, [1])
    scheduler.set_timesteps(20)
    assert float(scheduler.sigmas.max()) == pytest.approx(4518.76, abs=0.1)


def test_the_other_levels_of_zero_terminal_snr_are_those_of_diffusers() -> None:
    from diffusers import EulerDiscreteScheduler

    theirs = EulerDiscreteScheduler.from_config(SCHEDULE | ZERO_SNR | {"timestep_spacing": "linspace"})
    theirs.set_timesteps(1000)
    ours = make_scheduler("Euler", SCHEDULE | ZERO_SNR, [1])
    ours.set_timesteps(1000)
    assert float(theirs.sigmas[0]) == pytest.approx(4096, abs=0.1)
    # Both subtract nearly equal numbers in float32 where alphas are small.
    assert torch.allclose(ours.sigmas[1:-1].double(), theirs.sigmas[1:-1].double(), rtol=2e-3)
    exact = ((1 - rescaled()) / rescaled()) ** 0.5
    assert torch.allclose(ours.sigmas[:-1].double(), exact.flip(0), rtol=1e-3)


@pytest.mark.parametrize("name", ["DDIM", "PLMS", "LCM"])
def test_samplers_that_count_in_alphas_have_those_of_zero_terminal_snr(name: str) -> None:
    scheduler = make_scheduler(name, SCHEDULE | ZERO_SNR, [1])
    assert torch.allclose(scheduler.alphas_cumprod[:1000].double(), rescaled(), rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("name", ["Euler", "DPM++ 2M Karras", "DPM++ SDE Karras", "DDIM", "PLMS", "UniPC"])
def test_a_base_that_records_no_zero_terminal_snr_is_drawn_as_ever(name: str) -> None:
    plain, said = (draw(name, [3], **changes) for changes in ({}, {"rescale_betas_zero_snr": False}))
    assert torch.equal(plain[0], said[0])


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_every_sampler_draws_with_zero_terminal_snr(name: str) -> None:
    found, _ = draw(name, [3], steps=6, **ZERO_SNR)
    assert bool(found.isfinite().all())
