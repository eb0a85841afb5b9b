"""A training set on disk, in kohya's layout: `train/10_testdress/*.png` with their captions, `reg/5_testdress/*.png`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.boxes import PixelBox
from models.errors import InputError
from models.io.hashing import hash_path
from models.io.images import list_photos, open_photo
from trainers.prepare.crops import Size, box_in_crop
from trainers.prepare.manifest import NAME, read_manifest
from trainers.step_plan import ENOUGH

TRAIN_FOLDERS: Final = ("train", "img")


@dataclass(frozen=True)
class Picture:
    """One image of the set."""

    path: Path
    """Its file."""
    caption: str
    """The text file's content, or else the folder's token."""
    repeats: int
    """How often it comes in an epoch."""
    size: Size
    """Width and height in pixels."""
    is_reg: bool
    """Whether it is a regularisation image."""
    thing: PixelBox | None
    """Where the trained thing is in it; None without a manifest."""


@dataclass(frozen=True)
class Dataset:
    """A training set as it was read."""

    folder: Path
    """Its folder."""
    pictures: tuple[Picture, ...]
    """Training images, then regularisation images."""
    hash: str
    """SHA-256 in hex over names, images, captions and boxes."""

    @property
    def train_samples(self) -> int:
        """Training images an epoch, repeats counted."""
        return sum(p.repeats for p in self.pictures if not p.is_reg)

    @property
    def reg_samples(self) -> int:
        """Regularisation images an epoch, repeats counted."""
        return sum(p.repeats for p in self.pictures if p.is_reg)

    @property
    def advice(self) -> tuple[str, ...]:
        """What would improve the set, one line each."""
        train, reg = (sum(p.is_reg == wanted for p in self.pictures) for wanted in (False, True))
        found = []
        if train < ENOUGH:
            found.append(f"{train} pictures to train on; {ENOUGH} or more, from several angles, train better")
        if reg < train:
            found.append(f"{reg} reg pictures for {train} of train: one to one teaches best where on a wearer the thing belongs")
        return tuple(found)


def read_dataset(folder: Path, factor: int) -> Dataset:
    """Reads `folder/train` (or `img`) and, if there, `folder/reg`; an image without a caption has its folder's token.

    The manifest of a set that `prepare` made locates the thing in each image. Every side must be a multiple of `factor` pixels (a
    latent cell). Raises InputError for a missing or empty set, folders whose names do not begin with their
    repeats, damaged images and other sizes.
    """
    train = next((folder / name for name in TRAIN_FOLDERS if (folder / name).is_dir()), None)
    if train is None:
        raise InputError("not a training set (no train folder in it)", folder, "make it with huanhua prepare")
    boxes = _boxes(folder)
    pictures = _pictures(train, factor, boxes, is_reg=False)
    digest = hash_path(train)
    if (folder / "reg").is_dir():
        pictures += _pictures(folder / "reg", factor, boxes, is_reg=True)
        digest += hash_path(folder / "reg")
    digest += hashlib.sha256(_boxes_text(pictures).encode()).hexdigest()
    return Dataset(folder, tuple(pictures), digest)


def _boxes_text(pictures: Sequence[Picture]) -> str:
    """The boxes in the form that the hash depends on: in another one every finished LoRA would be trained again."""
    boxes = (picture.thing for picture in pictures)
    texts = (
        str(b) if b is None else f"Box(left={b.left!r}, top={b.top!r}, right={b.right!r}, bottom={b.bottom!r})" for b in boxes
    )
    return f"[{', '.join(texts)}]"


def first_caption(folder: Path) -> str:
    """The caption of the first training image. Raises InputError as `read_dataset` does."""
    return read_dataset(folder, 1).pictures[0].caption


def _boxes(folder: Path) -> dict[Path, PixelBox]:
    if not (folder / NAME).is_file():
        return {}
    photos = read_manifest(folder).photos
    return {
        folder / cut.file: box_in_crop(photo.thing, cut.window, cut.size) for photo in photos for cut in (photo.train, photo.reg)
    }


def _pictures(parent: Path, factor: int, boxes: dict[Path, PixelBox], *, is_reg: bool) -> list[Picture]:
    found = []
    for folder in sorted(p for p in parent.iterdir() if p.is_dir() and not p.name.startswith(".")):
        named = re.fullmatch(r"(\d{1,5})_(.+)", folder.name)
        if named is None or int(named[1]) < 1:
            raise InputError("a folder without repeats", folder, "name it like 10_testdress")
        for path in list_photos(folder):
            size = open_photo(path).size
            if size[0] % factor or size[1] % factor:
                raise InputError(
                    f"a picture of {size[0]}x{size[1]}, not multiples of {factor}", path, "cut it with huanhua prepare"
                )
            found.append(Picture(path, _caption(path, named[2]), int(named[1]), size, is_reg, boxes.get(path)))
    if not found:
        raise InputError("no folder like 10_testdress with pictures", parent, "make the set with huanhua prepare")
    return found


def _caption(path: Path, token: str) -> str:
    text = path.with_suffix(".txt")
    if not text.is_file():
        return token
    try:
        return text.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError("a caption that is not UTF-8", text, "save it as UTF-8") from error
