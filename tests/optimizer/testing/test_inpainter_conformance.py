"""The inpainter suite on the fake, on lazily opened ones, and on the diffusers renderer over the lab's base."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models.base.family import Base
from models.base.opening import open_base
from optimizer.point import Job, Point
from optimizer.render.base import Renderer
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.render.inpainting.base import Inpainter, Redrawing
from optimizer.testing.fake_renderer import FakeRenderer
from optimizer.testing.inpainter_conformance import InpainterSuite
from studies.backends.lazy import LazyInpainter
from studies.paperdoll.bundle import WEIGHTS
from tests.optimizer.render.test_diffusers_renderer import frame, lora


def redrawing_of(picture: Image.Image) -> Redrawing:
    mask = np.zeros(picture.size[::-1], np.bool_)
    mask[32:64, 16:48] = True
    return Redrawing(Job(7, Point({"dress": 0.9, "shoes": 0.4}, 5.0)), picture, mask, 0.8)


class TestFakeInpainter(InpainterSuite):
    @pytest.fixture
    def inpainter(self) -> Inpainter:
        return FakeRenderer()

    @pytest.fixture
    def twin(self) -> Inpainter:
        return LazyInpainter(FakeRenderer)

    @pytest.fixture
    def redrawing(self) -> Redrawing:
        return redrawing_of(Image.new("RGB", (64, 96), (200, 200, 200)))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
class TestDiffusionRenderer(InpainterSuite):
    @pytest.fixture(scope="class")
    def base(self) -> Base:
        return open_base(WEIGHTS / "base")

    @pytest.fixture(scope="class")
    def inpainter(self, base: Base) -> DiffusionRenderer:
        return drawing(base)

    @pytest.fixture(scope="class")
    def twin(self) -> Inpainter:
        return drawing(open_base(WEIGHTS / "base"))

    @pytest.fixture(scope="class")
    def redrawing(self, inpainter: Renderer) -> Redrawing:
        (picture,) = inpainter.render([Job(3, Point({"dress": 0.2, "shoes": 0.1}, 5.0))])
        assert isinstance(picture, Image.Image)
        return redrawing_of(picture)


def drawing(base: Base) -> DiffusionRenderer:
    return DiffusionRenderer(base, {name: lora(base, name) for name in ("dress", "shoes")}, frame())
