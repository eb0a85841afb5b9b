"""A training set on disk, in kohya's layout: `train/10_testdress/*.png` with their captions, `reg/5_testdress/*.png`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.base.family import Frame
from models.boxes import PixelBox
from models.errors import InputError
from models.io.images import list_photos, open_photo
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.caption_files import FoundCaptions, find_captions
from trainers.prepare.cutting.crops import Size, box_in_crop
from trainers.prepare.manifest import NAME, SHEET, read_manifest
from trainers.prepare.names import is_mask
from trainers.step_plan import ENOUGH
from trainers.train.data.fitting import are_photos, check_size, fitted_box, fitted_size
from trainers.train.data.layout import RepeatedFolder, folders_in, repeated_folders, train_folder


@dataclass(frozen=True)
class Picture:
    """One image of the set."""

    path: Path
    """Its file."""
    caption: str
    """What somebody wrote for it, or else the folder's token."""
    repeats: int
    """How often it comes in an epoch."""
    size: Size
    """Width and height in pixels."""
    is_reg: bool
    """Whether it is a regularisation image."""
    thing: PixelBox | None
    """Where the trained thing is in it; None without a manifest."""
    token: str = ""
    """What its folder is named after."""
    original: Size | None = None
    """Size of its file where that is another; the middle of it is trained."""

    @property
    def frame(self) -> Frame:
        """What a base may be told of it."""
        return Frame(self.size, self.original or self.size)


@dataclass(frozen=True)
class Dataset:
    """A training set as it was read."""

    folder: Path
    """Its folder."""
    pictures: tuple[Picture, ...]
    """Training images, then regularisation images."""
    hash: str
    """SHA-256 in hex over names, images, captions and boxes: all that is read, and nothing else."""
    captions: FoundCaptions
    """The captions that somebody wrote."""
    masks: tuple[Path, ...]
    """Masks of pictures, which are not read."""
    unused: tuple[Path, ...]
    """Other files in the folder that are not read, by name."""

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


def read_dataset(folder: Path, factor: int, resolution: Size | None = None, *, renamed: bool = False) -> Dataset:
    """Reads a set in one of the layouts of trainers.train.data.layout; an image without a caption has its folder's token.

    The manifest of a set that `prepare` made locates the thing in each image. Images are cut to multiples of `factor` pixels (a
    latent cell, or more where the base's levels need it). Where nobody cut a set (trainers.train.data.fitting), they are scaled
    down to the area of `resolution` first. With `renamed` the manifest's images are also found in folders whose repeats a
    person changed.

    Raises InputError for a missing or empty set, folders whose names do not begin with their repeats, images that are damaged or
    smaller than that, and two captions of one image that differ.
    """
    train = train_folder(folder)
    listed, masks = _listed(train, repeated_folders(folder))
    reg: dict[RepeatedFolder, list[Path]] = {}
    # kohya's GUI makes an empty one.
    if (folder / "reg").is_dir() and (found := folders_in(folder / "reg")):
        reg, reg_masks = _listed(folder / "reg", found)
        masks += reg_masks
    trained, regularising = _flat(listed), _flat(reg)
    boxes = _boxes(folder, [*trained, *regularising], renamed=renamed)
    captions = find_captions([*trained, *regularising], _list_folders(folder, [*listed, *reg]))
    pictures = _pictures(listed, boxes, captions, is_reg=False) + _pictures(reg, boxes, captions, is_reg=True)
    pictures = _fitted(pictures, factor, resolution)
    digest = _files_hash(train, trained) + (_files_hash(folder / "reg", regularising) if reg else "")
    digest += hashlib.sha256(_boxes_text(pictures).encode()).hexdigest() + _captions_hash(pictures) + _sizes_hash(pictures)
    return Dataset(folder, tuple(pictures), digest, captions, tuple(masks), _unused(folder, pictures, captions, masks))


def _listed(parent: Path, folders: Sequence[RepeatedFolder]) -> tuple[dict[RepeatedFolder, list[Path]], list[Path]]:
    """The pictures of each folder, and masks. Raises InputError if there are none."""
    paths = {folder: list_photos(folder.path) for folder in folders}
    if not paths:
        raise InputError("no folder like 10_testdress with pictures", parent, "make the set with huanhua prepare")
    masks = {path for listed in paths.values() for path in listed if is_mask(path, listed)}
    return {folder: [p for p in listed if p not in masks] for folder, listed in paths.items()}, sorted(masks)


def _flat(listed: Mapping[RepeatedFolder, Sequence[Path]]) -> list[Path]:
    return [path for paths in listed.values() for path in paths]


def _list_folders(folder: Path, folders: Sequence[RepeatedFolder]) -> list[Path]:
    """Where lists of captions may lie: with the pictures, and above them up to the set."""
    inside = [p for f in folders for p in (f.path, f.path.parent) if p.is_relative_to(folder)]
    return [*(inside or [f.path for f in folders]), folder]


def _files_hash(parent: Path, pictures: Iterable[Path]) -> str:
    """Over pictures and their plain caption files, as models.io.hashing hashes a folder that holds nothing else."""
    digest = hashlib.sha256()
    texts = {p.with_suffix(".txt") for p in pictures}
    for file in sorted({*pictures, *(text for text in texts if text.is_file())}):
        digest.update(os.fsencode(file.relative_to(parent).as_posix()) + b"\0")
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _captions_hash(pictures: Sequence[Picture]) -> str:
    """Over the captions that are more or less than the whole of a plain caption file; empty if there are none."""
    others = [(p.path.name, p.caption) for p in pictures if p.caption != _plain_caption(p)]
    return hashlib.sha256(ascii(others).encode()).hexdigest() if others else ""


def _sizes_hash(pictures: Sequence[Picture]) -> str:
    """Over the sizes of images that are not trained as their files are; empty if there are none."""
    others = [(p.path.name, p.original, p.size) for p in pictures if p.original is not None]
    return hashlib.sha256(ascii(others).encode()).hexdigest() if others else ""


def _plain_caption(picture: Picture) -> str:
    text = picture.path.with_suffix(".txt")
    return text.read_text(encoding="utf-8-sig").strip() if text.is_file() else picture.token


def _unused(folder: Path, pictures: Sequence[Picture], found: FoundCaptions, masks: Sequence[Path]) -> tuple[Path, ...]:
    used = {*(p.path for p in pictures), *found.files, *masks, *(folder / name for name in (NAME, BOXES, SHEET))}
    used |= {path.resolve() for path in used}
    files = (path for path in folder.rglob("*") if not path.is_dir() and path not in used)
    # Unlike Path.resolve it takes links to themselves.
    return tuple(sorted(path for path in files if Path(os.path.realpath(path)) not in used))


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


def _boxes(folder: Path, paths: Sequence[Path], *, renamed: bool) -> dict[Path, PixelBox]:
    if not (folder / NAME).is_file():
        return {}
    photos = read_manifest(folder).photos
    found = {Path(cut.file): box_in_crop(photo.thing, cut.window, cut.size) for photo in photos for cut in photo.cuts.values()}
    by_place = {(file.parts[0], file.name): box for file, box in found.items()}
    boxes = {folder / file: box for file, box in found.items()}
    if renamed:
        # Not always: a set that was trained without its boxes keeps its hash.
        inside = [path for path in paths if path.is_relative_to(folder)]
        places = {path: (path.relative_to(folder).parts[0], path.name) for path in inside}
        boxes |= {path: by_place[place] for path, place in places.items() if place in by_place}
    return boxes


def _pictures(
    listed: Mapping[RepeatedFolder, Sequence[Path]], boxes: dict[Path, PixelBox], captions: FoundCaptions, *, is_reg: bool
) -> list[Picture]:
    """At the sizes of their files."""
    found = []
    for folder, paths in listed.items():
        for path in paths:
            written = captions.by_picture.get(path)
            caption = written.text if written is not None and written.text else folder.token
            found.append(Picture(path, caption, folder.repeats, open_photo(path).size, is_reg, boxes.get(path), folder.token))
    return found


def _fitted(pictures: Sequence[Picture], factor: int, resolution: Size | None) -> list[Picture]:
    """At the sizes that are trained; what `prepare` cut is as it is."""
    uncut = [picture.size for picture in pictures if picture.thing is None]
    if resolution is not None and not are_photos(uncut, resolution, factor):
        resolution = None
    return [_at(p, fitted_size(p.size, resolution if p.thing is None else None, factor), factor) for p in pictures]


def _at(picture: Picture, size: Size, factor: int) -> Picture:
    check_size(size, picture.size, factor, picture.path)
    if size == picture.size:
        return picture
    thing = None if picture.thing is None else fitted_box(picture.thing, picture.size, size)
    return replace(picture, size=size, original=picture.size, thing=thing)
