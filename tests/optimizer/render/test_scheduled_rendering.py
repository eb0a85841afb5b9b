"""What the renderer draws where LoRAs act in some of the steps only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PIL import Image
from torch import Tensor

from models.base.family import Base, Conditioning
from models.errors import InputError
from models.lora.sites import TEXT
from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from optimizer.render.denoise import Predict, denoise
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.sampling.samplers import SAMPLERS, calls, steps_of_calls
from optimizer.schedules.schedule import WHOLE, Schedule
from tests.optimizer.render.test_diffusers_renderer import base, drawn, equal, frame, lora, off
from tests.optimizer.render.test_regional_rendering import REGIONS, upper

__all__ = ["base"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
BOTH = Point({"dress": 0.8, "shoes": 0.6}, 5.0)
STEPS = 4
FIRST, SECOND = Schedule(0, 0.5), Schedule(0.5, 1)


@pytest.fixture(scope="module")
def renderer(base: Base) -> DiffusionRenderer:
    return DiffusionRenderer(base, {n: lora(base, n, text=True) for n in ("dress", "shoes")}, frame(steps=STEPS))


def scheduled(**schedules: Schedule) -> Point:
    return replace(BOTH, schedules=schedules)


@pytest.fixture
def latents(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """After each stretch of steps."""
    found: list[Tensor] = []

    def kept(
        predict: Predict, scheduler: object, given: Tensor, conditioning: Conditioning, scales: list[float], **others: object
    ) -> Tensor:
        found.append(denoise(predict, scheduler, given, conditioning, scales, **others))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr("optimizer.render.diffusers_renderer.denoise", kept)
    return found


def pictures(renderer: DiffusionRenderer, *points: Point) -> list[Image.Image]:
    return [drawn(renderer, Job(3, point))[0] for point in points]


def test_a_schedule_of_all_steps_draws_the_old_picture_bit_for_bit(renderer: DiffusionRenderer) -> None:
    wanted, whole, off_too = pictures(
        renderer,
        BOTH,
        scheduled(dress=WHOLE, shoes=WHOLE),
        replace(BOTH, weights={**BOTH.weights, "face": 0.0}, schedules={"face": FIRST}),
    )
    assert equal(wanted, whole)
    assert equal(wanted, off_too), "a LoRA of weight 0 has no schedule"


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M Karras", "Euler a", "DPM++ SDE", "Heun", "PLMS", "UniPC", "DDIM"])
def test_a_lora_outside_its_steps_leaves_the_latents_as_at_weight_0(
    renderer: DiffusionRenderer, latents: list[Tensor], sampler: str
) -> None:
    point = replace(BOTH, sampler=sampler)
    without = replace(point, weights={"dress": 0.0, "shoes": 0.6})
    late, never, early = replace(point, schedules={"dress": SECOND}), without, replace(point, schedules={"dress": FIRST})
    # The shoes' schedule parts the steps of all three alike.
    for one in (late, never, early):
        drawn(renderer, Job(3, replace(one, schedules={**one.schedules, "shoes": SECOND})))
    (late_half, late_end), (half, end), (early_half, _) = latents[:2], latents[2:4], latents[4:]
    assert late_half.equal(half)
    assert not late_end.equal(end)
    assert not early_half.equal(half)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_parting_the_steps_changes_nothing_where_the_same_loras_act(renderer: DiffusionRenderer, sampler: str) -> None:
    """A LoRA of weight 0 in the renderer's own schedules parts them."""
    point = replace(BOTH, sampler=sampler)
    wanted, parted = pictures(renderer, point), pictures(replace(renderer, schedules={"face": FIRST}), point)
    assert equal(wanted[0], parted[0])


@pytest.mark.parametrize("cfg", [1.0, 5.0])
@pytest.mark.parametrize("sampler", ["DPM++ 2M Karras", "Euler a"])
def test_a_batch_of_other_schedules_and_regions_draws_what_each_draws_alone(
    renderer: DiffusionRenderer, cfg: float, sampler: str
) -> None:
    def job(seed: int, regions: Regions | None = None, **schedules: Schedule) -> Job:
        return Job(seed, replace(scheduled(**schedules), cfg=cfg, sampler=sampler), regions)

    quarter = Schedule(0.25, 1)
    jobs = [job(3), job(4, dress=FIRST), job(5, dress=SECOND, shoes=quarter), job(6, REGIONS), job(7, REGIONS, dress=FIRST)]
    jobs += [job(8, Regions({"dress": upper()}), dress=FIRST), job(9, REGIONS, dress=FIRST)]
    for one, image in zip(jobs, drawn(renderer, *jobs), strict=True):
        # In a batch as large: this base of random weights makes another picture of another batch's rounding.
        size = 1 if one.regions else 3
        assert off(image, drawn(renderer, *[one] * size)[0]) <= 1


def test_a_schedule_draws_another_picture_in_either_half(renderer: DiffusionRenderer) -> None:
    every, first, second = pictures(renderer, BOTH, scheduled(dress=FIRST), scheduled(dress=SECOND))
    assert min(off(every, first), off(every, second), off(first, second)) > 1


def test_what_a_lora_does_to_the_text_it_does_in_its_steps(base: Base, latents: list[Tensor]) -> None:
    file = lora(base, "dress", text=True)
    renderer = DiffusionRenderer(base, {"dress": replace(file, layers={TEXT: file.layers[TEXT]})}, frame(steps=STEPS))
    for weight in (0.3, 1.0):
        drawn(renderer, Job(3, Point({"dress": weight}, 5.0, schedules={"dress": SECOND})))
    assert latents[0].equal(latents[2])
    assert not latents[1].equal(latents[3])


def test_a_fixed_lora_has_its_schedule_in_every_image_and_in_the_identity(base: Base) -> None:
    loras = {name: lora(base, name) for name in ("dress", "shoes")}
    fixed = DiffusionRenderer(base, loras, frame(steps=STEPS), {"shoes": 0.6}, schedules={"shoes": FIRST})
    searched = DiffusionRenderer(base, loras, frame(steps=STEPS))
    point = Point({"dress": 0.8}, 5.0)
    assert equal(pictures(fixed, point)[0], pictures(searched, scheduled(shoes=FIRST))[0])
    plain = replace(fixed, schedules={}).identity()
    assert fixed.identity() == {**plain, "schedules": {"shoes": "0 to 0.5"}}


def test_a_schedule_without_a_step_is_refused_and_draws_nothing(renderer: DiffusionRenderer) -> None:
    with pytest.raises(InputError, match=r"dress acts in none of 4 steps \(0.3 to 0.4\)"):
        renderer.render([Job(3, scheduled(dress=Schedule(0.3, 0.4)))])


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_the_calls_of_a_sampler_are_those_of_its_steps(sampler: str, steps: int) -> None:
    found = steps_of_calls(sampler, calls(sampler, steps))
    assert found == sorted(found)
    assert set(found) == set(range(found[-1] + 1))
    # These lay a step more or less than they are asked for.
    assert found[-1] + 1 == steps or sampler in ("UniPC", "DDIM", "PLMS")
