"""What every `Renderer` must do. Inherit from `RendererSuite` in a test module, with the pytest fixtures it names."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from PIL import Image

from optimizer.point import Job
from optimizer.render.base import Renderer


class RendererSuite:
    """The test module gives three fixtures: `renderer`; `twin`, opened anew with the same settings; and `jobs`, at least three of
    different weights. Every job must be one that the renderer can draw.
    """

    ROUNDING: ClassVar[int] = 1
    """How far, of 255, a channel of an image drawn in a batch may be from the same image drawn alone."""

    def test_it_draws_one_rgb_image_a_job_in_their_order(self, renderer: Renderer, jobs: Sequence[Job]) -> None:
        together = images_of(renderer, jobs)
        assert {image.mode for image in together} == {"RGB"}
        assert len({image.size for image in together}) == 1
        for job, image in zip(jobs, together, strict=True):
            assert difference(image, images_of(renderer, [job])[0]) <= self.ROUNDING

    def test_the_order_of_the_jobs_does_not_matter(self, renderer: Renderer, jobs: Sequence[Job]) -> None:
        forwards, backwards = images_of(renderer, jobs), images_of(renderer, list(reversed(jobs)))
        assert all(difference(a, b) <= self.ROUNDING for a, b in zip(forwards, reversed(backwards), strict=True))

    def test_equal_jobs_give_equal_images_here_and_elsewhere(
        self, renderer: Renderer, twin: Renderer, jobs: Sequence[Job]
    ) -> None:
        (first,) = images_of(renderer, jobs[:1])
        images_of(renderer, jobs[1:])
        assert difference(first, images_of(renderer, jobs[:1])[0]) == 0
        assert difference(first, images_of(twin, jobs[:1])[0]) == 0

    def test_other_weights_give_another_image(self, renderer: Renderer, jobs: Sequence[Job]) -> None:
        images = images_of(renderer, jobs)
        assert all(difference(a, b) > self.ROUNDING for i, a in enumerate(images) for b in images[:i])

    def test_no_jobs_are_no_images(self, renderer: Renderer) -> None:
        assert renderer.render([]) == []

    def test_its_identity_is_json_and_stays_as_it_is(self, renderer: Renderer, twin: Renderer, jobs: Sequence[Job]) -> None:
        before = json.dumps(renderer.identity(), sort_keys=True)
        assert json.loads(before) == renderer.identity(), "no tuples, numbers as keys or values that JSON changes"
        images_of(renderer, jobs)
        assert json.dumps(renderer.identity(), sort_keys=True) == before
        assert json.dumps(twin.identity(), sort_keys=True) == before

    def test_it_names_a_batch_and_a_time(self, renderer: Renderer) -> None:
        assert renderer.batch() >= 1
        seconds = renderer.seconds_per_image()
        assert math.isfinite(seconds)
        assert seconds >= 0

    def test_measuring_changes_no_image(self, renderer: Renderer, jobs: Sequence[Job]) -> None:
        (first,) = images_of(renderer, jobs[:1])
        renderer.seconds_per_image()
        assert difference(first, images_of(renderer, jobs[:1])[0]) == 0


def images_of(renderer: Renderer, jobs: Sequence[Job]) -> list[Image.Image]:
    """The images of jobs that can all be drawn."""
    images = [image for image in renderer.render(jobs) if isinstance(image, Image.Image)]
    assert len(images) == len(jobs)
    return images


def difference(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of a pixel's channel, of 255."""
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())
