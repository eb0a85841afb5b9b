from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from models.io.images import list_photos, open_photo


def test_photos_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.JPG", "照片 1.png", "a b.webp", ".hidden.png"):
        Image.new("RGB", (4, 6)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("BM and II are no pictures")
    (tmp_path / "folder.png").mkdir()
    assert [p.name for p in list_photos(tmp_path)] == ["a b.webp", "b.JPG", "照片 1.png"]


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photos"):
        list_photos(tmp_path)
    with pytest.raises(InputError, match="no such photo folder"):
        list_photos(tmp_path / "absent")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.new(mode, (4, 6)).save(path)
    assert open_photo(path).mode == "RGB"


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    Image.new("I;16", (4, 6), 0x8080).save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png").getpixel((0, 0)) == (128, 128, 128)


def test_transparent_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 6), (200, 0, 0, 0)).save(tmp_path / "a.png")
    assert open_photo(tmp_path / "a.png").getpixel((1, 1)) == (255, 255, 255)


def test_a_turned_photo_stands_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (6, 4), "black")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.jpg", exif=exif)
    assert open_photo(tmp_path / "a.jpg").size == (4, 6)


def _png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


def test_what_is_no_sound_picture_is_refused_in_one_line(tmp_path: Path) -> None:
    Image.effect_noise((64, 64), 90).save(tmp_path / "good.png")
    Image.effect_noise((64, 64), 90).save(tmp_path / "good.jpg")
    moving = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    moving[0].save(tmp_path / "moving.webp", save_all=True, append_images=moving[1:])
    moving[0].save(tmp_path / "gif.gif", save_all=True, append_images=moving[1:])
    (tmp_path / "gif.png").write_bytes((tmp_path / "gif.gif").read_bytes())
    (tmp_path / "cut.png").write_bytes((tmp_path / "good.png").read_bytes()[:900])
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "good.jpg").read_bytes()[:900])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "bomb.png").write_bytes(_png_header(20_000, 8_000))
    (tmp_path / "large bomb.png").write_bytes(_png_header(90_000, 90_000))
    expected = {
        "moving.webp": "moving",
        "gif.png": "moving",
        "cut.png": "damaged",
        "cut.jpg": "damaged",
        "empty.jpg": "empty",
        "text.png": "not a JPEG",
        "bomb.png": "million pixels",
        "large bomb.png": "million pixels",
        "absent.png": "no such",
    }
    for name, what in expected.items():
        with pytest.raises(InputError, match=what) as told:
            open_photo(tmp_path / name)
        assert "\n" not in str(told.value)


PIXELS = Image.effect_noise((24, 32), 60).convert("RGB")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
@pytest.mark.parametrize("name", ["a.png", "a", "a.jfif", "a.dat"])
def test_pictures_are_recognised_by_their_content(tmp_path: Path, kind: str, name: str) -> None:
    PIXELS.save(tmp_path / name, kind)
    assert [p.name for p in list_photos(tmp_path)] == [name]
    opened = open_photo(tmp_path / name)
    assert (opened.mode, opened.size) == ("RGB", PIXELS.size)
    if kind in ("PNG", "BMP", "TIFF"):
        assert opened.tobytes() == PIXELS.tobytes()


@pytest.mark.parametrize("suffix", [".dng", ".NEF"])
def test_raw_files_are_no_thumbnails(tmp_path: Path, suffix: str) -> None:
    PIXELS.save(tmp_path / f"a{suffix}", "TIFF")
    assert len(list_photos(tmp_path)) == 1
    with pytest.raises(InputError, match="raw file"):
        open_photo(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("content", [b"\xff\x0a" + bytes(40), b"\0\0\0\x18ftypheic" + bytes(40)])
def test_kinds_that_need_a_plugin_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert len(list_photos(tmp_path)) == 1
    with pytest.raises(InputError, match=r"needs a plugin|damaged"):
        open_photo(tmp_path / "a")
