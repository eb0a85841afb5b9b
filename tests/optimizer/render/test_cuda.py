"""What only a CUDA device can show: skipped where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from models.lora.file import LoraFile
from models.lora.fold import Folded
from models.lora.sites import DENOISER, TEXT
from optimizer.point import Job, Point
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.noise import Noise
from optimizer.render.sampling.samplers import SAMPLERS
from studies.paperdoll.bundle import WEIGHTS
from tests.optimizer.render.test_diffusers_renderer import HIGH, LOW, drawn, equal, frame, layers_of, lora, off

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"),
]
WHOLE = {"width": 128, "height": 192, "steps": 10}
JOBS = [Job(7, LOW), Job(8, HIGH), Job(9, Point({"shoes": 0.6}, 2.0)), Job(7, Point({}, 3.0))]


@pytest.fixture(scope="module")
def base() -> Base:
    return open_base(WEIGHTS / "base", device="cuda")


@pytest.fixture(scope="module")
def half() -> Base:
    return open_base(WEIGHTS / "base", device="cuda", dtype="float16")


def dressed(base: Base, **changes: object) -> DiffusionRenderer:
    return DiffusionRenderer(base, {n: gentle(base, n) for n in ("dress", "shoes")}, frame(**{**WHOLE, **changes}))


def gentle(base: Base, name: str) -> LoraFile:
    """As strong as trained ones are: stronger ones of random values make a blot, in which rounding grows."""
    torch.manual_seed(len(name))
    unet, text = layers_of(base.denoiser, "attn2", 0.1), layers_of(base.text_encoders[TEXT], "self_attn", 0.1)
    return LoraFile(Path(f"{name}.safetensors"), name, "0" * 12, name * 8, {DENOISER: unet, TEXT: text}, {})


def test_the_base_is_bit_for_bit_itself_after_any_weights(base: Base) -> None:
    before = {name: value.clone() for name, value in base.denoiser.state_dict().items()}
    (wanted,) = drawn(DiffusionRenderer(base, {}, frame(**WHOLE)), Job(3, Point({}, 5.0)))
    renderer = dressed(base)
    drawn(renderer, *JOBS)
    assert all(torch.equal(value, before[name]) for name, value in base.denoiser.state_dict().items())
    assert equal(wanted, drawn(renderer, Job(3, Point({"dress": 0.0}, 5.0)))[0])


def test_a_batch_draws_what_each_draws_alone_in_float32(base: Base) -> None:
    renderer = dressed(base)
    assert all(off(a, drawn(renderer, job)[0]) <= 1 for a, job in zip(drawn(renderer, *JOBS), JOBS, strict=True))


def test_float16_draws_what_float32_draws_but_for_rounding(base: Base, half: Base) -> None:
    for wide, narrow in zip(drawn(dressed(base), *JOBS), drawn(dressed(half), *JOBS), strict=True):
        apart = np.abs(np.asarray(wide).astype(int) - np.asarray(narrow))
        assert float(apart.mean()) < 3


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_draws_what_it_draws_on_a_processor(base: Base, sampler: str) -> None:
    job = Job(5, Point({}, 5.0))
    renderer = DiffusionRenderer(base, {}, frame(sampler=sampler, steps=4))
    (there,) = drawn(renderer, job)
    (here,) = drawn(DiffusionRenderer(open_base(WEIGHTS / "base"), {}, frame(sampler=sampler, steps=4)), job)
    assert off(there, here) <= 4


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 5, 2**63])
def test_the_stream_computed_on_the_processor_is_the_devices_own(seed: int) -> None:
    shape = (4, 64, 96)
    computed, own = Noise("nv", [seed], "cuda"), Noise("gpu", [seed], "cuda")
    for drawn_one, drawn_other in ((computed.first(shape), own.first(shape)), (computed.next(shape), own.next(shape))):
        assert float((drawn_one - drawn_other).abs().max()) < 1e-5


def test_more_images_than_fit_are_drawn_in_halves(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = [Job(seed, Point({"dress": 0.1 * seed}, 5.0)) for seed in range(1, 9)]
    renderer, sizes = dressed(base), list[int]()
    wanted, draw = drawn(renderer, *jobs), renderer._draw

    def counted(drawings: Any, kept: Any) -> Any:
        sizes.append(len(drawings))
        if sizes == [8]:
            # As if other programs had all but a little of the device.
            torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_allocated() / total)
        elif len(drawings) == 4:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return draw(drawings, kept)

    monkeypatch.setattr(renderer, "_draw", counted)
    renderer._folded.release()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    try:
        found = drawn(renderer, *jobs)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert sizes == [8, 4, 4]
    assert all(off(a, b) <= 1 for a, b in zip(found, wanted, strict=True))


def test_where_memory_is_short_models_wait_in_main_memory(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    (wanted,) = drawn(dressed(base), JOBS[1])
    elsewhere = open_base(WEIGHTS / "base")
    monkeypatch.setattr("optimizer.render.diffusers_renderer.free_bytes", lambda _: 0)
    short = replace(dressed(elsewhere, **WHOLE), device="cuda")
    assert elsewhere.denoiser.device.type == "cpu"
    assert off(wanted, drawn(short, JOBS[1])[0]) <= 1
    assert elsewhere.denoiser.device.type == "cpu"


def test_a_picture_that_a_half_precision_vae_spoils_is_decoded_in_float32(half: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, spoilt = half.vae.decode, []

    def spoils_halves(latents: torch.Tensor, **options: object) -> object:
        if latents.dtype == torch.float16:
            spoilt.append(True)
            return (torch.full((1, 3, 8, 8), float("nan"), device="cuda"),)
        return whole(latents, **options)

    monkeypatch.setattr(half.vae, "decode", spoils_halves)
    (image,) = dressed(half).render([JOBS[1]])
    assert spoilt == [True]
    assert isinstance(image, Image.Image)
    assert half.vae.dtype == torch.float16


def test_other_weights_compile_nothing_anew(base: Base) -> None:
    from torch._dynamo.utils import counters

    renderer = DiffusionRenderer(base, {"dress": lora(base, "dress")}, frame(steps=2), compiled=True)
    drawn(renderer, Job(3, Point({"dress": 0.3}, 5.0)))
    before = counters["stats"]["unique_graphs"]
    drawn(renderer, Job(3, Point({"dress": 0.8}, 5.0)))
    assert counters["stats"]["unique_graphs"] == before


def test_copies_are_given_back(base: Base) -> None:
    folded = Folded(base.denoiser, {"dress": lora(base, "dress").layers[DENOISER]})
    with folded.at([{"dress": 0.5}, {"dress": 0.7}]):
        held = torch.cuda.memory_allocated()
    folded.release()
    assert held - torch.cuda.memory_allocated() >= 2 * folded.copy_bytes
