"""Hints and masks that do not open: said of as pictures, which they are, and not as photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from models.errors import InputError
from models.io.images import open_map

DAMAGED = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such picture: .*; check the path"),
        (b"", "an empty file: .*; save the picture again"),
        (DAMAGED, "a damaged or cut short picture: .*; save the picture again"),
        (b"no picture", "not a .* picture: .*; save it as JPEG or PNG"),
    ],
)
def test_a_picture_is_no_photo(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "pose.png").write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        open_map(tmp_path / "pose.png", (8, 8))
    assert "photo" not in str(refused.value).replace(str(tmp_path), "")


def test_one_that_moves(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), (grey,) * 3) for grey in (0, 255)]
    frames[0].save(tmp_path / "pose.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=r"a moving picture: .*; save one frame of it$"):
        open_map(tmp_path / "pose.gif", (8, 8))


def test_transparent_parts_say_nothing(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (255, 255, 255, 0)).save(tmp_path / "mask.png")
    assert open_map(tmp_path / "mask.png", (8, 8)).getextrema() == ((0, 0),) * 3
