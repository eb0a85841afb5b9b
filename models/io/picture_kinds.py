"""Which kind of picture a file is, by its first bytes: names may lie, and some have no extension."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HEAD: Final = 32
"""Bytes that tell a kind."""
READ: Final = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
"""Pillow's names of the kinds that are read."""
PLUGINS: Final = ("JXL", "HEIF")
"""Pillow's names of the kinds that are read where a plugin is installed."""
NAMED: Final = "JPEG, PNG, WebP, BMP, GIF, TIFF or AVIF"
SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"),
    *(".jxl", ".heic", ".heif"),
)
RAW_SUFFIXES: Final = (".dng", ".nef", ".arw", ".cr2", ".cr3", ".orf", ".rw2", ".raf", ".pef", ".srw")
"""Cameras' raw files have TIFF's first bytes, and what a TIFF reader finds in them is a thumbnail."""
BRANDS: Final = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"), "HEIF"),
}
BMP_HEADERS: Final = (12, 40, 52, 56, 64, 108, 124)
"""Sizes in bytes of the header that follows a BMP file's own; text that begins with "BM" has none of them."""


def picture_kind(head: bytes) -> str | None:
    """Pillow's name of the kind whose file begins with `head` (`HEAD` bytes); None if it is no picture."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return "BMP"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "JXL"
    return _brand(head) if head[4:8] == b"ftyp" else None


def _brand(head: bytes) -> str | None:
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, len(head), 4))]
    # A HEIF container of any brand may hold AV1: the more precise brand decides.
    kinds = [BRANDS[brand] for brand in brands if brand in BRANDS]
    return "AVIF" if "AVIF" in kinds else next(iter(kinds), None)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its content, or claims to be one by its extension."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES or suffix in RAW_SUFFIXES:
        return True
    # A pipe would be waited for.
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return picture_kind(stream.read(HEAD)) is not None
    except OSError:
        return False
