"""What would improve a training set, judged by its photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from models.boxes import PixelBox
from models.lora_kinds import LoraKind
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.manifest import NAME, SetAside
from trainers.prepare.photos import Usable
from trainers.step_plan import ENOUGH

UNREAD_SUFFIXES: Final = (".heic", ".heif", ".avif", ".jxl", ".gif", ".bmp", ".tif", ".tiff", ".dng")


def advice(kind: LoraKind, usable: list[Usable], aside: list[SetAside], photos: Path) -> Iterator[str]:
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
    names = sorted(path.name for path in photos.iterdir() if path.suffix.lower() in UNREAD_SUFFIXES)
    if names:
        yield f"{len(names)} files were passed over ({names[0]}): save them as JPEG, PNG or WebP to use them"


def _area(box: PixelBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
