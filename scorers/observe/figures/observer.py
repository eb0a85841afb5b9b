"""The observer of images of several people: each is looked at by itself, the others painted over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from scorers.observe.figures.places import people_in
from scorers.observe.observation import Observation
from scorers.observe.rgb import as_rgb, is_flat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.boxes import ShareBox
    from models.lora_kinds import ScoredKind
    from scorers.observe.base import Observer, PartSource
    from scorers.observe.parts import Mask
    from scorers.observe.references import References


@dataclass(frozen=True)
class FiguresObserver:
    """An Observer. What it sees of a whole image is what `wide` sees, with each figure by itself under its name.

    A figure that the image does not show has an observation in which nothing is.
    """

    photos: Observer
    """Of pictures of one person."""
    wide: Observer
    """Of pictures of several."""
    parser: PartSource
    """Likewise."""
    names: tuple[str, ...]
    """From left to right."""

    def observe(self, images: Sequence[Image.Image]) -> list[Observation]:
        plain = [as_rgb(image) for image in images]
        placed = [self._places(image, labels) for image, labels in zip(plain, self.parser.parse(plain), strict=True)]
        alone = [
            _painted_over(image, person, place)
            for image, (person, places) in zip(plain, placed, strict=True)
            for place in places
            if place is not None
        ]
        found = iter(self.wide.observe([*plain, *alone]))
        whole = [next(found) for _ in plain]
        return [
            replace(seen, figures={n: Observation(seen.size) if p is None else next(found) for n, p in self._named(places)})
            for seen, (_, places) in zip(whole, placed, strict=True)
        ]

    def references_of(
        self, images: Sequence[Image.Image], kind: ScoredKind, boxes: Sequence[ShareBox] | None = None
    ) -> References:
        """Photos show one person."""
        return self.photos.references_of(images, kind, boxes)

    def _named(self, places: Sequence[Mask | None]) -> Iterable[tuple[str, Mask | None]]:
        return zip(self.names, places, strict=True)

    def _places(self, image: Image.Image, labels: NDArray[np.uint8]) -> tuple[Mask, list[Mask | None]]:
        """Where somebody is, and the pixels that are each figure's; None for one who is not there."""
        if is_flat(image):
            return np.zeros(labels.shape, np.bool_), [None] * len(self.names)
        return people_in(labels, self.parser.labels, len(self.names))


def _painted_over(image: Image.Image, person: Mask, place: Mask) -> Image.Image:
    """The image in one figure's place; elsewhere the middle colour of what is nobody."""
    pixels = np.asarray(image)
    ground = np.median(pixels[~person], axis=0) if not person.all() else np.full(3, 128)
    return Image.fromarray(np.where(place[..., None], pixels, ground.astype(np.uint8)))
