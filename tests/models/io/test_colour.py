"""Photos whose ICC profile is another than sRGB."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.io.colour import has_other_colours
from models.io.images import open_photo
from models.testing.icc_profile import ADOBE_RGB, DISPLAY_P3, Columns, matrix_profile


def _expected(pixel: tuple[int, int, int], columns: Columns, gamma: float) -> list[int]:
    """By hand: the profile's light in XYZ of D50, then sRGB (IEC 61966-2-1)."""
    to_srgb = np.array([[3.1339, -1.6169, -0.4906], [-0.9788, 1.9161, 0.0335], [0.0719, -0.2290, 1.4052]])
    light = np.array(columns).T @ (np.array(pixel) / 255) ** gamma
    linear = np.clip(to_srgb @ light, 0, 1)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return [round(float(value) * 255) for value in coded]


@pytest.mark.parametrize(("columns", "gamma"), [(DISPLAY_P3, 2.2), (ADOBE_RGB, 2.19921875)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_its_colours_are_converted(tmp_path: Path, columns: Columns, gamma: float, kind: str) -> None:
    profile, pixel = matrix_profile(columns, gamma), (200, 90, 110)
    exact: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}
    path = tmp_path / f"a.{kind.lower()}"
    Image.new("RGB", (16, 16), pixel).save(path, format=kind, icc_profile=profile, **exact.get(kind, {}))
    found = open_photo(path).getpixel((8, 8))
    assert isinstance(found, tuple)
    assert max(abs(a - b) for a, b in zip(found, _expected(pixel, columns, gamma), strict=True)) <= 3
    assert found != pixel


def test_transparent_parts_stay_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (200, 90, 110, 255))
    image.putpixel((0, 0), (200, 90, 110, 0))
    image.save(tmp_path / "a.png", icc_profile=matrix_profile(DISPLAY_P3, 2.2))
    found = open_photo(tmp_path / "a.png")
    assert found.getpixel((0, 0)) == (255, 255, 255)
    assert found.getpixel((4, 4)) != (200, 90, 110)
    assert found.getpixel((4, 4)) != (255, 255, 255)


def test_a_palette_is_converted(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (200, 90, 110)).quantize().save(tmp_path / "a.png", icc_profile=matrix_profile(ADOBE_RGB, 2.2))
    assert open_photo(tmp_path / "a.png").getpixel((4, 4)) != (200, 90, 110)


def test_a_header_shows_whether_colours_change(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "p3.png", icc_profile=matrix_profile(DISPLAY_P3, 2.2))
    (tmp_path / "words.png").write_text("no picture")
    assert [has_other_colours(tmp_path / f"{name}.png") for name in ("plain", "p3", "words")] == [False, True, False]


def test_srgb_changes_no_pixel(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(np.asarray(open_photo(tmp_path / "a.png")), pixels)


@pytest.mark.parametrize("profile", [b"no profile", matrix_profile(DISPLAY_P3, 2.2)[:150], b"\0" * 200])
def test_a_damaged_profile_is_ignored_as_viewers_do(tmp_path: Path, profile: bytes) -> None:
    Image.new("RGB", (8, 8), (200, 90, 110)).save(tmp_path / "a.png", icc_profile=profile)
    assert open_photo(tmp_path / "a.png").getpixel((4, 4)) == (200, 90, 110)


def test_a_profile_of_other_colours_than_the_picture_is_ignored(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 90).save(tmp_path / "a.png", icc_profile=matrix_profile(DISPLAY_P3, 2.2))
    assert open_photo(tmp_path / "a.png").getpixel((4, 4)) == (90, 90, 90)


def test_a_phones_upright_photo_is_both_turned_and_converted(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    Image.new("RGB", (16, 8), (200, 90, 110)).save(
        stream, "JPEG", icc_profile=matrix_profile(DISPLAY_P3, 2.2), exif=exif, quality=100
    )
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    found = open_photo(tmp_path / "a.jpg")
    assert found.size == (8, 16)
    assert found.getpixel((4, 8)) != (200, 90, 110)
