"""What every `RemoteRenderer` must do. Inherit from its suite in a test module, with the fixtures of `RendererSuite`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import pytest
from PIL import Image

from models.base.registry import FAMILIES
from optimizer.point import Job
from optimizer.render.remote.base import RemoteRenderer
from optimizer.testing.renderer_conformance import RendererSuite, difference, images_of


class RemoteRendererSuite(RendererSuite):
    """`renderer` and `twin` are RemoteRenderers over one fake server; the weights of `jobs` name all LoRAs that are searched."""

    @pytest.fixture
    def remote(self, renderer: RemoteRenderer) -> RemoteRenderer:
        return renderer

    def test_its_facts_describe_what_it_draws(self, remote: RemoteRenderer, jobs: Sequence[Job]) -> None:
        facts = remote.facts()
        (image,) = images_of(remote, jobs[:1])
        assert image.size == (facts.width, facts.height)
        assert set(facts.loras) >= set(jobs[0].point.weights)
        assert all(lora.hash and PurePath(lora.server_name).name for lora in facts.loras.values())
        assert facts.kind
        assert facts.family in ("", *FAMILIES)
        assert facts == remote.facts()

    def test_it_draws_at_the_weights_that_it_is_given(self, remote: RemoteRenderer, jobs: Sequence[Job]) -> None:
        name = next(name for name, weight in jobs[0].point.weights.items() if weight)
        without = {**_complete(remote, jobs[0]), name: 0.0}
        expected = replace(jobs[0], point=replace(jobs[0].point, weights={**jobs[0].point.weights, name: 0.0}))
        (image,) = images_of(remote, [expected])
        drawn, missing = remote.draw(jobs[0], without), remote.draw(jobs[0], {n: w for n, w in without.items() if n != name})
        for other in (drawn, missing):
            assert isinstance(other, Image.Image)
            assert difference(image, other) == 0

    def test_afresh_the_same_image_comes(self, remote: RemoteRenderer, jobs: Sequence[Job]) -> None:
        (image,) = images_of(remote, jobs[:1])
        again = remote.draw(jobs[0], _complete(remote, jobs[0]), afresh=True)
        assert isinstance(again, Image.Image)
        assert difference(image, again) == 0

    def test_it_draws_one_at_a_time_and_times_what_it_drew(self, remote: RemoteRenderer, jobs: Sequence[Job]) -> None:
        assert remote.batch() == 1
        assert remote.seconds_per_image() == 0
        images_of(remote, jobs[:2])
        assert remote.seconds_per_image() >= 0
        assert remote.interruptions() == 0

    def test_it_can_be_closed_twice(self, remote: RemoteRenderer) -> None:
        remote.close()
        remote.close()

    def test_it_can_be_cancelled_where_nothing_is_drawn(self, remote: RemoteRenderer) -> None:
        remote.cancel()


def _complete(renderer: RemoteRenderer, job: Job) -> dict[str, float]:
    fixed: dict[str, float] = dict(renderer.identity()["fixed"])
    return {**fixed, **job.point.weights}
