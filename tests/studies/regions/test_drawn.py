"""Regions that a person paints: what is transparent is not painted, and what is too small to act is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.errors import InputError
from studies.regions.drawn import LEAST, written_regions
from studies.regions.section import WrittenRegion

SIZE = (64, 96)


def painted(path: Path, pixels: list[tuple[int, int, int, int]]) -> WrittenRegion:
    image = Image.new("RGBA", SIZE)
    image.putdata(pixels)
    image.save(path)
    return WrittenRegion(mask=path.name)


def test_transparent_parts_are_not_painted(tmp_path: Path) -> None:
    half = SIZE[0] * SIZE[1] // 2
    region = painted(tmp_path / "mask.png", [(255, 255, 255, 255)] * half + [(255, 255, 255, 0)] * half)
    mask = written_regions({"dress": region}, SIZE, tmp_path)["dress"]
    assert mask[: SIZE[1] // 2].all()
    assert not mask[SIZE[1] // 2 :].any()


def test_a_mask_of_a_pixel_is_refused(tmp_path: Path) -> None:
    whole = SIZE[0] * SIZE[1]
    for count in (1, LEAST - 1):
        region = painted(tmp_path / "mask.png", [(255,) * 4] * count + [(0, 0, 0, 255)] * (whole - count))
        with pytest.raises(InputError, match=rf"the region of dress is {count} pixels large") as told:
            written_regions({"dress": region}, SIZE, tmp_path)
        assert "\n" not in str(told.value)
    region = painted(tmp_path / "mask.png", [(255,) * 4] * LEAST + [(0, 0, 0, 255)] * (whole - LEAST))
    assert int(np.sum(written_regions({"dress": region}, SIZE, tmp_path)["dress"])) == LEAST


def test_a_box_of_a_pixel_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the region of dress is 1 pixels large"):
        written_regions({"dress": WrittenRegion(box=(0, 0, 1 / 64, 1 / 96))}, SIZE, tmp_path)
