"""Noise levels and whole time steps, as ComfyUI 0.3.64 computed them for Stable Diffusion's betas: to the last bit."""

from __future__ import annotations

from typing import Any, Final

import pytest
import torch
from torch import Tensor

from optimizer.render.sampling.comfyui_sampling import ddim_levels
from optimizer.render.sampling.schedulers import make_scheduler
from optimizer.render.sampling.sigmas import base_levels, levels, nearest_times, zero_snr_betas

SCHEDULE: Final = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COMFYUI: Final[dict[tuple[str, bool], tuple[list[float], list[int]]]] = {
    ("uniform", False): (
        [14.614640235900879, 5.092408180236816, 2.2797305583953857, 1.1628645658493042, 0.5711888670921326, 0.029167160391807556],
        [999, 799, 599, 400, 200, 0],
    ),
    ("uniform", True): (
        [4518.763671875, 7.420985221862793, 2.6091878414154053, 1.2439597845077515, 0.5967738032341003, 0.029167160391807556],
        [999, 799, 599, 400, 200, 0],
    ),
    ("karras", True): (
        [4518.7626953125, 1292.57568359375, 281.23773193359375, 39.89906692504883, 2.6336827278137207, 0.029167156666517258],
        [999, 997, 991, 948, 602, 0],
    ),
    ("exponential", True): ([4518.763671875, 11.480396270751953, 0.029167160391807556], [999, 855, 0]),
    ("ddim", False): (
        [14.265109062194824, 6.57064962387085, 3.485454797744751, 2.047311782836914, 1.27206289768219, 0.7900609374046326,
         0.4403090178966522, 0.04131441190838814],
        [995, 853, 711, 569, 427, 285, 143, 1],
    ),
}  # fmt: skip
"""By scheduler and zero terminal SNR."""


def base_of(zero_snr: bool) -> Tensor:
    config: dict[str, Any] = dict(SCHEDULE)
    if zero_snr:
        config["trained_betas"] = zero_snr_betas(config, "comfyui")
    return base_levels(config, "comfyui")


@pytest.mark.parametrize(("schedule", "zero_snr"), COMFYUI)
def test_levels_and_times_are_comfyuis(schedule: Any, zero_snr: bool) -> None:
    base = base_of(zero_snr)
    expected, times = COMFYUI[schedule, zero_snr]
    laid = ddim_levels(base, 7) if schedule == "ddim" else levels(base, schedule, len(expected))
    assert laid.tolist() == expected
    assert nearest_times(base, laid).tolist() == times


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("name", ["Euler", "Heun", "DDIM", "UniPC"])
def test_the_denoiser_is_given_whole_times(name: str) -> None:
    """More steps than the base has would share times: the first is where drawing begins, though the second is equal."""
    for steps in (6, 1300):
        scheduler = make_scheduler(name, SCHEDULE, [1], "comfyui")
        scheduler.set_timesteps(steps)
        assert scheduler.timesteps.dtype == torch.float32
        assert torch.equal(scheduler.timesteps, scheduler.timesteps.round())
        sample = torch.zeros(1, 4, 8, 8)
        scheduler.step(sample, scheduler.timesteps[0], scheduler.scale_model_input(sample, scheduler.timesteps[0]))
        assert scheduler.step_index == 1


def test_half_way_between_two_times_is_the_lower() -> None:
    base = torch.tensor([1.0, 4.0, 16.0])
    assert nearest_times(base, torch.tensor([2.0, 8.0, 8.1])).tolist() == [0, 1, 2]
