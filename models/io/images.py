"""Pictures: every one that comes from a file is opened here, guarded."""

from __future__ import annotations

import importlib
import struct
import warnings
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from models.errors import InputError
from models.io.colour import in_srgb
from models.io.picture_kinds import HEAD, NAMED, PLUGINS, RAW_SUFFIXES, READ, is_picture, picture_kind
from models.language.translate import phrase

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS: Final = 120_000_000
PLUGINS_OF: Final = {"pillow_jxl": None, "pillow_heif": "register_heif_opener"}
"""Modules that add kinds to Pillow if they are installed, and what of them registers the kind; None if the import does."""
DAMAGES: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, RuntimeError, TypeError, LookupError, ArithmeticError),
    MemoryError,
)
"""What Pillow's plugins raise for damaged files."""


class _Words(NamedTuple):
    """What is said of a picture of one origin, and how to mend it."""

    gone: str
    find: str
    again: str
    frame: str


_PHOTO: Final = _Words("no such photo", "check the path", "copy the photo again", "save one frame of it as a photo")
_PICTURE: Final = _Words("no such picture", "check the path", "save the picture again", "save one frame of it")
_DRAWN: Final = _Words(
    "a picture is gone from the workspace",
    "draw it again with `huanhua run STUDY`, or with mend or enlarge",
    "delete it, and draw it again with `huanhua run STUDY`, or with mend or enlarge",
    "delete it, and draw it again with `huanhua run STUDY`, or with mend or enlarge",
)


def list_photos(folder: Path) -> list[Path]:
    """The pictures of `folder` itself, by content or extension, in the order of their names; hidden files are not photos.

    Raises InputError if the folder is missing or contains none.
    """
    if not folder.is_dir():
        raise InputError("no such photo folder", folder, "check the path")
    found = [p for p in folder.iterdir() if not p.name.startswith(".") and p.is_file() and is_picture(p)]
    if not found:
        raise InputError("no photos in the folder", folder, phrase("put {named} files in it", named=NAMED))
    return sorted(found, key=lambda p: p.name)


def photo_size(path: Path) -> tuple[int, int] | None:
    """Width and height of the upright picture, mostly by its header alone; None where it does not open."""
    from PIL import ExifTags, Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=_formats()) as opened:
                width, height = opened.size
                turned = opened.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    except (Image.DecompressionBombError, *DAMAGES):
        return None
    return (height, width) if turned else (width, height)


def open_photo(path: Path) -> Image.Image:
    """The photo in sRGB, 8 bits a channel, turned upright by its EXIF orientation, its transparent parts white.

    Raises InputError for kinds that are not read, raw files of cameras, what is damaged or cut short, moves or has several pages,
    and more than `MAX_PIXELS` pixels.
    """
    return _opened(path, "white", _PHOTO)


def open_map(path: Path, size: tuple[int, int]) -> Image.Image:
    """As `open_photo`, a picture that says something of each pixel of a picture of `size` (width, height), such as a mask or a
    hint: its transparent parts black. Raises InputError for another size too."""
    found = _opened(path, "black", _PICTURE)
    if found.size != size:
        (width, height), (wide, tall) = found.size, size
        text = "the picture is {width}x{height}, and those drawn are {wide}x{tall}"
        what = phrase(text, width=width, height=height, wide=wide, tall=tall)
        raise InputError(what, path, phrase("save it at {wide}x{tall}", wide=wide, tall=tall))
    return found


def open_drawn(path: Path) -> Image.Image:
    """As `open_photo`, a picture that huanhua drew and stored."""
    return _opened(path, "white", _DRAWN)


def read_drawn(path: Path) -> bytes:
    """The file of a picture as `open_drawn` opens it."""
    open_drawn(path)
    return path.read_bytes()


def damaged_drawn(path: Path) -> InputError:
    """What is said of a picture that huanhua stored, and that does not open."""
    return _damaged(path, _DRAWN)


def _opened(path: Path, transparent: str, words: _Words) -> Image.Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not path.is_file():
        raise InputError(words.gone, path, words.find)
    if path.stat().st_size == 0:
        raise InputError("an empty file", path, words.again)
    if path.suffix.lower() in RAW_SUFFIXES:
        raise InputError("a camera's raw file", path, "develop it, and save it as JPEG or PNG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=_formats()) as opened:
                _refuse(opened, path, words)
                opened.load()
                return _in_rgb(in_srgb(ImageOps.exif_transpose(opened)), transparent)
    except UnidentifiedImageError as error:
        raise _unread(path, words) from error
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except DAMAGES as error:
        raise _damaged(path, words) from error


@cache
def _formats() -> list[str]:
    from PIL import Image

    Image.init()
    for plugin, register in PLUGINS_OF.items():
        with suppress(ImportError):
            module = importlib.import_module(plugin)
            if register is not None:
                getattr(module, register)()
    return [kind for kind in (*READ, *PLUGINS) if kind in Image.OPEN]


def _damaged(path: Path, words: _Words) -> InputError:
    return InputError("a damaged or cut short picture", path, words.again)


def _unread(path: Path, words: _Words) -> InputError:
    with path.open("rb") as stream:
        kind = picture_kind(stream.read(HEAD))
    if kind in _formats():
        return _damaged(path, words)
    what = (
        phrase("a {kind} picture, which needs a plugin", kind=kind)
        if kind in PLUGINS
        else phrase("not a {named} picture", named=NAMED)
    )
    return InputError(what, path, "save it as JPEG or PNG")


def _refuse(opened: Image.Image, path: Path, words: _Words) -> None:
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_large(path)
    # A phone's JPEG may carry a depth map or a preview as a second frame: that does not make it move.
    if opened.format not in ("JPEG", "MPO", "HEIF") and getattr(opened, "is_animated", False):
        what = "a picture of several pages" if opened.format == "TIFF" else "a moving picture"
        raise InputError(what, path, words.frame)
    if opened.mode == "F":
        raise InputError("a picture of floating-point values", path, "save it with 8 or 16 bits a channel")


def _too_large(path: Path) -> InputError:
    return InputError(phrase("more than {count} million pixels", count=MAX_PIXELS // 1000000), path, "make the picture smaller")


def _in_rgb(image: Image.Image, transparent: str) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, transparent)
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")
