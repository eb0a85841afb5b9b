"""Text of unstated encoding: UTF-8, UTF-16 of either byte order, Latin-1, told apart by the bytes themselves."""

from __future__ import annotations

import codecs
from typing import Final

MARKS: Final = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CHARACTER_CODE: Final = 8
"""Bytes in front of an EXIF comment that name its encoding."""


def decoded(data: bytes) -> str:
    """UTF-8 if the bytes are that, by its mark or as a whole; UTF-16 by its mark or its zero bytes; else Latin-1."""
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data.rstrip(b"\0") and len(data) % 2 == 0 and _has_wide_letters(data):
        return _wide(data)
    try:
        return mended(data.decode("utf-8"))
    except UnicodeDecodeError:
        return data.decode("latin-1")


def decoded_comment(data: bytes) -> str:
    """An EXIF UserComment. Writers differ in what follows `UNICODE`: UTF-16 of either byte order, or UTF-8."""
    code, body = data[:CHARACTER_CODE], data[CHARACTER_CODE:]
    if code == b"UNICODE\0":
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return body.decode("utf-16", "replace")
        return decoded(body) if _is_narrow(body) else _wide(body)
    if code in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", bytes(CHARACTER_CODE)):
        return decoded(body)
    return decoded(data)


def mended(text: str) -> str:
    """UTF-8 that was once taken for Latin-1 or Windows' 1252 comes back; any other text stays. Chance hardly makes UTF-8."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    try:
        found = bytes(ord(letter) if ord(letter) < 256 else letter.encode("cp1252")[0] for letter in text).decode("utf-8")
    except UnicodeError:
        return text
    # Two bytes may be a letter and a closing quotation mark; three in a row are no chance.
    return found if max(found) >= "\u0800" else text


def _has_wide_letters(data: bytes) -> bool:
    """Whether zeros stand mostly at even or mostly at odd places, as in UTF-16 of Latin letters."""
    even, odd = data[0::2].count(0), data[1::2].count(0)
    return max(even, odd) > 4 * min(even, odd) and max(even, odd) * 4 > len(data) // 2


def _is_narrow(data: bytes) -> bool:
    """UTF-8 without zero bytes, most of it ASCII."""
    body = data.rstrip(b"\0")
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body and sum(byte < 0x80 for byte in body) * 2 > len(body)


def _wide(data: bytes) -> str:
    """UTF-16 in the byte order that gives more of ASCII: settings are written in it, whatever the prompt is."""
    data = data[: len(data) // 2 * 2]
    texts = [data.decode(encoding, "replace") for encoding in ("utf-16-be", "utf-16-le")]
    return max(texts, key=lambda text: sum("\t" <= letter < "\x7f" for letter in text))
