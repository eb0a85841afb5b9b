"""A parser that looks at several people window by window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from scorers.observe.figures.wide_parts import WideParts


class ByColour:
    """Names each pixel by its red value, and refuses what is wider than one person's picture."""

    labels: Mapping[int, str] = MappingProxyType({0: "background", 1: "face"})

    def __init__(self, widest: int) -> None:
        self.widest = widest

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        assert all(image.width <= self.widest for image in images)
        return [np.asarray(image)[..., 0].copy() for image in images]


@pytest.mark.parametrize(("width", "count"), [(256, 2), (257, 2), (300, 3), (64, 1), (99, 4)])
def test_windows_join_to_the_whole(width: int, count: int) -> None:
    rng = np.random.default_rng(width)
    images = [Image.fromarray(rng.integers(0, 255, (40, width, 3), np.uint8)) for _ in range(2)]
    found = WideParts(ByColour(-(-width // count)), count).parse(images)
    for image, labels in zip(images, found, strict=True):
        assert (labels == np.asarray(image)[..., 0]).all()


class AtEdges:
    """Sees something else within a quarter of its window's edges than in the middle."""

    labels: Mapping[int, str] = MappingProxyType({0: "background", 1: "face"})

    def parse(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        return [
            np.tile(np.minimum(np.arange(i.width), np.arange(i.width)[::-1]) >= i.width // 4, (i.height, 1)).astype(np.uint8)
            for i in images
        ]


def test_no_pixel_is_named_at_a_windows_edge_but_at_the_images_own() -> None:
    (labels,) = WideParts(AtEdges(), 2).parse([Image.new("RGB", (256, 8))])
    assert labels[:, 32:-32].all()
    assert not labels[:, :32].any()
