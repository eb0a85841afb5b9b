"""What would improve a training set, judged by its photos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.boxes import PixelBox
from models.io.picture_kinds import is_picture
from models.lora_kinds import LoraKind
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.caption_files import FoundCaptions
from trainers.prepare.manifest import NAME, SetAside
from trainers.prepare.names import list_names
from trainers.prepare.photos import Usable
from trainers.step_plan import ENOUGH


def advice(kind: LoraKind, usable: list[Usable], aside: list[SetAside]) -> Iterator[str]:
    """One line each."""
    if len(usable) < ENOUGH:
        yield f"{len(usable)} usable photos; {ENOUGH} or more, from several angles, train better"
    if aside:
        doubtful = sum(a.doubtful for a in aside)
        mend = f"; complete the boxes of {doubtful} in {BOXES} and run this again to use them" if doubtful else ""
        yield f"{len(aside)} photos were set aside: see set_aside in {NAME}{mend}"
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


def _area(box: PixelBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
