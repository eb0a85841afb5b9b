"""Masks of pictures, as kohya's scripts and other trainers have them: grey is the weight of the loss, from black 0 to white 1."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.images import open_photo
from models.io.picture_kinds import is_picture
from models.language.translate import phrase
from trainers.prepare.names import list_names, without_mask_suffix
from trainers.train.data.dataset import Dataset, Picture
from trainers.train.data.fitting import fitted
from trainers.train.data.layout import MASK_FOLDERS
from trainers.train.settings.preset import Masks

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor


def masks_of(dataset: Dataset, masks: Masks) -> dict[Path, Path]:
    """The file that holds the mask of each picture which has one: a mask's own, the picture's with "alpha".

    A mask lies beside its picture (a_mask.png for a.png) or, named like the picture, in a folder mask, masks or conditioning.
    Raises InputError where there are none, for a mask of no picture or of several, and for two of one picture.
    """
    if masks == "unused":
        return {}
    if masks == "alpha":
        paths = [picture.path for picture in dataset.pictures]
        found = {path: path for path in paths if _transparent(path)}
        if not found:
            raise InputError("masks=alpha, and no picture has transparent parts", dataset.folder, "leave it out")
        return found
    found = {}
    for mask, fitting in _fitting(dataset):
        if len(fitting) != 1:
            what = (
                phrase("a mask of several pictures ({list_names})", list_names=list_names(fitting, dataset.folder))
                if fitting
                else "a mask of no picture"
            )
            raise InputError(what, mask, "put it beside its picture, a_mask.png for a.png")
        if fitting[0] in found:
            raise InputError(
                phrase("two masks of one picture, {name}", name=fitting[0].name),
                mask,
                phrase("keep it or {found}", found=found[fitting[0]]),
            )
        found[fitting[0]] = mask
    if not found:
        raise InputError("masks=loss, and the set has no masks", dataset.folder, "add them, a_mask.png for a.png")
    return found


def masks_hash(masks: Mapping[Path, Path]) -> str:
    """SHA-256 in hex over the names of pictures and the bytes of their masks; empty without masks."""
    digest = hashlib.sha256()
    for picture, mask in sorted(masks.items()):
        digest.update(os.fsencode("/".join(picture.parts[-2:])) + b"\0" + hashlib.sha256(mask.read_bytes()).digest())
    return digest.hexdigest() if masks else ""


def mask_share(picture: Picture, mask: Path | None, factor: int) -> Tensor:
    """The mean of the mask, in [0, 1], over each latent cell (1, h, w) of `factor` pixels; 1 without a mask.

    Of a picture that is trained at another size the same part is taken. Raises InputError for a mask that is damaged, has
    another ratio of sides than its picture or transparent parts, or leaves nothing to learn.
    """
    import numpy as np
    import torch

    width, height = (side // factor for side in picture.size)
    if mask is None:
        return torch.ones(1, height, width)
    grey = _alpha(mask) if mask == picture.path else _grey(mask, picture.original or picture.size)
    pixels = torch.from_numpy(np.asarray(fitted(grey, picture.size), dtype=np.float32) / 255)
    share = pixels.reshape(1, height, factor, width, factor).mean(dim=(2, 4))
    if not bool(share.any()):
        raise InputError("a mask that leaves nothing of its picture to learn", mask, "make white what is to be learnt")
    return share


def mask_folders(dataset: Dataset) -> list[Path]:
    """Folders that hold masks: in the set, and beside the folders of its pictures."""
    parents = {dataset.folder, *(picture.path.parent.parent for picture in dataset.pictures)}
    inside = [folder for parent in parents if parent.is_dir() for folder in parent.iterdir()]
    return sorted({f.resolve(): f for f in inside if f.is_dir() and f.name.lower() in MASK_FOLDERS}.values())


def _fitting(dataset: Dataset) -> Iterator[tuple[Path, list[Path]]]:
    """Each mask with the pictures that it may be of."""
    paths = [picture.path for picture in dataset.pictures]
    for mask in dataset.masks:
        yield mask, [p for p in paths if p.parent == mask.parent and p.stem == without_mask_suffix(mask.stem)]
    for folder in mask_folders(dataset):
        around = [p for p in paths if p.is_relative_to(folder.parent)]
        for mask in sorted(p for p in folder.rglob("*") if not p.name.startswith(".") and p.is_file() and is_picture(p)):
            stems = {mask.stem, without_mask_suffix(mask.stem)}
            named = [p for p in around if p.stem in stems]
            below = mask.relative_to(folder).parent
            yield mask, [p for p in named if p.parent == folder.parent / below] if below.parts else named


def _grey(mask: Path, size: tuple[int, int]) -> Image:
    """The red channel, as kohya's scripts read it, at the size of the picture's file."""
    from PIL import Image

    image = open_photo(mask)
    if _transparent(mask):
        raise InputError("a mask with transparent parts", mask, "paint black what is not to be learnt")
    (w, h), (width, height) = image.size, size
    if abs(w * height - h * width) > max(w, h, width, height):
        raise InputError(
            phrase("a mask of {w}x{h} for a picture of {width}x{height}", w=w, h=h, width=width, height=height),
            mask,
            "give it the ratio of the picture's sides",
        )
    red = image.getchannel("R")
    return red if red.size == size else red.resize(size, Image.Resampling.BOX)


def _alpha(path: Path) -> Image:
    from PIL import Image, ImageOps

    with Image.open(path) as opened:
        return ImageOps.exif_transpose(opened).convert("RGBA").getchannel("A")


def _transparent(path: Path) -> bool:
    from PIL import Image

    open_photo(path)
    with Image.open(path) as opened:
        return opened.has_transparency_data and _alpha(path).getextrema()[0] != 255


def pictures_with(masks: Mapping[Path, Path], pictures: Sequence[Picture]) -> str:
    """How many pictures have a mask, and what it does, as one line."""
    with_mask = sum(picture.path in masks for picture in pictures)
    text = "{count} of {all} pictures have a mask, which weights their loss; all of the others is learnt"
    return phrase(text, count=with_mask, all=len(pictures))
