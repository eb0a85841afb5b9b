"""From rendered images to observations, failed images included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optimizer.render.decode import NotDrawn
from scorers.observe.base import Observer
from scorers.observe.observation import Observation

if TYPE_CHECKING:
    from PIL.Image import Image


def observe(observer: Observer, images: Sequence[Image | NotDrawn]) -> list[Observation]:
    """One observation an image, in order; that of an image that was not drawn is empty and gives the reason in `failed`."""
    drawn = [image for image in images if not isinstance(image, NotDrawn)]
    found = iter(observer.observe(drawn) if drawn else [])
    return [Observation(size=(0, 0), failed=image.reason) if isinstance(image, NotDrawn) else next(found) for image in images]
