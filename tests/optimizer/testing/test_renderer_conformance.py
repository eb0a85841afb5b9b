"""The renderer suite on the fake and on the diffusers renderer over the lab's base."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.base.family import Base
from models.base.opening import open_base
from optimizer.point import Job, Point
from optimizer.render.base import Renderer
from optimizer.render.diffusers_renderer import DiffusionRenderer
from optimizer.testing.fake_renderer import FakeRenderer
from optimizer.testing.renderer_conformance import RendererSuite
from studies.backends.lazy import LazyRenderer
from studies.paperdoll.bundle import WEIGHTS
from tests.optimizer.render.test_diffusers_renderer import frame, lora

LOW, HIGH = Point({"dress": 0.2, "shoes": 0.1}, 5.0), Point({"dress": 1.0, "shoes": 0.1}, 5.0)


class TestFakeRenderer(RendererSuite):
    @pytest.fixture
    def renderer(self) -> Renderer:
        return FakeRenderer()

    @pytest.fixture
    def twin(self) -> Renderer:
        return FakeRenderer()

    @pytest.fixture
    def jobs(self) -> list[Job]:
        return [Job(7, LOW), Job(8, HIGH), Job(7, Point({"shoes": 0.6}, 2.0))]


class TestLazyRenderer(TestFakeRenderer):
    @pytest.fixture
    def twin(self) -> Renderer:
        return LazyRenderer(FakeRenderer().identity(), FakeRenderer)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
class TestDiffusionRenderer(RendererSuite):
    @pytest.fixture(scope="class")
    def base(self) -> Base:
        return open_base(WEIGHTS / "base")

    @pytest.fixture(scope="class")
    def renderer(self, base: Base) -> Renderer:
        return dressed(base)

    @pytest.fixture(scope="class")
    def twin(self) -> Renderer:
        return dressed(open_base(WEIGHTS / "base"))

    @pytest.fixture(scope="class")
    def jobs(self) -> list[Job]:
        """Of other prompts, guidance, steps and samplers too."""
        return [
            Job(7, LOW),
            Job(8, HIGH),
            Job(7, Point({"shoes": 0.6}, 2.0, "1girl, hat")),
            Job(9, Point({}, 1.0)),
            Job(7, replace(HIGH, steps=2, sampler="Euler a")),
        ]


def dressed(base: Base) -> Renderer:
    return DiffusionRenderer(base, {name: lora(base, name) for name in ("dress", "shoes")}, frame())
