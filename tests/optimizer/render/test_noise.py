"""Noise of its own for each image: alone or beside others, for every generator and every sampler."""

from __future__ import annotations

import sys
import threading
from typing import Any

import diffusers
import pytest
import torch
from torchsde._brownian import brownian_interval

from models.errors import InputError
from optimizer.render.noise import Noise, Rng
from optimizer.render.philox import PhiloxNormal
from optimizer.render.sampling.samplers import SAMPLERS
from optimizer.render.sampling.schedulers import make_scheduler
from tests.optimizer.render.sampling.test_schedulers import SCHEDULE, draw, unet

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SHAPE = (4, 6, 5)


@pytest.mark.parametrize("rng", ["cpu", "nv"])
@pytest.mark.parametrize("name", [name for name in sorted(SAMPLERS) if not name.endswith("Exponential")])
def test_images_drawn_together_are_those_drawn_alone_bit_for_bit(name: str, rng: Rng) -> None:
    together = draw(name, [5, 77], 3, rng)[0]
    assert torch.equal(together, torch.cat([draw(name, [5], 3, rng)[0], draw(name, [77], 3, rng)[0]]))
    assert not torch.equal(together[0], together[1])


@pytest.mark.parametrize("name", ["Euler a", "DPM2 a", "DPM++ 2S a", "LCM", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 3M SDE"])
def test_the_generator_decides_what_samplers_draw(name: str) -> None:
    """Of two runs from the same first noise, the sampler's own noise differs."""
    seen = []
    rngs: list[Rng] = ["cpu", "nv"]
    for rng in rngs:
        scheduler = make_scheduler(name, SCHEDULE, [5])
        scheduler.set_timesteps(3)
        x, noise = torch.ones((1, *SHAPE)) * scheduler.init_noise_sigma, Noise(rng, [5], "cpu")
        noise.first(SHAPE)
        with noise.drawing():
            for t in scheduler.timesteps:
                x = scheduler.step(unet(scheduler.scale_model_input(x, t), t), t, x, return_dict=False)[0]
        seen.append(x)
    assert not torch.allclose(seen[0], seen[1], atol=1e-2)


def test_one_generator_gives_the_first_noise_and_goes_on() -> None:
    generator = torch.Generator().manual_seed(9)
    noise = Noise("cpu", [9], "cpu")
    assert torch.equal(Noise("gpu", [9], "cpu").first(SHAPE), noise.first(SHAPE))
    assert torch.equal(noise.first(SHAPE)[0], torch.randn(SHAPE, generator=generator))
    assert torch.equal(noise.next(SHAPE)[0], torch.randn(SHAPE, generator=generator))
    philox = PhiloxNormal(9)
    noise = Noise("nv", [9], "cpu")
    assert torch.equal(noise.first(SHAPE)[0], torch.from_numpy(philox.draw(SHAPE)))
    assert torch.equal(noise.next(SHAPE)[0], torch.from_numpy(philox.draw(SHAPE)))
    assert torch.equal(noise.first(SHAPE), Noise("nv", [9], "cpu").first(SHAPE))


def test_the_seed_delta_moves_the_samplers_noise_alone() -> None:
    plain, moved = Noise("cpu", [9], "cpu"), Noise("cpu", [9], "cpu", ensd=31337)
    assert torch.equal(plain.first(SHAPE), moved.first(SHAPE))
    assert torch.equal(moved.next(SHAPE), Noise("cpu", [9 + 31337], "cpu").first(SHAPE))


def test_half_precision_is_cast_and_not_drawn_otherwise() -> None:
    assert torch.equal(Noise("cpu", [3], "cpu").first(SHAPE, torch.float16), Noise("cpu", [3], "cpu").first(SHAPE).half())


def test_a_scheduler_that_is_handed_a_generator_draws_the_same() -> None:
    """torch's own generators fit the door that diffusers has; the seam gives what that door gives."""
    ours = draw("Euler a", [5, 77], 3)[0]
    scheduler = make_scheduler("Euler a", SCHEDULE, [5, 77])
    scheduler.set_timesteps(3)
    generators = [torch.Generator().manual_seed(seed) for seed in (5, 77)]
    x = torch.stack([torch.randn(SHAPE, generator=g) for g in generators]) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        said = unet(scheduler.scale_model_input(x, t), t)
        x = scheduler.step(said, t, x, generator=generators, return_dict=False)[0]
    assert torch.equal(ours, x)


def seams() -> dict[str, Any]:
    modules = {sys.modules[getattr(diffusers, s.scheduler).__module__] for s in SAMPLERS.values()}
    found = {module.__name__: module.randn_tensor for module in modules if hasattr(module, "randn_tensor")}
    return found | {"torchsde": brownian_interval._randn}


def test_what_was_replaced_is_put_back_in_any_case() -> None:
    before = seams()
    assert len(before) > 5

    def break_off() -> None:
        with Noise("nv", [1], "cpu").drawing():
            assert not set(seams().values()) & set(before.values())
            with Noise("cpu", [1], "cpu").drawing():
                pass
            assert not set(seams().values()) & set(before.values())
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert seams() == before


def test_of_nested_drawings_the_innermost_counts_and_other_threads_see_none() -> None:
    outer, inner, other = Noise("nv", [1], "cpu"), Noise("nv", [2], "cpu"), []
    module = sys.modules[diffusers.EulerAncestralDiscreteScheduler.__module__]
    with outer.drawing():
        with inner.drawing():
            assert torch.equal(module.randn_tensor((1, *SHAPE)), Noise("nv", [2], "cpu").next(SHAPE))
        assert torch.equal(module.randn_tensor((1, *SHAPE)), Noise("nv", [1], "cpu").next(SHAPE))
        thread = threading.Thread(target=lambda: other.append(module.randn_tensor((3, *SHAPE))))
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="noise of 3 images"):
            module.randn_tensor((3, *SHAPE))
    assert other[0].shape == (3, *SHAPE)


@pytest.mark.parametrize(("seed", "ensd"), [(-1, 0), (2**64, 0), (0, -1)])
def test_refuses_what_is_no_seed(seed: int, ensd: int) -> None:
    with pytest.raises(InputError, match="is no seed"):
        Noise("cpu", [seed], "cpu", ensd)
