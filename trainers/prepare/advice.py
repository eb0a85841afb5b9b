"""What would improve a training set, judged by its photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import pstdev
from typing import Final

from models.boxes import PixelBox
from models.io.picture_kinds import is_picture
from models.lora_kinds import LoraKind
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.caption_files import FoundCaptions
from trainers.prepare.manifest import NAME, SetAside
from trainers.prepare.names import list_names
from trainers.prepare.photos import Usable
from trainers.step_plan import ENOUGH

WHOLE: Final = 0.97
"""Share of the photo from which a box is the whole photo."""
SAME_POSE: Final = 0.04
"""Standard deviation, as a share of the wearer's sides, below which the thing lies alike in all photos. Standing figures of
several framings differ by 0.1 and more."""


def advice(kind: LoraKind, usable: list[Usable], aside: list[SetAside]) -> Iterator[str]:
    """One line each."""
    if len(usable) < ENOUGH:
        yield f"{len(usable)} usable photos; {ENOUGH} or more, from several angles, train better"
    if aside:
        doubtful = sum(a.doubtful for a in aside)
        mend = f"; draw boxes in {doubtful} of them (`huanhua boxes PHOTOS`, or {BOXES}) to use them" if doubtful else ""
        yield f"{len(aside)} photos were set aside: see set_aside in {NAME}{mend}"
    whole = [p for p in usable if _area(p.thing) >= WHOLE * p.size[0] * p.size[1]]
    if whole:
        where = "nothing says where on its wearer it is; draw it closer with `huanhua boxes PHOTOS`"
        yield f"in {len(whole)} of {len(usable)} photos the box of the thing is the whole photo: {where}"
    missing = Counter(photo.reg_missing for photo in usable if photo.reg is None)
    for why, count in missing.items():
        yield f"{count} of {len(usable)} photos give no regularisation picture: {why}"
    if same_pose(usable):
        yield f"all {len(usable)} photos show it in one pose; other poses and angles teach what belongs to the thing"
    close = sum(_area(photo.thing) > 0.5 * _area(photo.wearer) for photo in usable)
    if kind == "shoes" and close > len(usable) / 4:
        yield f"{close} photos show little but the feet; photos of whole or half bodies teach where shoes belong"


def advice_on_files(photos: Path, captions: FoundCaptions, unused: Sequence[Path]) -> Iterator[str]:
    """One line for each kind of thing in the folder that is not used whole."""
    several = [caption.file for caption in captions.by_picture.values() if caption.lines > 1]
    empty = [caption.file for caption in captions.by_picture.values() if not caption.text]
    if several:
        why = "the first line is used, as in kohya's scripts"
        yield f"{len(several)} captions of several lines: {list_names(several, photos)}; {why}"
    if empty:
        yield f"{len(empty)} empty captions: {list_names(empty, photos)}"
    pictures = [path for path in unused if is_picture(path) and not path.name.startswith(".")]
    others = [path for path in unused if path not in set(pictures)]
    if pictures:
        yield f"{len(pictures)} photos in subfolders not used: {list_names(pictures, photos)}; move them up to use them"
    if others:
        yield f"{len(others)} files not used: {list_names(others, photos)}"


def same_pose(usable: Sequence[Usable]) -> bool:
    """Whether the thing lies at the same place of its wearer, and the wearer in the same shape, in all photos."""
    placed = [_placed(photo.thing, photo.wearer) for photo in usable if photo.reg is not None]
    return len(placed) > 2 and all(pstdev(values) < SAME_POSE for values in zip(*placed, strict=True))


def _placed(thing: PixelBox, wearer: PixelBox) -> tuple[float, ...]:
    width, height = wearer.right - wearer.left, wearer.bottom - wearer.top
    across = ((side - wearer.left) / width for side in (thing.left, thing.right))
    down = ((side - wearer.top) / height for side in (thing.top, thing.bottom))
    return *across, *down, width / height


def _area(box: PixelBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
