"""Moved copies show the same a hair elsewhere: same size, same everywhere, nothing invented at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from scorers.noise.copies import COPIES, MOST, moved_copies


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (128, 192)])
def test_copies_have_the_size_of_their_image(size: tuple[int, int]) -> None:
    copies = moved_copies(Image.new("RGBA", size, (200, 10, 10, 128)))
    assert [(c.size, c.mode) for c in copies] == [(size, "RGB")] * COPIES


def test_edges_are_continued() -> None:
    image = Image.new("RGB", (128, 192), (30, 200, 90))
    assert all(np.array_equal(np.asarray(copy), np.asarray(image)) for copy in moved_copies(image))


def test_the_same_image_gives_the_same_copies_and_each_is_another() -> None:
    image = Image.fromarray(np.random.default_rng(1).integers(0, 256, (96, 64, 3), np.uint8))
    first, again = ([np.asarray(c) for c in moved_copies(image)] for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert len({c.tobytes() for c in first}) == COPIES


def test_nothing_moves_by_more_than_shift_and_size_allow() -> None:
    width = 400
    ramp = np.broadcast_to(np.arange(width) * 255 / width, (300, width))
    image = Image.fromarray(np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8))
    inner = slice(40, -40)
    for copy in moved_copies(image):
        moved = np.asarray(copy, float)[:, inner, 0] - np.asarray(image, float)[:, inner, 0]
        pixels = np.abs(moved) * width / 255
        assert pixels.max() <= MOST * width * 1.5 + 2
