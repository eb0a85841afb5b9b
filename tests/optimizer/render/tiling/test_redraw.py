"""A picture that is redrawn in tiles keeps its size, and each tile is drawn by what is its own."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from optimizer.point import Job, Point
from optimizer.regions.regions import Regions
from optimizer.render.decode import NotDrawn
from optimizer.render.inpainting.base import Redrawing
from optimizer.render.tiling.redraw import TiledRedraw

SIZE = (32, 48)
JOB = Job(7, Point({"dress": 0.5}, 5.0))


@dataclass
class Draws:
    """Gives each tile back as `paint` makes it."""

    paint: Callable[[Redrawing], Image.Image | NotDrawn] = lambda one: one.picture
    asked: list[Redrawing] = field(default_factory=list)

    def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image.Image | NotDrawn]:
        self.asked += redrawings
        return [self.paint(one) for one in redrawings]


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


@given(st.integers(1, 130), st.integers(1, 130))
def test_tiles_that_change_nothing_give_the_picture_back(width: int, height: int) -> None:
    picture, draws = noise(width, height), Draws()
    drawing = TiledRedraw(draws, JOB, SIZE, 2**32 - 1)
    found = drawing.redrawn(picture, 0.3)
    assert isinstance(found, Image.Image)
    assert np.abs(np.asarray(found).astype(int) - np.asarray(picture)).max() <= 1
    assert {one.picture.size for one in draws.asked} == {SIZE}
    assert {one.mask.shape for one in draws.asked} == {SIZE[::-1]}
    assert len(draws.asked) == drawing.tiles((width, height))


def test_a_picture_smaller_than_a_tile_goes_on_as_it_ends() -> None:
    draws = Draws()
    TiledRedraw(draws, JOB, SIZE, 99).redrawn(noise(20, 48), 0.3)
    (asked,) = draws.asked
    pixels = np.asarray(asked.picture)
    assert (pixels[:, 20:] == pixels[:, 19:20]).all()


def test_each_tile_takes_other_noise_and_the_picture_fades_from_one_to_the_next() -> None:
    """Tiles draw stripes, which have no colour of their own, one way or the other."""
    stripes = np.tile(np.array([[0], [200]], np.uint8), (SIZE[1] // 2, SIZE[0]))[..., None].repeat(3, 2)
    draws = Draws(lambda one: Image.fromarray(stripes if one.job.seed % 2 else 200 - stripes))
    drawing = TiledRedraw(draws, JOB, SIZE, 2**32 - 1)
    found = drawing.redrawn(Image.new("RGB", (60, 48), (100, 100, 100)), 0.3)
    assert isinstance(found, Image.Image)
    assert [one.job.seed for one in draws.asked] == [8, 9]
    assert all(one.job.point == JOB.point and one.strength == 0.3 for one in draws.asked)
    row = np.asarray(found)[24, :, 0].astype(int)
    assert abs(row[0] - row[-1]) > 150
    assert (np.diff(row) <= 0).all() or (np.diff(row) >= 0).all()
    assert np.abs(np.diff(row)).max() <= 200 / drawing.overlap + 1


def test_colours_are_those_of_the_picture() -> None:
    """A tile that comes out redder as a whole does not; what is drawn anew in it stays."""

    def redder(one: Redrawing) -> Image.Image:
        pixels = np.asarray(one.picture).copy()
        pixels[..., 0] += 60
        pixels[21, 11] = 0
        return Image.fromarray(pixels)

    found = TiledRedraw(Draws(redder), JOB, SIZE, 99).redrawn(Image.new("RGB", SIZE, (100, 100, 100)), 0.3)
    pixels = np.asarray(found).astype(int)
    assert np.abs(pixels[40:] - 100).max() <= 1
    assert (pixels[21, 11] < 30).all()


def test_noise_goes_on_at_0_after_the_largest_seed() -> None:
    draws = Draws()
    TiledRedraw(draws, Job(8, JOB.point), SIZE, 9).redrawn(noise(90, 48), 0.3)
    assert [one.job.seed for one in draws.asked] == [9, 0, 1, 2][: len(draws.asked)]


def test_regions_are_cut_for_each_tile() -> None:
    left = np.zeros(SIZE[::-1], np.bool_)
    left[:, :16] = True
    draws = Draws()
    TiledRedraw(draws, Job(7, JOB.point, Regions({"dress": left})), SIZE, 99).redrawn(noise(64, 96), 0.3)
    masks = [one.job.regions.masks["dress"] for one in draws.asked if one.job.regions is not None]
    assert len(masks) == len(draws.asked)
    assert masks[0].all(), "the left half of the picture is the first tile's own"
    last = {columns.job.seed: mask for columns, mask in zip(draws.asked, masks, strict=True)}
    assert not last[max(last)].any()
    middle = masks[1]
    assert (middle[:, 0] & ~middle[:, -1]).all()


def test_a_tile_that_comes_out_as_nothing_ends_it() -> None:
    draws = Draws(lambda one: NotDrawn("the UNet gave NaN"))
    assert TiledRedraw(draws, JOB, SIZE, 99).redrawn(noise(64, 96), 0.3) == NotDrawn("the UNet gave NaN")
    assert len(draws.asked) == 1


@pytest.mark.parametrize("size", [(64, 96), (100, 300)])
def test_progress_counts_tiles(size: tuple[int, int]) -> None:
    counted: list[int] = []
    drawing = TiledRedraw(Draws(), JOB, SIZE, 99, lambda: counted.append(1))
    drawing.redrawn(noise(*size), 0.3)
    assert len(counted) == drawing.tiles(size)


def test_memory_grows_by_the_picture_and_its_result_alone() -> None:
    class Forgets(Draws):
        def inpaint(self, redrawings: Sequence[Redrawing]) -> list[Image.Image | NotDrawn]:
            return [one.picture for one in redrawings]

    def peak(height: int) -> int:
        picture = Image.new("RGB", (64, height))
        tracemalloc.start()
        TiledRedraw(Forgets(), JOB, SIZE, 99).redrawn(picture, 0.3)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(480)
    small, large = peak(480), peak(9600)
    assert large - small < 2.2 * 3 * 64 * (9600 - 480)
