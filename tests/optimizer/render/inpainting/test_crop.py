"""What a crop takes along of the picture that it is cut from, and what it leaves as it was: for all pictures and parts."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from models.boxes import PixelBox
from optimizer.regions.regions import Regions, Words
from optimizer.render.inpainting.crop import Crop, crop_around
from optimizer.render.inpainting.margins import Margins

CELL = 8
SIZES = st.tuples(*[st.integers(8, 40).map(lambda cells: cells * CELL)] * 2)
"""Pictures of whole latent cells, from 64 pixels a side."""


WIDE = PixelBox(137, 18, 280, 64)
"""Of a picture of 312x136: in its proportions, rounded, a crop of this width is a pixel less wide."""


@st.composite
def crops(draw: st.DrawFn, widest: float = 4.0) -> tuple[PixelBox, Crop, Margins]:
    """A part of a picture, which may lie partly outside of it, and the crop around it."""
    width, height = draw(SIZES)
    assume(max(width, height) <= widest * min(width, height))
    (left, right), (top, bottom) = (
        sorted(draw(st.tuples(*[st.floats(-0.1 * side, 1.1 * side, allow_nan=False)] * 2))) for side in (width, height)
    )
    assume(left < width and right > 0 and top < height and bottom > 0)
    padding = draw(st.one_of(st.just(0.0), st.floats(0, 512)))
    margins = Margins(draw(st.floats(0, 24)), padding, draw(st.floats(0.5, 12)))
    part = PixelBox(left, top, right, bottom)
    return part, crop_around(part, (width, height), margins, CELL), margins


@given(crops())
@example((WIDE, crop_around(WIDE, (312, 136), Margins(0, 0), CELL), Margins(0, 0)))
def test_the_crop_lies_in_the_picture_and_the_mask_in_the_crop(found: tuple[PixelBox, Crop, Margins]) -> None:
    _, crop, _ = found
    left, top, right, bottom = crop.box
    assert 0 <= left < right <= crop.size[0]
    assert 0 <= top < bottom <= crop.size[1]
    assert left <= crop.mask[0] < crop.mask[2] <= right
    assert top <= crop.mask[1] < crop.mask[3] <= bottom


@given(crops())
def test_the_crop_has_the_pictures_proportions_as_far_as_whole_pixels_go(found: tuple[PixelBox, Crop, Margins]) -> None:
    _, crop, _ = found
    left, top, right, bottom = crop.box
    width, height = crop.size
    assert abs((right - left) - (bottom - top) * width / height) <= 0.5 + 1e-9


@given(crops())
def test_the_mask_covers_the_part_as_far_as_it_is_in_the_picture(found: tuple[PixelBox, Crop, Margins]) -> None:
    part, crop, _ = found
    width, height = crop.size
    assert crop.mask[0] <= max(0, part.left)
    assert crop.mask[1] <= max(0, part.top)
    assert crop.mask[2] >= min(width, part.right)
    assert crop.mask[3] >= min(height, part.bottom)


@given(crops())
def test_what_is_redrawn_holds_a_latent_cell(found: tuple[PixelBox, Crop, Margins]) -> None:
    _, crop, _ = found
    mask = crop.enlarged_mask()
    height, width = mask.shape
    shares = mask.reshape(height // CELL, CELL, width // CELL, CELL).mean(axis=(1, 3))
    assert (shares >= 0.5).any()


@given(crops())
def test_the_crop_is_large_enough_for_the_part_and_the_padding_around_it(found: tuple[PixelBox, Crop, Margins]) -> None:
    part, crop, margins = found
    _, padding, _ = margins.of(crop.size)
    (left, top, right, bottom), (width, height) = crop.box, crop.size
    wide = min(width, part.right) - max(0, part.left) + 2 * padding
    tall = min(height, part.bottom) - max(0, part.top) + 2 * padding
    assert right - left >= min(width, wide) - 1 or (right - left, bottom - top) == crop.size
    assert bottom - top >= min(height, tall)


@given(crops(), st.integers(0, 2**32 - 1))
def test_outside_of_the_feathered_mask_the_picture_stays_bit_for_bit(found: tuple[PixelBox, Crop, Margins], seed: int) -> None:
    _, crop, _ = found
    random, (width, height) = np.random.default_rng(seed), crop.size
    picture, drawn = (Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8)) for _ in range(2))
    before, after = np.asarray(picture), np.asarray(crop.pasted(picture, drawn))
    left, top, right, bottom = crop.box
    edge = np.zeros((height, width), np.uint8)
    edge[top:bottom, left:right] = np.asarray(crop.feathered())
    assert (after == before)[edge == 0].all()
    assert np.asarray(picture).tobytes() == before.tobytes(), "what it is given stays as it is"
    small = np.asarray(drawn.resize((right - left, bottom - top), Image.Resampling.LANCZOS))
    assert (after[top:bottom, left:right] == small)[edge[top:bottom, left:right] == 255].all()


@given(crops(), st.integers(0, 2**32 - 1))
def test_the_feathered_mask_is_strongest_where_it_is_redrawn(found: tuple[PixelBox, Crop, Margins], seed: int) -> None:
    _, crop, _ = found
    edge = np.asarray(crop.feathered())
    assert edge.shape == (crop.box[3] - crop.box[1], crop.box[2] - crop.box[0])
    assert edge.max() > 0
    row, column = np.unravel_index(int(edge.argmax()), edge.shape)
    assert crop.mask[0] <= crop.box[0] + column < crop.mask[2]
    assert crop.mask[1] <= crop.box[1] + row < crop.mask[3]


@given(crops(), st.integers(0, 2**32 - 1))
def test_regions_lie_in_the_crop_where_its_pixels_come_from(found: tuple[PixelBox, Crop, Margins], seed: int) -> None:
    _, crop, _ = found
    width, height = crop.size
    one, other = np.random.default_rng(seed).random((2, height, width)) < 0.5
    regions = Regions({"dress": one, "shoes": other, "face": ~one}, {"anna": Words(one, "pink"), "bea": Words(~one, "blue")})
    cut = crop.enlarged_regions(regions)
    assert cut is not None
    assert {mask.shape for mask in cut.masks.values()} == {(height, width)}
    left, top, right, bottom = crop.box
    (rows, clear_rows), (columns, clear_columns) = _sources(top, bottom, height), _sources(left, right, width)
    source, clear = np.ix_(rows, columns), np.ix_(clear_rows, clear_columns)
    assert (cut.masks["dress"] == one[source])[clear].all()
    assert (cut.masks["shoes"] == other[source])[clear].all()
    assert (cut.masks["face"] == ~cut.masks["dress"]).all(), "what parts a picture parts its crop"
    assert (cut.words["anna"].place ^ cut.words["bea"].place).all()
    assert {figure: read.text for figure, read in cut.words.items()} == {"anna": "pink", "bea": "blue"}
    assert crop.enlarged_regions(None) is None


def _sources(low: int, high: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in low to high the middles of `count` pixels lie; and the pixels whose middle is not on the line between two."""
    at = low + (np.arange(count) + 0.5) * (high - low) / count
    return at.astype(np.int64), np.flatnonzero(np.abs(at - np.rint(at)) > 1e-6)


@given(SIZES, st.integers(0, 2**32 - 1))
def test_a_crop_of_the_whole_picture_changes_neither_picture_nor_regions(size: tuple[int, int], seed: int) -> None:
    width, height = size
    crop = Crop((0, 0, width, height), (0, 0, width, height), 1, size)
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
    assert crop.enlarged(picture).tobytes() == picture.tobytes()
    assert crop.enlarged_mask().all()
    regions = Regions({"dress": random.random((height, width)) < 0.5})
    assert crop.enlarged_regions(regions) == regions


def test_regions_and_words_lie_in_the_crop_as_in_the_picture() -> None:
    left = np.zeros((96, 64), np.bool_)
    left[:, :32] = True
    regions = Regions({"dress": left}, {"anna": Words(left, "pink dress"), "bea": Words(~left, "blue dress")})
    found = Crop((16, 24, 48, 72), (20, 30, 40, 60), 2, (64, 96)).enlarged_regions(regions)
    assert found is not None
    assert (found.masks["dress"] == left).all()
    assert {figure: read.text for figure, read in found.words.items()} == {"anna": "pink dress", "bea": "blue dress"}
    assert (found.words["anna"].place == left).all()
    assert (found.words["bea"].place == ~left).all()
