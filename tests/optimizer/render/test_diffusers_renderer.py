"""The renderer's conformance suite, run on the real one over the lab's base and on the fake; and what only the real one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from models.errors import InputError
from models.lora.file import LoraFile
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT
from optimizer.point import Job, Point
from optimizer.render.base import Renderer, RenderSettings
from optimizer.render.decode import NotDrawn
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.sampling.samplers import SAMPLERS
from optimizer.testing.fake_renderer import FakeRenderer
from studies.paperdoll.bundle import WEIGHTS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PROMPT = "1girl, full body, red hair, blue dress"
LOW, HIGH = Point({"dress": 0.2, "shoes": 0.1}, 5.0), Point({"dress": 1.0, "shoes": 0.1}, 5.0)


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base")


def frame(**changes: object) -> RenderSettings:
    settings = {"prompt": PROMPT, "negative_prompt": "", "width": 64, "height": 96, "steps": 3, "sampler": "DPM++ 2M Karras"}
    return RenderSettings(**{**settings, **changes})  # type: ignore[arg-type]


def layers_of(model: torch.nn.Module, part: str, strength: float = 0.5) -> dict[str, LoraLayer]:
    return {
        path: LoraLayer(torch.randn(2, m.in_features) * strength, torch.randn(m.out_features, 2) * strength, 2.0)
        for path, m in model.named_modules()
        if isinstance(m, torch.nn.Linear) and part in path
    }


def lora(base: Base, name: str, *, text: bool = False) -> LoraFile:
    torch.manual_seed(len(name))
    unet = layers_of(base.denoiser, "attn2")
    held = layers_of(base.text_encoders[TEXT], "self_attn", 0.2) if text else {}
    return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name * 8, {DENOISER: unet, TEXT: held}, {})


def real(base: Base) -> Renderer:
    return DiffusionRenderer(base, {n: lora(base, n) for n in ("dress", "shoes")}, frame())


def fake(_: Base) -> Renderer:
    return FakeRenderer()


def drawn(renderer: Renderer, *jobs: Job) -> list[Image.Image]:
    found = renderer.render(jobs)
    images = [image for image in found if isinstance(image, Image.Image)]
    assert len(images) == len(jobs)
    return images


def equal(first: Image.Image, second: Image.Image) -> bool:
    return np.array_equal(np.asarray(first), np.asarray(second))


def off(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of a pixel's channel, of 255."""
    return int(np.abs(np.asarray(first).astype(int) - np.asarray(second)).max())


@pytest.mark.parametrize("make", [real, fake])
def test_equal_arguments_draw_equal_images_and_other_weights_another(make: Callable[[Base], Renderer], base: Base) -> None:
    renderer = make(base)
    first, other, again = (drawn(renderer, Job(7, point))[0] for point in (LOW, HIGH, LOW))
    assert first.mode == "RGB"
    assert equal(first, again)
    assert not equal(first, other)
    assert renderer.identity() == make(base).identity()
    assert renderer.batch() >= 1
    assert renderer.render([]) == []


@pytest.mark.parametrize("make", [real, fake])
def test_a_batch_draws_what_each_draws_alone(make: Callable[[Base], Renderer], base: Base) -> None:
    renderer = make(base)
    jobs = [Job(7, LOW), Job(8, HIGH), Job(7, Point({"shoes": 0.6}, 2.0, PROMPT + ", hat")), Job(9, Point({}, 1.0))]
    jobs.append(Job(7, replace(HIGH, steps=2, sampler="Euler a")))
    together = drawn(renderer, *jobs)
    for job, image in zip(jobs, together, strict=True):
        assert off(image, drawn(renderer, job)[0]) <= 1


def test_zero_weights_draw_what_the_bare_base_draws(base: Base) -> None:
    bare = DiffusionRenderer(base, {}, frame())
    dressed = DiffusionRenderer(base, {"dress": lora(base, "dress", text=True)}, frame())
    (wanted,) = drawn(bare, Job(3, Point({}, 5.0)))
    drawn(dressed, Job(3, Point({"dress": 0.9}, 5.0)))
    assert equal(wanted, drawn(dressed, Job(3, Point({"dress": 0.0}, 5.0)))[0])


def test_the_text_encoder_is_at_each_images_own_weights(base: Base) -> None:
    file = lora(base, "dress", text=True)
    file = replace(file, layers={TEXT: file.layers[TEXT]})
    renderer = DiffusionRenderer(base, {"dress": file}, frame())
    jobs = [Job(3, Point({"dress": weight}, 5.0)) for weight in (0.0, 0.5, 1.0)]
    together = drawn(renderer, *jobs)
    assert off(together[0], together[1]) > 1
    assert off(together[1], together[2]) > 1
    assert all(off(image, drawn(renderer, job)[0]) <= 1 for job, image in zip(jobs, together, strict=True))


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_draws_a_batch_as_it_draws_alone(base: Base, sampler: str) -> None:
    renderer = DiffusionRenderer(base, {}, frame(sampler=sampler, steps=4))
    jobs = [Job(5, Point({}, 5.0)), Job(6, Point({}, 5.0))]
    together = drawn(renderer, *jobs)
    assert np.asarray(together[0]).std() > 1
    assert off(together[0], together[1]) > 1
    assert all(off(image, drawn(renderer, job)[0]) <= 1 for job, image in zip(jobs, together, strict=True))


@pytest.mark.parametrize("rng", ["cpu", "nv"])
def test_the_source_of_noise_and_the_seed_delta_decide_the_image(base: Base, rng: str) -> None:
    plain, shifted = (DiffusionRenderer(base, {}, frame(rng=rng, sampler="Euler a", ensd=delta)) for delta in (0, 31337))
    (first,), (again,), (other,) = (drawn(r, Job(5, Point({}, 5.0))) for r in (plain, plain, shifted))
    assert equal(first, again)
    assert off(first, other) > 1


def test_refuses_an_unknown_sampler_a_size_off_the_grid_and_noise_of_a_device_that_is_not_there(base: Base) -> None:
    with pytest.raises(InputError, match="unknown sampler"):
        DiffusionRenderer(base, {}, frame(sampler="Magic"))
    with pytest.raises(InputError, match="not divisible"):
        DiffusionRenderer(base, {}, frame(width=60))
    with pytest.raises(InputError, match=r"rng gpu needs a CUDA device.*rng: nv"):
        DiffusionRenderer(base, {}, frame(rng="gpu"))


def test_a_batch_too_large_for_the_device_is_drawn_in_halves(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = DiffusionRenderer(base, {"dress": lora(base, "dress")}, frame())
    jobs = [Job(seed, Point({"dress": 0.1 * seed}, 5.0)) for seed in range(5)]
    wanted, sizes, draw = drawn(renderer, *jobs), [], renderer._draw

    def short_of_memory(drawings: Any, kept: Any) -> Any:
        sizes.append(len(drawings))
        if len(drawings) > 2:
            raise torch.OutOfMemoryError
        return draw(drawings, kept)

    monkeypatch.setattr(renderer, "_draw", short_of_memory)
    assert all(off(a, b) <= 1 for a, b in zip(drawn(renderer, *jobs), wanted, strict=True))
    assert sizes == [5, 2, 3, 1, 2]


def test_one_image_too_large_for_the_device_is_one_line(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    renderer = DiffusionRenderer(base, {}, frame())

    def never_enough(*_: Any) -> Any:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(renderer, "_draw", never_enough)
    with pytest.raises(InputError, match="64x96 does not fit"):
        renderer.render([Job(1, LOW)])


def test_where_memory_is_short_models_wait_elsewhere_and_the_image_is_the_same(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lora(base, "dress", text=True)
    job = Job(3, Point({"dress": 0.5}, 5.0))
    (wanted,) = drawn(DiffusionRenderer(base, {"dress": file}, frame()), job)
    moves: list[str] = []
    monkeypatch.setattr(base.denoiser, "to", lambda where: moves.append(str(where)))
    monkeypatch.setattr("optimizer.render.diffusers_renderer.free_bytes", lambda _: 0)
    short = DiffusionRenderer(base, {"dress": file}, frame())
    assert short.batch() == 1
    assert moves == ["cpu"]
    assert equal(wanted, drawn(short, job)[0])
    assert moves == ["cpu"]


def test_an_image_decoded_in_tiles_is_another_image_to_the_cache(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    tiled: list[bool] = []
    monkeypatch.setattr(base.vae, "enable_tiling", lambda: tiled.append(True))
    plain = DiffusionRenderer(base, {}, frame()).identity()
    monkeypatch.setattr("optimizer.render.diffusers_renderer.free_bytes", lambda _: 0)
    short = DiffusionRenderer(base, {}, frame())
    assert tiled == [True]
    assert short.identity()["path"] == f"{plain['path']} tiled"


def test_a_base_with_zero_terminal_snr_is_drawn_at_its_own_levels_and_under_another_key(base: Base) -> None:
    """The lab's base was not trained so: what matters is that its record reaches the scheduler and the cache key."""
    rescaled = replace(base, schedule=base.schedule | {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"})
    plain = replace(base, schedule=base.schedule | {"prediction_type": "v_prediction"})
    ours, theirs = DiffusionRenderer(rescaled, {}, frame()), DiffusionRenderer(plain, {}, frame())
    assert ours.identity() == {**theirs.identity(), "path": f"{theirs.identity()['path']} zsnr"}
    job = Job(3, Point({}, 5.0))
    assert not equal(drawn(ours, job)[0], drawn(theirs, job)[0])


def test_an_image_that_comes_out_as_nothing_is_told_and_the_others_are_drawn(base: Base) -> None:
    broken = lora(base, "dress")
    for layer in broken.layers[DENOISER].values():
        assert isinstance(layer, LoraLayer)
        layer.up.fill_(1e38)
    renderer = DiffusionRenderer(base, {"dress": broken}, frame())
    first, second = renderer.render([Job(1, Point({"dress": 1.0}, 5.0)), Job(1, Point({}, 5.0))])
    assert first == NotDrawn("the UNet gave NaN")
    assert isinstance(second, Image.Image)


def test_a_time_is_told_before_drawing(base: Base) -> None:
    assert DiffusionRenderer(base, {}, frame(steps=2)).seconds_per_image() > 0
