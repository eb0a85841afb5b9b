"""Pictures that servers send."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from models.errors import InputError
from optimizer.render.decode import NotDrawn
from optimizer.render.remote import picture as picture_module
from optimizer.render.remote.picture import picture_from


def _png(size: tuple[int, int] = (16, 24), colour: tuple[int, int, int] = (10, 200, 30), kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, format=kind, **({"lossless": True} if kind == "WEBP" else {}))
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_a_picture_is_decoded(kind: str) -> None:
    found = picture_from(_png(kind=kind), "here", (16, 24))
    assert isinstance(found, Image.Image)
    assert found.getpixel((3, 3)) == (10, 200, 30)


def test_a_black_picture_is_not_drawn() -> None:
    assert isinstance(picture_from(_png(colour=(0, 0, 0)), "here"), NotDrawn)


@pytest.mark.parametrize("data", [b"", b"hello", _png()[:60], _png((64, 64))[:100], b"GIF89a" + b"\0" * 40])
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(InputError, match="picture"):
        picture_from(data, "here")


def test_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="drew 16x24, asked for 16x32"):
        picture_from(_png(), "here", (16, 32))


def test_large_pictures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_module, "MAX_PIXELS", 100)
    with pytest.raises(InputError, match="too many pixels"):
        picture_from(_png(), "here")
    monkeypatch.setattr(picture_module, "LARGEST", 20)
    with pytest.raises(InputError, match="more than"):
        picture_from(_png(), "here")
