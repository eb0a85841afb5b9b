"""Workflows from files: JSON for ComfyUI's API, and pictures that ComfyUI saved."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.images import DAMAGES
from models.io.picture_kinds import HEAD, picture_kind
from models.language.translate import phrase
from optimizer.render.remote.comfyui.reading.graph import SAVE_AS_API

LARGEST: Final = 16 * 2**20
"""Bytes of a workflow."""
LARGEST_PICTURE: Final = 256 * 2**20
"""Bytes of a picture that holds one."""
PICTURES: Final = ("PNG", "WEBP", "JPEG")
MAKE, MODEL = 0x010F, 0x0110
"""EXIF tags that ComfyUI uses for `prompt:{...}` and `workflow:{...}` in WebP."""


def read_workflow(path: Path) -> Any:
    """The JSON of a workflow file, or of the graph in a picture of ComfyUI's (PNG: text chunk `prompt`; WebP, JPEG: EXIF).

    Raises InputError for a file that is missing, too large, no JSON, or a picture without a graph for the API.
    """
    if not path.is_file():
        raise InputError("no such workflow", path, "check the path")
    with path.open("rb") as stream:
        kind = picture_kind(stream.read(HEAD))
    size = path.stat().st_size
    if size > (LARGEST if kind is None else LARGEST_PICTURE):
        raise InputError(phrase("a workflow of {size} MB", size=size // 2**20), path, SAVE_AS_API)
    if kind is not None:
        return _parsed(_text_in(path, kind), path)
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"), path)
    except UnicodeDecodeError as error:
        raise InputError("not a workflow of ComfyUI: no text", path, SAVE_AS_API) from error


def _parsed(text: str, path: Path) -> Any:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("not a workflow of ComfyUI: no JSON", path, SAVE_AS_API) from error
    if isinstance(raw, dict):
        for entry in raw.values():
            # What a run of ComfyUI adds to the graph; it may be NaN, which JSON lacks.
            if isinstance(entry, dict):
                entry.pop("is_changed", None)
    if not _finite(raw):
        raise InputError("a value of the workflow is no finite number", path, "mend it, and save it again")
    return raw


def _finite(raw: Any) -> bool:
    waiting = [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float) and not math.isfinite(value):
            return False
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return True


def read_page_workflow(path: Path) -> Any:
    """The same workflow as ComfyUI's page keeps it, if the file is a picture that holds it too; else None."""
    with path.open("rb") as stream:
        kind = picture_kind(stream.read(HEAD))
    text = None if kind is None else _chunks(path, kind).get("workflow")
    return None if text is None else _parsed(text, path)


def _text_in(path: Path, kind: str) -> str:
    chunks = _chunks(path, kind)
    if chunks.get("prompt"):
        return chunks["prompt"]
    if "workflow" in chunks:
        raise InputError("the picture holds the workflow for ComfyUI's page, not for its API", path, SAVE_AS_API)
    raise InputError(
        "the picture holds no workflow", path, phrase("take one that ComfyUI saved, or {save_as_api}", save_as_api=SAVE_AS_API)
    )


def _chunks(path: Path, kind: str) -> dict[str, str]:
    from PIL import Image

    if kind not in PICTURES:
        raise InputError(phrase("a {kind} picture holds no workflow", kind=kind), path, SAVE_AS_API)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURES) as opened:
                chunks = {str(name): text for name, text in opened.info.items() if isinstance(text, str)}
                chunks |= _of_exif(opened.getexif().values())
    except DAMAGES as error:
        raise InputError("a damaged picture", path, "copy it again") from error
    return chunks


def _of_exif(values: Any) -> dict[str, str]:
    """`prompt:{...}` and `workflow:{...}`, whichever tags they stand in."""
    found = {}
    for value in values:
        if isinstance(value, str):
            name, colon, text = value.rstrip("\0").partition(":")
            if colon and name.lower() in ("prompt", "workflow"):
                found[name.lower()] = text
    return found
