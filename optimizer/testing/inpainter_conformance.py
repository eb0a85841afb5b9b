"""What every `Inpainter` must do. Inherit from `InpainterSuite` in a test module, with the pytest fixtures it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from optimizer.render.inpainting.base import Inpainter, Redrawing
from optimizer.testing.renderer_conformance import difference


class InpainterSuite:
    """The test module gives three fixtures: `inpainter`; `twin`, opened anew with the same settings; and `redrawing`, of a
    picture of the size that it draws, whose mask covers whole latent cells, neither none nor all, at a strength below 1.
    """

    def test_it_draws_one_rgb_image_of_the_pictures_size_each(self, inpainter: Inpainter, redrawing: Redrawing) -> None:
        other = replace(redrawing, job=replace(redrawing.job, seed=redrawing.job.seed + 1))
        found = redrawn(inpainter, [redrawing, other])
        assert {image.mode for image in found} == {"RGB"}
        assert {image.size for image in found} == {redrawing.picture.size}
        assert difference(found[1], redrawn(inpainter, [other])[0]) <= 1, "in their order"

    def test_equal_redrawings_give_equal_images_here_and_elsewhere(
        self, inpainter: Inpainter, twin: Inpainter, redrawing: Redrawing
    ) -> None:
        (first,) = redrawn(inpainter, [redrawing])
        redrawn(inpainter, [replace(redrawing, strength=redrawing.strength / 2)])
        assert difference(first, redrawn(inpainter, [redrawing])[0]) == 0
        assert difference(first, redrawn(twin, [redrawing])[0]) == 0

    def test_other_noise_and_other_weights_draw_another_part(self, inpainter: Inpainter, redrawing: Redrawing) -> None:
        job = redrawing.job
        halved = {name: weight / 2 for name, weight in job.point.weights.items()}
        others = [replace(job, seed=job.seed + 1), replace(job, point=replace(job.point, weights=halved))]
        first, *found = redrawn(inpainter, [redrawing, *(replace(redrawing, job=other) for other in others)])
        assert all(difference(first, image) > 1 for image in found)

    def test_what_the_mask_covers_changes_most(self, inpainter: Inpainter, redrawing: Redrawing) -> None:
        (found,) = redrawn(inpainter, [redrawing])
        (kept,) = redrawn(inpainter, [replace(redrawing, mask=np.zeros_like(redrawing.mask))])
        moved = np.abs(np.asarray(found).astype(int) - np.asarray(kept)).mean(axis=2)
        assert moved[redrawing.mask].mean() > 2 * moved[~redrawing.mask].mean()

    def test_the_picture_stays_as_it_is_and_no_redrawings_are_no_images(self, inpainter: Inpainter, redrawing: Redrawing) -> None:
        before = redrawing.picture.copy()
        redrawn(inpainter, [redrawing])
        assert difference(before, redrawing.picture) == 0
        assert inpainter.inpaint([]) == []


def redrawn(inpainter: Inpainter, redrawings: Sequence[Redrawing]) -> list[Image.Image]:
    """The images of redrawings that can all be drawn."""
    found = [image for image in inpainter.inpaint(redrawings) if isinstance(image, Image.Image)]
    assert len(found) == len(redrawings)
    return found
