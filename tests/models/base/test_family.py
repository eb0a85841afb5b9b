"""The suite of base families on SD1.5, SDXL and a toy; and a family nobody names is opened, drawn and carries LoRAs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.base.family import Base
from models.base.registry import FAMILIES, family_named, family_of_pipeline, titles
from models.errors import InputError
from models.lora.file import LoraFile, open_lora, write_lora
from models.lora.layers.lora import LoraLayer
from models.lora.sites import DENOISER, TEXT
from models.testing.bases import small_base
from models.testing.family_conformance import BaseFamilySuite
from models.testing.toy_family import WIDTH, ToyFamily, toy_base
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.diffusers_renderer import DiffusionRenderer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


class TestSD15(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self, tmp_path_factory: pytest.TempPathFactory) -> Base:
        return small_base(tmp_path_factory.mktemp("sd15") / "config", "sd15")


class TestSDXL(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self, tmp_path_factory: pytest.TempPathFactory) -> Base:
        return small_base(tmp_path_factory.mktemp("sdxl") / "config", "sdxl")


class TestToy(BaseFamilySuite):
    @pytest.fixture(scope="class")
    def base(self) -> Base:
        return toy_base()


def test_the_registry_goes_by_the_families_own_names() -> None:
    names = ("sd15", "sdxl", "z-image", "flux", "flux2")
    assert {name: family.name for name, family in FAMILIES.items()} == {name: name for name in names}
    assert titles() == "SD1.5, SDXL, Z-Image, FLUX.1 or FLUX.2 [klein]"
    assert titles(single_files=True) == "SD1.5 or SDXL"
    assert family_of_pipeline("StableDiffusionXLPipeline") is family_named("sdxl")
    assert family_of_pipeline("SanaPipeline") is None
    with pytest.raises(InputError, match="unknown base family 'sana'"):
        family_named("sana")


def test_one_line_in_the_registry_makes_a_family_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from models.base.detect import family_of

    with pytest.raises(InputError, match=r"no SD1\.5 or SDXL checkpoint"):
        family_of(Path("x.safetensors"), {"toy.weight": (1,)})
    monkeypatch.setitem(FAMILIES, "toy", ToyFamily())
    assert family_of(Path("x.safetensors"), {"toy.weight": (1,)}).title == "Toy"
    assert titles(single_files=True) == "SD1.5, SDXL or Toy"


def test_the_renderer_draws_a_family_it_does_not_know_with_loras_on_every_part(tmp_path: Path) -> None:
    base, generator = toy_base(), torch.Generator().manual_seed(1)

    def layer(out: int, *wide: int) -> LoraLayer:
        ones = [1] * (len(wide) - 1)
        return LoraLayer(torch.randn(2, *wide, generator=generator), torch.randn(out, 2, *ones, generator=generator), 1.0)

    layers = {DENOISER: {"latents": layer(12, 12, 1, 1)}, TEXT: {"out": layer(WIDTH, WIDTH)}}
    write_lora(tmp_path / "dress.safetensors", layers, {})
    dress = open_lora(tmp_path / "dress.safetensors", base.modules)
    assert {part: set(modules) for part, modules in dress.layers.items()} == {DENOISER: {"latents"}, TEXT: {"out"}}
    both = drawn(base, {"dress": dress}, 0.8)
    assert both.size == (16, 24)
    assert np.array_equal(np.asarray(both), np.asarray(drawn(base, {"dress": dress}, 0.8)))
    images = [drawn(base, {}, 0.0), both]
    for part in (DENOISER, TEXT):
        only = LoraFile(dress.path, "dress", "", part, {part: dress.layers[part]}, {})
        images.append(drawn(base, {"dress": only}, 0.8))
    assert len({image.tobytes() for image in images}) == 4


def drawn(base: Base, loras: dict[str, LoraFile], weight: float) -> Image.Image:
    settings = RenderSettings("a cat", "dog", 16, 24, 4, "Euler")
    (image,) = DiffusionRenderer(base, loras, settings).render([Job(3, Point(dict.fromkeys(loras, weight), 5.0))])
    assert isinstance(image, Image.Image)
    return image
