"""What would improve a training set, judged by its photos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import pstdev
from typing import Final

from models.boxes import PixelBox
from models.io.picture_kinds import is_picture
from models.language.translate import joined, phrase
from models.lora_kinds import LoraKind
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.caption_files import FoundCaptions
from trainers.prepare.cutting.buckets import half
from trainers.prepare.cutting.crops import Size
from trainers.prepare.cutting.placing import Placement, is_halved
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
        text = "{count} usable photos; {enough} or more, from several angles, train better"
        yield phrase(text, count=len(usable), enough=ENOUGH)
    if aside:
        doubtful = sum(a.doubtful for a in aside)
        line = phrase("{count} photos were set aside: see set_aside in {file}", count=len(aside), file=NAME)
        text = "{line}; draw boxes in {doubtful} of them (`huanhua boxes PHOTOS`, or {boxes}) to use them"
        yield phrase(text, line=line, doubtful=doubtful, boxes=BOXES) if doubtful else line
    whole = [p for p in usable if _area(p.thing) >= WHOLE * p.size[0] * p.size[1]]
    if whole:
        text = (
            "in {count} of {all} photos the box of the thing is the whole photo: nothing says where on its wearer it is; "
            "draw it closer with `huanhua boxes PHOTOS`"
        )
        yield phrase(text, count=len(whole), all=len(usable))
    missing = Counter(photo.reg_missing for photo in usable if photo.reg is None)
    for why, count in missing.items():
        text = "{count} of {all} photos give no regularisation picture: {why}"
        yield phrase(text, count=count, all=len(usable), why=phrase(why))
    if same_pose(usable):
        text = "all {count} photos show it in one pose; other poses and angles teach what belongs to the thing"
        yield phrase(text, count=len(usable))
    close = sum(_area(photo.thing) > 0.5 * _area(photo.wearer) for photo in usable)
    if kind == "shoes" and close > len(usable) / 4:
        text = "{count} photos show little but the feet; photos of whole or half bodies teach where shoes belong"
        yield phrase(text, count=close)


def advice_on_files(photos: Path, captions: FoundCaptions, unused: Sequence[Path]) -> Iterator[str]:
    """One line for each kind of thing in the folder that is not used whole."""
    several = [caption.file for caption in captions.by_picture.values() if caption.lines > 1]
    empty = [caption.file for caption in captions.by_picture.values() if not caption.text]
    if several:
        text = "{count} captions of several lines: {names}; the first line is used, as in kohya's scripts"
        yield phrase(text, count=len(several), names=list_names(several, photos))
    if empty:
        yield phrase("{count} empty captions: {names}", count=len(empty), names=list_names(empty, photos))
    pictures = [path for path in unused if is_picture(path) and not path.name.startswith(".")]
    others = [path for path in unused if path not in set(pictures)]
    if pictures:
        text = "{count} photos in subfolders not used: {names}; move them up to use them"
        yield phrase(text, count=len(pictures), names=list_names(pictures, photos))
    if others:
        yield phrase("{count} files not used: {names}", count=len(others), names=list_names(others, photos))


def advice_on_crops(usable: Sequence[Usable], size: Size) -> Iterator[str]:
    """Why crops are smaller than the set's own `size`, or of another ratio, or lack a part of the photo."""
    barred = [photo.path for photo in usable if photo.area != (0, 0, *photo.size)]
    if barred:
        text = "bars around {count} photos are left out of the crops: {names}"
        yield phrase(text, count=len(barred), names=_names(barred))
    yield from _on_sizes("train", [(photo.path, photo.train) for photo in usable], size)
    yield from _on_sizes("reg", [(photo.path, photo.reg) for photo in usable if photo.reg is not None], size)


def _on_sizes(name: str, placed: Sequence[tuple[Path, Placement]], size: Size) -> Iterator[str]:
    whole, (width, height) = f"{size[0]}x{size[1]}", half(size)
    short = [path for path, cut in placed if not cut.is_full]
    count = phrase(
        "{count} of {all} crops do not fill {size}, and nothing is enlarged", count=len(short), all=len(placed), size=whole
    )
    if short and is_halved([cut for _, cut in placed]):
        text = "{set}: all crops have half the size ({size}), for {count}: {names}"
        yield phrase(text, set=name, size=f"{width}x{height}", count=count, names=_names(short))
    elif short:
        text = "{set}: some crops have half the size, for {count}: {names}"
        yield phrase(text, set=name, count=count, names=_names(short))
    others = Counter(cut.bucket for _, cut in placed if cut.bucket != size)
    if others:
        sizes = [phrase("{count} of {size}", count=number, size=f"{w}x{h}") for (w, h), number in others.most_common()]
        shown = joined(", ", sizes)
        text = "{set}: {count} of {all} crops have another ratio, since {size} would cut off a part: {shown}"
        yield phrase(text, set=name, count=others.total(), all=len(placed), size=whole, shown=shown)


def _names(paths: Sequence[Path]) -> str:
    return list_names(paths, paths[0].parent)


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
