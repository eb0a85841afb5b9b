"""What the renderer draws where LoRAs act in regions only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from models.base.family import Base
from models.errors import InputError
from models.lora.file import LoraFile
from models.lora.sites import TEXT
from optimizer.point import Job, Point
from optimizer.regions.regions import Mask, Regions, Words
from optimizer.render.decode import NotDrawn, decode
from optimizer.render.diffusers_renderer import DiffusionRenderer
from tests.optimizer.render.test_diffusers_renderer import base, drawn, equal, frame, lora, off

__all__ = ["base"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
SIZE = 96, 64


def upper(rows: int = 48) -> Mask:
    mask = np.zeros(SIZE, np.bool_)
    mask[:rows] = True
    return mask


BOTH = Point({"dress": 0.8, "shoes": 0.6}, 5.0)
REGIONS = Regions({"dress": upper(), "shoes": ~upper()})


@pytest.fixture(scope="module")
def renderer(base: Base) -> DiffusionRenderer:
    return DiffusionRenderer(base, {n: lora(base, n) for n in ("dress", "shoes")}, frame())


def test_all_loras_everywhere_draw_the_old_picture_bit_for_bit(renderer: DiffusionRenderer) -> None:
    whole = np.ones(SIZE, np.bool_)
    (wanted,) = drawn(renderer, Job(3, BOTH))
    assert equal(wanted, drawn(renderer, Job(3, BOTH, Regions({"dress": whole, "shoes": whole})))[0])
    assert equal(wanted, drawn(renderer, Job(3, BOTH, Regions({"dress": whole})))[0])


@pytest.fixture
def latents(monkeypatch: pytest.MonkeyPatch) -> list[Tensor]:
    """What is decoded: the decoder itself carries a change over the whole picture."""
    found: list[Tensor] = []

    def kept(base: Base, latent: Tensor, *, cut_off: bool) -> Image.Image | NotDrawn:
        found.append(latent)
        return decode(base, latent, cut_off=cut_off)

    monkeypatch.setattr("optimizer.render.diffusers_renderer.decode", kept)
    return found


def changed_rows(latents: list[Tensor]) -> list[bool]:
    """By row of latent cells, whether the two differ."""
    one, other = latents
    return (one != other).any(dim=0).any(dim=1).tolist()


def test_a_lora_acts_in_its_region_and_not_in_another(base: Base, latents: list[Tensor]) -> None:
    # One step from one noise: what a region's weights change stays where they act.
    renderer = DiffusionRenderer(base, {n: lora(base, n) for n in ("dress", "shoes")}, frame(steps=1, sampler="Euler"))
    for weight in (0.2, 1.0):
        drawn(renderer, Job(3, replace(BOTH, weights={"dress": weight, "shoes": 0.6}), REGIONS))
    assert changed_rows(latents) == [True] * 7 + [False] * 5, "the upper half of 12 rows, and a feather of one"


def test_regions_draw_another_picture_than_everywhere(renderer: DiffusionRenderer) -> None:
    everywhere, inside = drawn(renderer, Job(3, BOTH))[0], drawn(renderer, Job(3, BOTH, REGIONS))[0]
    assert off(everywhere, inside) > 1


@pytest.mark.parametrize("cfg", [1.0, 5.0])
@pytest.mark.parametrize("sampler", ["DPM++ 2M Karras", "Euler a"])
def test_a_batch_of_other_weights_and_regions_draws_what_each_draws_alone(
    renderer: DiffusionRenderer, cfg: float, sampler: str
) -> None:
    low = replace(BOTH, weights={"dress": 0.1, "shoes": 0.9}, cfg=cfg, sampler=sampler)
    high = replace(BOTH, cfg=cfg, sampler=sampler)
    jobs = [Job(3, low, REGIONS), Job(4, high), Job(5, high, REGIONS), Job(6, high, Regions({"dress": upper(24)}))]
    for job, image in zip(jobs, drawn(renderer, *jobs), strict=True):
        assert off(image, drawn(renderer, job)[0]) <= 1


def test_what_a_lora_does_to_the_text_it_does_in_its_region(base: Base, latents: list[Tensor]) -> None:
    file: LoraFile = lora(base, "dress", text=True)
    renderer = DiffusionRenderer(
        base, {"dress": replace(file, layers={TEXT: file.layers[TEXT]})}, frame(steps=1, sampler="Euler")
    )
    for weight in (0.3, 1.0):
        drawn(renderer, Job(3, Point({"dress": weight}, 5.0), Regions({"dress": upper()})))
    assert changed_rows(latents) == [True] * 7 + [False] * 5


def test_more_regions_than_memory_holds_are_refused(renderer: DiffusionRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "_fit", replace(renderer._fit, rows=1))
    with pytest.raises(InputError, match="an image in 2 regions does not fit in the memory of cpu"):
        renderer.render([Job(3, BOTH, REGIONS)])


def test_words_of_the_whole_picture_are_words_of_the_prompt(renderer: DiffusionRenderer) -> None:
    whole = np.ones(SIZE, np.bool_)
    prompt = f"{renderer.settings.prompt}, white socks"
    (wanted,) = drawn(renderer, Job(3, replace(BOTH, prompt=prompt)))
    everywhere = Regions({"dress": whole}, {"anna": Words(whole, "white socks")})
    assert equal(wanted, drawn(renderer, Job(3, BOTH, everywhere))[0])


@pytest.mark.parametrize("words", ["white socks", ", ".join(["white socks"] * 40)])
def test_words_of_a_place_are_read_there_and_not_elsewhere(base: Base, latents: list[Tensor], words: str) -> None:
    # However long: the other place's prompt is brought to as many tokens.
    renderer = DiffusionRenderer(base, {n: lora(base, n) for n in ("dress", "shoes")}, frame(steps=1, sampler="Euler"))
    for found in ({}, {"anna": Words(upper(), words)}):
        drawn(renderer, Job(3, BOTH, Regions(REGIONS.masks, found)))
    one, other = latents
    change = (one - other).abs().amax(dim=(0, 2))
    assert change[:7].min() > 1e-4
    assert change[7:].max() < 1e-5 * one.abs().max(), "rounding alone"
