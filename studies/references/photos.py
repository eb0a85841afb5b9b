"""Reference photos for scoring: a plain folder of photos, or the photos behind a training set, cropped to their wearers.

Where none of a set's photos is left, its own crops stand in: other pictures, and so other scores. What is compared is part of the
key under which references are stored (`content_of`), so that one is never taken for the other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from models.boxes import PixelBox, ShareBox
from models.errors import InputError
from models.io.hashing import hash_path
from models.io.images import list_photos, open_photo
from models.lora_kinds import LoraKind
from studies.references.originals import Originals, find_originals
from trainers.prepare.manifest import NAME, PhotoRecord, read_manifest

if TYPE_CHECKING:
    from PIL.Image import Image

HashOf: TypeAlias = Callable[[Path], str]
"""Gives the SHA-256 of a file in hex; one that remembers saves reading photos again."""


def is_training_set(folder: Path) -> bool:
    return (folder / NAME).is_file()


def originals_of(folder: Path, hash_of: HashOf = hash_path) -> Originals:
    """What is left of the photos behind the training set `folder`. Raises InputError if its manifest is damaged."""
    return find_originals(folder, read_manifest(folder), hash_of)


def reference_files(folder: Path, hash_of: HashOf = hash_path) -> list[Path]:
    """The files whose pictures are the references, whether they open or not. Raises InputError if there are none."""
    if not is_training_set(folder):
        return list_photos(folder)
    manifest = read_manifest(folder)
    photos = [path for path, _ in find_originals(folder, manifest, hash_of).found]
    return photos or [folder / record.widest.file for record in manifest.photos]


def named_photos(folder: Path, hash_of: HashOf = hash_path) -> list[tuple[Path, Image]]:
    """Files and RGB pictures; from a training set the wearer's part of each original photo. Photos that do not open are left out.

    Raises InputError if none is left.
    """
    if is_training_set(folder):
        manifest = read_manifest(folder)
        found = find_originals(folder, manifest, hash_of).found
        if found:
            return [(path, open_photo(path).crop(record.wearer)) for path, record in found]
        return [(path, open_photo(path)) for path in (folder / record.widest.file for record in manifest.photos)]
    photos = []
    for path in list_photos(folder):
        try:
            photos.append((path, open_photo(path)))
        except InputError:
            continue
    if not photos:
        raise InputError("no reference photo opens", folder, "give JPEG or PNG photos")
    return photos


def recorded_photos(folder: Path, hash_of: HashOf = hash_path) -> list[tuple[Path, Image]]:
    """One picture for each photo that a training set records: for people to see what references of all of them matched. A crop
    stands in for a photo that is gone."""
    manifest = read_manifest(folder)
    there = {record.file: path for path, record in find_originals(folder, manifest, hash_of).found}
    return [
        (there[r.file], open_photo(there[r.file]).crop(r.wearer))
        if r.file in there
        else (folder / r.widest.file, open_photo(folder / r.widest.file))
        for r in manifest.photos
    ]


def boxes_in(folder: Path, hash_of: HashOf = hash_path) -> list[ShareBox] | None:
    """Where the thing is in each of `named_photos`, in shares of width and height; None for a plain folder."""
    if not is_training_set(folder):
        return None
    manifest = read_manifest(folder)
    found = find_originals(folder, manifest, hash_of).found
    if found:
        return [_within(record.thing, record.wearer) for _, record in found]
    return [_within(record.thing, record.widest.window) for record in manifest.photos]


def content_of(folder: Path, hash_of: HashOf = hash_path) -> str:
    """A hash of all that decides `named_photos` and `boxes_in`. Other files in the folder, and where it lies, decide nothing."""
    if not is_training_set(folder):
        return _digest("photos", [[path.name, hash_of(path)] for path in list_photos(folder)])
    manifest = read_manifest(folder)
    found = find_originals(folder, manifest, hash_of).found
    if found:
        return _content_of_photos([record for _, record in found])
    crops = [(folder / record.widest.file, record) for record in manifest.photos]
    return _digest("crops", [[r.file, hash_of(p), [*r.thing], [*r.widest.window]] for p, r in crops if p.is_file()])


def recorded_content(folder: Path) -> str:
    """`content_of` a training set all of whose photos are there."""
    return _content_of_photos(read_manifest(folder).photos)


def _content_of_photos(records: Sequence[PhotoRecord]) -> str:
    return _digest("photos of a set", [[r.file, r.sha256, [*r.wearer], [*r.thing]] for r in records])


def _digest(kind: str, values: Any) -> str:
    return hashlib.sha256(json.dumps([kind, values]).encode()).hexdigest()


def _within(thing: PixelBox, frame: tuple[float, float, float, float]) -> ShareBox:
    (left, top, right, bottom), (x, y, end, low) = thing, frame
    width, height = end - x, low - y
    found = (left - x) / width, (top - y) / height, (right - x) / width, (bottom - y) / height
    return ShareBox(*(min(1.0, max(0.0, share)) for share in found))


def prepared_kind(folder: Path) -> LoraKind | None:
    """What `huanhua prepare` made the training set `folder` for; None for any other folder."""
    return read_manifest(folder).kind if (folder / NAME).is_file() else None
