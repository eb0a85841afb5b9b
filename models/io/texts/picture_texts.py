"""The texts that a picture's file carries beside its pixels: PNG text chunks, EXIF, XMP, comments; and plain text files.

A door for files from outside: sizes are bounded, nothing is decoded to pixels. PNG chunks are read here, because Pillow reads
those behind the pixels only with the pixels, and takes UTF-8 in `tEXt` for Latin-1.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from models.errors import InputError
from models.io.images import DAMAGES
from models.io.picture_kinds import HEAD, picture_kind
from models.io.texts.encodings import decoded, decoded_comment, mended
from models.language.translate import phrase

if TYPE_CHECKING:
    from PIL import Image

LARGEST: Final = 64 * 2**20
"""Bytes of all texts of a file, unpacked."""
PNG: Final = b"\x89PNG\r\n\x1a\n"
XMP: Final = "XML:com.adobe.xmp"
"""The keyword of a PNG's XMP packet; that of other kinds is given it too."""
COMMENT: Final = "UserComment"
EXIF_IFD: Final = 0x8769
EXIF: Final = {
    0x9286: COMMENT,
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    0x9C9C: "XPComment",
}
"""Tags of EXIF that tools write settings into, with their names."""


def picture_texts(path: Path) -> dict[str, str]:
    """Every text of the picture by its keyword: a PNG's own, EXIF's names (`EXIF`), `comment`, `XMP`. For a text file: `text`.

    Raises InputError for a file that is missing, damaged or of no known kind, and for two texts of one keyword that differ.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
            stream.seek(0)
            if head.startswith(PNG):
                return _collected(_png_texts(stream, path), path)
        if picture_kind(head) is not None:
            return _collected(_opened_texts(path), path)
        return _text_file(path)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError("no such file", path, "name the picture, or the file with its settings, by its place") from error
    except IsADirectoryError as error:
        raise InputError("a folder, not a picture", path, "name one picture, or one file with its settings") from error
    except (*DAMAGES, zlib.error, UserWarning) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError("the picture does not open", path, "name a PNG, JPEG or WebP as its tool saved it, or its settings as text")


def _collected(texts: Iterator[tuple[str, str]], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for keyword, text in texts:
        text = text.strip("\0")
        if not text.strip() or found.get(keyword) == text:
            continue
        if keyword in found:
            raise InputError(
                phrase("two texts '{keyword}' that differ", keyword=keyword), path, "name the picture as its tool saved it"
            )
        found[keyword] = text
    return found


def _text_file(path: Path) -> dict[str, str]:
    size = path.stat().st_size
    if size > LARGEST:
        raise _damaged(path)
    text = decoded(path.read_bytes()).rstrip("\0")
    if any(letter < " " and letter not in "\t\n\r\f\v" for letter in text):
        raise _damaged(path)
    return {"text": text} if text.strip() else {}


def _png_texts(stream: BinaryIO, path: Path) -> Iterator[tuple[str, str]]:
    left = LARGEST
    for kind, data in _chunks(stream, path):
        if kind == b"tEXt":
            keyword, _, body = data.partition(b"\0")
            text = decoded(body)
        elif kind == b"zTXt":
            keyword, _, body = data.partition(b"\0")
            text = decoded(_unpacked(body[1:], left))
        elif kind == b"iTXt":
            keyword, body = _international(data, left)
            text = mended(body.decode("utf-8"))
        else:
            yield from _exif_texts(data)
            continue
        left -= len(text)
        yield keyword.decode("latin-1"), text


def _chunks(stream: BinaryIO, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG that hold text, wherever they stand, as (kind, data)."""
    stream.seek(len(PNG))
    kind, found = b"", False
    while kind != b"IEND" and len(head := stream.read(8)) == 8:
        first = not kind
        length, kind = struct.unpack(">I4s", head)
        if first and kind != b"IHDR":
            raise _damaged(path)
        if kind not in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            stream.seek(length + 4, 1)
            continue
        if length > LARGEST:
            raise _damaged(path)
        data, crc = stream.read(length), stream.read(4)
        if len(crc) < 4 or zlib.crc32(data, zlib.crc32(kind)) != int.from_bytes(crc, "big"):
            raise InputError("a text in the picture is damaged", path, "fetch the picture again")
        found = True
        yield kind, data
    if kind != b"IEND" and not found:
        raise _damaged(path)


def _unpacked(data: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, most)
    if unpacker.unconsumed_tail:
        raise ValueError("more text than is read")
    return text


def _international(data: bytes, most: int) -> tuple[bytes, bytes]:
    keyword, _, rest = data.partition(b"\0")
    packed, rest = rest[:1] == b"\1", rest[2:]
    body = rest.split(b"\0", 2)[2]
    return keyword, _unpacked(body, most) if packed else body


def _opened_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Those of a picture that Pillow opens: EXIF, XMP and the comment of JPEG and GIF."""
    from PIL import Image

    with _strict(), Image.open(path) as image:
        texts = {name: image.info[key] for key, name in (("comment", "comment"), ("xmp", XMP), (XMP, XMP)) if key in image.info}
        tags = _tags(image.getexif())
    yield from ((name, decoded(_as_bytes(text))) for name, text in texts.items())
    yield from tags


def _exif_texts(data: bytes) -> Iterator[tuple[str, str]]:
    from PIL import Image

    with _strict():
        exif = Image.Exif()
        exif.load(data)
        tags = _tags(exif)
    yield from tags


@contextmanager
def _strict() -> Iterator[None]:
    """Pillow passes over damaged tags with a warning; a text that was lost must not look like one that was never there."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            yield
        except Image.DecompressionBombError as error:
            raise ValueError("too many pixels") from error


def _tags(exif: Image.Exif) -> list[tuple[str, str]]:
    return list(_tag_texts([*exif.items(), *exif.get_ifd(EXIF_IFD).items()]))


def _tag_texts(tags: list[tuple[int, object]]) -> Iterator[tuple[str, str]]:
    for tag, value in tags:
        if tag in EXIF and isinstance(value, str | bytes):
            data = _as_bytes(value)
            if EXIF[tag] == "XPComment":
                yield EXIF[tag], data.decode("utf-16-le", "replace")
            else:
                yield EXIF[tag], decoded_comment(data) if EXIF[tag] == COMMENT else decoded(data)


def _as_bytes(value: object) -> bytes:
    """Pillow decodes some texts as Latin-1, which loses nothing."""
    if isinstance(value, bytes):
        return value
    text = str(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
