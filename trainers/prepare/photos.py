"""Which photos can be used, and where each is cut."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.boxes import DrawnBoxes, PixelBox
from models.errors import InputError
from models.io.hashing import hash_path
from models.io.images import open_photo
from models.language.translate import phrase
from models.lora_kinds import LoraKind
from trainers.prepare.cutting.bars import inside_bars
from trainers.prepare.cutting.buckets import buckets, half
from trainers.prepare.cutting.crops import Size, Window
from trainers.prepare.cutting.placing import Placement, clipped, place, same
from trainers.prepare.locator import Located, Locator
from trainers.prepare.manifest import SetAside
from trainers.prepare.names import is_mask, readable, why_unusable

if TYPE_CHECKING:
    import numpy as np
    from imagehash import ImageHash
    from numpy.typing import NDArray
    from PIL import Image

CHUNK: Final = 8
PADDING: Final[dict[LoraKind, float]] = {"face": 0.06, "clothing": 0.04, "shoes": 0.08, "other": 0.06}
"""Around the thing's box, as a share of its sides."""
WEARER_PADDING: Final = 0.02
"""Around the wearer's box, as a share of its sides."""
HASH_SIZE: Final = 16
ALIKE: Final = 14
"""Bits of 256 in which the perceptual hashes of two copies of one photo differ at most. A copy at two thirds of the size
differs in up to 10, other photos of one dress in a plain room in 34 or more."""
TINTED: Final = 8.0
"""Levels of 255 by which the colours of the most different quarter of two copies differ at most: the hashes see grey alone. A
copy at two thirds of the size in JPEG of quality 60 differs by up to 1.7, the lab's figures in another garment by 17 or more."""
COLOURS: Final = (8, 8)
"""Cells in which colours are compared."""
NAMES: Final[dict[LoraKind, str]] = {"face": "face", "clothing": "garment", "shoes": "shoes", "other": "such thing"}


@dataclass(frozen=True)
class Usable:
    """A photo whose boxes are trusted."""

    path: Path
    """Its file."""
    sha256: str
    """Of the file, in hex."""
    size: Size
    """Width and height in pixels."""
    thing: PixelBox
    """The trained thing."""
    wearer: PixelBox
    """The whole person."""
    train: Placement
    """The crop for `train`."""
    reg: Placement | None
    """The crop for `reg`; None where there is none."""
    reg_missing: str
    """Why there is none."""
    area: Window
    """The photo without its bars."""


def survey(
    paths: list[Path],
    kind: LoraKind,
    locator: Locator,
    size: Size,
    progress: Callable[[int, int], None] | None,
    given: Mapping[str, DrawnBoxes] | None = None,
) -> tuple[list[Usable], list[SetAside]]:
    """Opens and locates every photo; sets aside what is unreadable, doubtful, too small, or a copy of another.

    `size` is that of the set's crops. `given` are boxes that a person wrote, by file name: the locator sees only photos that
    lack one. Calls `progress` with (photos done, photos).
    """
    given = given or {}
    found: list[Usable] = []
    masks = {path for path in paths if is_mask(path, paths)}
    skipped = {path for path in paths if path.name in given and given[path.name].skip}
    aside = [SetAside(readable(path.name), "a mask of another photo") for path in paths if path in masks]
    aside += [SetAside(readable(path.name), "left out by hand") for path in paths if path in skipped]
    copies = _Copies()
    for start in range(0, len(paths), CHUNK):
        opened = list(_open([p for p in paths[start : start + CHUNK] if p not in masks | skipped], aside))
        areas = [inside_bars(image) for _, image in opened]
        for (path, image), area, where in zip(opened, areas, _locate(opened, areas, locator, given), strict=True):
            digest = hash_path(path)
            original = copies.original_of(image)
            judged = _judge(path, digest, image, area, where, kind, size)
            if original is not None:
                aside.append(SetAside(path.name, original))
            elif isinstance(judged, SetAside):
                aside.append(judged)
            else:
                found.append(judged)
                # Only now: a copy of an unusable photo, such as a thumbnail's original, may be usable.
                copies.add(path.name, image)
        if progress is not None:
            progress(min(start + CHUNK, len(paths)), len(paths))
    return found, aside


def _locate(
    opened: Sequence[tuple[Path, Image.Image]], areas: Sequence[Window], locator: Locator, given: Mapping[str, DrawnBoxes]
) -> list[Located]:
    """The boxes of each photo: a person's, else the locator's, which sees no bars and nothing that a person drew."""
    drawn = [given.get(path.name, DrawnBoxes()) for path, _ in opened]
    asked = [(image, area) for (_, image), area, boxes in zip(opened, areas, drawn, strict=True) if not boxes.is_complete]
    images = [image if area == (0, 0, *image.size) else image.crop(area) for image, area in asked]
    found = locator.locate(images) if images else []
    located = iter([_moved(where, area) for where, (_, area) in zip(found, asked, strict=True)])
    return [
        Located(boxes.thing, boxes.wearer, is_alone=boxes.is_alone) if boxes.is_complete else _completed(boxes, next(located))
        for boxes in drawn
    ]


def _moved(located: Located, area: Window) -> Located:
    """What was located in a part of a photo, in the photo."""
    left, top, *_ = area
    if not left and not top:
        return located
    thing, wearer = (
        None if box is None else PixelBox(box.left + left, box.top + top, box.right + left, box.bottom + top)
        for box in (located.thing, located.wearer)
    )
    return replace(located, thing=thing, wearer=wearer)


def _completed(drawn: DrawnBoxes, located: Located) -> Located:
    """The locator's answer, but for what a person drew."""
    if drawn.thing is None:
        return located
    if located.wearer is None and not located.is_alone:
        return Located(drawn.thing, None, located.doubt)
    return Located(drawn.thing, located.wearer, is_alone=located.wearer is None)


class _Copies:
    """Finds copies of the photos used so far by ImageHash's perceptual hashes, which survive resizing and compression, and by
    coarse colours, which they do not see."""

    def __init__(self) -> None:
        self._hashes: list[tuple[ImageHash, NDArray[np.float32], bytes, str]] = []

    def original_of(self, image: Image.Image) -> str | None:
        """Which earlier photo this one is a copy of; None if it is new."""
        from imagehash import phash

        own, colours, pixels = phash(image, hash_size=HASH_SIZE), _colours(image), _digest(image)
        for other, tints, theirs, earlier in self._hashes:
            if own - other <= ALIKE and _difference(colours, tints) <= TINTED:
                return f"{'the same' if pixels == theirs else 'nearly the same'} picture as {earlier}"
        return None

    def add(self, name: str, image: Image.Image) -> None:
        from imagehash import phash

        self._hashes.append((phash(image, hash_size=HASH_SIZE), _colours(image), _digest(image), name))


def _colours(image: Image.Image) -> NDArray[np.float32]:
    """Blue and red differences of YCbCr in each cell, (cells, 2), in levels of 255: brightness is left to the hash."""
    import numpy as np
    from PIL import Image as Pillow

    small = image.convert("RGB").resize(COLOURS, Pillow.Resampling.BOX).convert("YCbCr")
    return np.asarray(small, np.float32)[..., 1:].reshape(-1, 2)


def _difference(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """The mean distance of the most different quarter of the cells."""
    import numpy as np

    apart = np.sort(np.linalg.norm(some - others, axis=1))
    return float(apart[-len(apart) // 4 :].mean())


def _digest(image: Image.Image) -> bytes:
    """Of size and pixels: equal in every lossless file format."""
    return hashlib.sha256(repr(image.size).encode() + image.tobytes()).digest()


def _open(paths: list[Path], aside: list[SetAside]) -> Iterator[tuple[Path, Image.Image]]:
    for path in paths:
        why = why_unusable(path.name)
        if why is not None:
            aside.append(SetAside(readable(path.name), why))
            continue
        try:
            yield path, open_photo(path)
        except InputError as error:
            aside.append(SetAside(path.name, error.what))


def _judge(
    path: Path, digest: str, image: Image.Image, area: Window, where: Located, kind: LoraKind, size: Size
) -> Usable | SetAside:
    """The photo with its windows, or why it is set aside."""
    if where.doubt is not None:
        return _doubtful(path, where, where.doubt)
    if where.thing is None or (where.wearer is None and not where.is_alone):
        return _doubtful(
            path, where, phrase("no {thing} was found", thing=phrase(NAMES[kind] if where.thing is None else "wearer"))
        )
    for box in (where.thing, where.wearer):
        if box is not None and not (0 <= box.left < box.right <= image.width and 0 <= box.top < box.bottom <= image.height):
            return _doubtful(path, where, "a box is empty or not in the photo")
    thing = clipped(_plain(where.thing), area)
    wearer = clipped(_plain(where.wearer if where.wearer is not None else PixelBox(0, 0, *image.size)), area)
    if thing is None or wearer is None:
        return _doubtful(path, where, "a box lies in the bars around the picture")
    train = place(thing, area, size, padding=PADDING[kind])
    if train is None:
        last = buckets(size)[-1]
        why = "all of it fits no picture between {tall} and {wide}; show more around it"
        return SetAside(path.name, phrase(why, tall=f"{last[1]}x{last[0]}", wide=f"{last[0]}x{last[1]}"))
    if not train.is_usable:
        return _small(path, "what is trained", train)
    reg, missing = (
        _regularisation(thing, wearer, area, size, train) if where.wearer is not None else (None, "nobody wears it there")
    )
    if reg is not None and not reg.is_usable:
        return _small(path, "the wearer", reg)
    return Usable(path, digest, image.size, thing, wearer, train, reg, missing, area)


def _regularisation(
    thing: PixelBox, wearer: PixelBox, area: Window, size: Size, train: Placement
) -> tuple[Placement | None, str]:
    """The wearer's window, or why there is none."""
    reg = place(wearer, area, size, padding=WEARER_PADDING, keep=thing)
    if reg is None:
        return None, "the whole wearer fits no picture"
    if same(thing, wearer):
        return None, "the box of the thing is that of its wearer; draw it closer with `huanhua boxes PHOTOS`"
    if same(reg.window, train.window):
        return None, "its wearer would be the same picture"
    return reg, ""


def _small(path: Path, what: str, cut: Placement) -> SetAside:
    left, top, right, bottom = cut.window
    least = half(cut.bucket)
    text, found = "{what} is only {size} pixels of at least {least}", f"{right - left}x{bottom - top}"
    return SetAside(path.name, phrase(text, what=phrase(what), size=found, least=f"{least[0]}x{least[1]}"))


def _doubtful(path: Path, where: Located, why: str) -> SetAside:
    thing, wearer = (_plain(box) if box is not None else None for box in (where.thing, where.wearer))
    return SetAside(path.name, why, True, thing, wearer)


def _plain(box: PixelBox) -> PixelBox:
    """In Python floats: a locator may use numpy's, which JSON does not take."""
    return PixelBox(*(float(side) for side in box))
