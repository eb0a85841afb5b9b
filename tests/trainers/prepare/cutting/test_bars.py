from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from trainers.prepare.cutting.bars import inside_bars


def scene(size: tuple[int, int]) -> Image.Image:
    """A bright noisy picture."""
    noise = np.random.default_rng(0).integers(40, 220, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(noise)


def compressed(image: Image.Image, quality: int) -> Image.Image:
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


def framed(colour: str, margins: tuple[int, int, int, int], size: tuple[int, int] = (300, 200)) -> Image.Image:
    left, top, right, bottom = margins
    whole = Image.new("RGB", (left + size[0] + right, top + size[1] + bottom), colour)
    whole.paste(scene(size), (left, top))
    return whole


@pytest.mark.parametrize("colour", ["black", "white", "#333333", "#0a3060"])
@pytest.mark.parametrize("margins", [(0, 40, 0, 40), (60, 0, 60, 0), (0, 30, 0, 0), (20, 50, 20, 50)])
def test_bars_of_any_colour_are_found_exactly(colour: str, margins: tuple[int, int, int, int]) -> None:
    left, top, _, _ = margins
    assert inside_bars(framed(colour, margins)) == (left, top, left + 300, top + 200)


@pytest.mark.parametrize("quality", [95, 75, 50])
def test_bars_of_a_compressed_photo(quality: int) -> None:
    found = inside_bars(compressed(framed("black", (0, 40, 0, 40)), quality))
    assert found[0] == 0
    assert found[2] == 300
    assert 40 <= found[1] <= 44
    assert 236 <= found[3] <= 240


def test_a_figure_before_a_plain_ground_has_no_bars() -> None:
    for seed in range(12):
        image = draw(random_figure(np.random.default_rng(seed)), (200, 300)).image
        assert inside_bars(image) == (0, 0, 200, 300)
    for colour in ("white", "black"):
        product = Image.new("RGB", (400, 400), colour)
        ImageDraw.Draw(product).ellipse((80, 150, 320, 250), fill="#a04030")
        assert inside_bars(product) == (0, 0, 400, 400)


@pytest.mark.parametrize(
    "image", [Image.new("RGB", (50, 60), "black"), Image.new("RGB", (1, 1)), Image.new("RGB", (3, 2), "red")]
)
def test_empty_and_tiny_pictures(image: Image.Image) -> None:
    assert inside_bars(image) == (0, 0, *image.size)


def test_a_thin_line_is_no_bar() -> None:
    assert inside_bars(framed("black", (0, 2, 0, 2), (300, 400))) == (0, 0, 300, 404)
