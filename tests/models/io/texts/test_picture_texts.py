"""Texts of picture files come out whole, in whatever place and encoding a tool wrote them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.errors import InputError
from models.io.texts.encodings import decoded, decoded_comment, mended
from models.io.texts.picture_texts import picture_texts

TEXT = "a girl, 裙子, café\nSteps: 25"


def saved(path: Path, kind: str, **options: object) -> Path:
    Image.new("RGB", (8, 8)).save(path, format=kind, **options)
    return path


def exif_of(tag: int, value: object, *, inner: bool = False) -> Image.Exif:
    exif = Image.new("RGB", (1, 1)).getexif()
    if inner:
        exif.get_ifd(0x8769)[tag] = value
    else:
        exif[tag] = value
    return exif


def test_a_gif_s_comment(tmp_path: Path) -> None:
    assert picture_texts(saved(tmp_path / "a", "GIF", comment=TEXT.encode())) == {"comment": TEXT}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_exif_of_every_kind(tmp_path: Path, kind: str) -> None:
    comment = exif_of(0x9286, b"UNICODE\0" + TEXT.encode("utf-16-be"), inner=True)
    assert picture_texts(saved(tmp_path / "a", kind, exif=comment.tobytes()))["UserComment"] == TEXT


@pytest.mark.parametrize(
    ("tag", "value", "keyword"),
    [
        (0x9286, TEXT.encode(), "UserComment"),
        (0x010E, TEXT.encode(), "ImageDescription"),
        (0x9C9C, TEXT.encode("utf-16-le") + b"\0\0", "XPComment"),
    ],
)
def test_other_tags_that_tools_write_into(tmp_path: Path, tag: int, value: object, keyword: str) -> None:
    assert picture_texts(saved(tmp_path / "a", "JPEG", exif=exif_of(tag, value)))[keyword] == TEXT


def test_a_text_that_stands_twice_is_one(tmp_path: Path) -> None:
    data = saved(tmp_path / "a", "PNG").read_bytes()
    body = b"parameters\0" + TEXT.encode()
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    (tmp_path / "b").write_bytes(data[:33] + chunk + chunk + data[33:])
    assert picture_texts(tmp_path / "b") == {"parameters": TEXT}


def test_exif_that_points_beyond_its_end_is_refused(tmp_path: Path) -> None:
    comment = exif_of(0x9286, b"UNICODE\0" + (TEXT * 20).encode("utf-16-be"), inner=True)
    data = bytearray(saved(tmp_path / "a", "JPEG", exif=comment).read_bytes())
    order: Literal["little", "big"] = "little" if b"II*\0" in data else "big"
    at = data.index((0x9286).to_bytes(2, order)) + 4
    data[at : at + 4] = (10**6).to_bytes(4, order)
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match="does not open"):
        picture_texts(tmp_path / "a")


def test_a_picture_without_texts_has_none(tmp_path: Path) -> None:
    assert picture_texts(saved(tmp_path / "a", "PNG")) == {}


@pytest.mark.parametrize(("missing", "said"), [("absent.png", "no such file"), (".", "a folder, not a picture")])
def test_what_is_no_file_is_refused(tmp_path: Path, missing: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        picture_texts(tmp_path / missing)


letters = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@given(letters)
def test_every_encoding_is_told_apart(text: str) -> None:
    text = f"Steps: 25, {text}, Seed: 1"
    assert decoded(text.encode()) == mended(text)
    for encoding in ("utf-8-sig", "utf-16"):
        assert decoded(text.encode(encoding)) == text
    for body in (text.encode("utf-16-be"), text.encode("utf-16-le")):
        assert decoded_comment(b"UNICODE\0" + body) == text


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252"])
def test_mojibake_is_mended_where_its_bytes_prove_it(wrong: str) -> None:
    text = "裙子 and 服装" if wrong == "latin-1" else "漢字"
    assert mended(text.encode().decode(wrong)) == text


@pytest.mark.parametrize("text", ["café", "naïve façade", "Äpfel ÄÖÜ", "CAFÉ”", "“É”", "100 °C ± 5", "裙子 Ã"])
def test_text_that_is_right_stays(text: str) -> None:
    assert mended(text) == text
    assert decoded(text.encode()) == text
