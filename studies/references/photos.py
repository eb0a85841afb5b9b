"""Reference photos for scoring: a plain folder of photos, or the photos behind a training set, cropped to their wearers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.boxes import PixelBox, ShareBox
from models.errors import InputError
from models.io.images import list_photos, open_photo
from trainers.prepare.manifest import NAME, read_manifest

if TYPE_CHECKING:
    from PIL.Image import Image


def reference_files(folder: Path) -> list[Path]:
    """The files whose pictures are the references, whether they open or not. Raises InputError if there are none."""
    if not (folder / NAME).is_file():
        return list_photos(folder)
    manifest = read_manifest(folder)
    photos = [Path(manifest.folder) / record.file for record in manifest.photos]
    return [photo for photo in photos if photo.is_file()] or [folder / record.reg.file for record in manifest.photos]


def named_photos(folder: Path) -> list[tuple[Path, Image]]:
    """Files and RGB pictures; from a training set the wearer's part of each original photo. Photos that do not open are left out.

    Raises InputError if none is left.
    """
    if (folder / NAME).is_file():
        manifest = read_manifest(folder)
        photos = [(Path(manifest.folder) / r.file, r.wearer) for r in manifest.photos]
        found = [(p, open_photo(p).crop(box)) for p, box in photos if p.is_file()]
        if found:
            return found
        return [(p, open_photo(p)) for p in (folder / r.reg.file for r in manifest.photos)]
    found = []
    for path in list_photos(folder):
        try:
            found.append((path, open_photo(path)))
        except InputError:
            continue
    if not found:
        raise InputError("no reference photo opens", folder, "give JPEG or PNG photos")
    return found


def boxes_in(folder: Path) -> list[ShareBox] | None:
    """Where the thing is in each of `named_photos`, in shares of width and height; None for a plain folder."""
    if not (folder / NAME).is_file():
        return None
    manifest = read_manifest(folder)
    originals = [r for r in manifest.photos if (Path(manifest.folder) / r.file).is_file()]
    if originals:
        return [_within(r.thing, r.wearer) for r in originals]
    return [_within(r.thing, r.reg.window) for r in manifest.photos]


def _within(thing: PixelBox, frame: tuple[float, float, float, float]) -> ShareBox:
    (left, top, right, bottom), (x, y, end, low) = thing, frame
    width, height = end - x, low - y
    found = (left - x) / width, (top - y) / height, (right - x) / width, (bottom - y) / height
    return ShareBox(*(min(1.0, max(0.0, share)) for share in found))
