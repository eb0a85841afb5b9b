"""Photos to a training set: two crops of each photo at one ratio, in the folders that kohya's scripts and the trainer read.

`train/N_trigger` holds the thing itself (garment, face, shoes) with captions, `reg/M_trigger` its wearer: what is in `reg` and
not in `train` is not the thing.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.boxes import PixelBox
from models.errors import InputError
from models.io.disk import writing
from models.io.images import list_photos, open_photo
from models.kinds import LoraKind
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.boxes import corrected, read_boxes, write_boxes
from trainers.prepare.captions import check_trigger, compose
from trainers.prepare.crops import Size, Window, common_size, held_size
from trainers.prepare.folder import caption_path, cleared, earlier, keep_edits, replace, restore, sibling
from trainers.prepare.locator import Locator
from trainers.prepare.manifest import NAME, Cut, Manifest, PhotoRecord, SetAside
from trainers.prepare.photos import Usable, survey
from trainers.prepare.tagger import Tagger
from trainers.step_plan import Plan
from trainers.train.dataset import ENOUGH

if TYPE_CHECKING:
    from PIL import Image

OTHER_KINDS: Final = (".heic", ".heif", ".avif", ".jxl", ".gif", ".bmp", ".tif", ".tiff", ".dng")


@dataclass(frozen=True)
class Prepared:
    """What was written to `out`. Every kept photo gives one picture to `train` and one to `reg`."""

    out: Path
    manifest: Manifest

    @property
    def pictures(self) -> int:
        return len(self.manifest.photos)

    @property
    def sizes(self) -> dict[str, dict[Size, int]]:
        """How many pictures of each size `train` and `reg` hold."""
        found: dict[str, dict[Size, int]] = {"train": {}, "reg": {}}
        for photo in self.manifest.photos:
            for name, cut in (("train", photo.train), ("reg", photo.reg)):
                found[name][cut.size] = found[name].get(cut.size, 0) + 1
        return found


def prepare(
    photos: Path,
    out: Path,
    *,
    kind: LoraKind,
    trigger: str,
    locator: Locator,
    tagger: Tagger | None,
    size: Size = (512, 768),
    plan: Plan | None = None,
    caption_reg: bool = False,
    reg_class: str | None = None,
    boxes: Path | None = None,
    left_to_trigger: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Writes the training set `out` from the folder `photos`, whole or not at all.

    Crops have the size `size` (width, height; even) or half of it, whichever they fill: nothing is stretched or enlarged. Repeats
    come from `plan` (4000 steps in 10 epochs of batch 1 if none is given). On a second run captions that a person changed and
    files that a person added stay. `progress` is told (photos done, photos).

    Wearers get no captions, as the tutorial has it: they are then trained under the trigger alone. `caption_reg` gives them the
    trigger and their tags, which a small text encoder needs to find the trigger again in a long prompt. Tags that a share of at
    least `left_to_trigger` of the photos have, in one crop or the other, are left out of all captions: what every photo of a
    thing shows is what the trigger shall mean.

    `reg_class` puts a word for the wearers' kind, such as `girl`, in the trigger's place in `reg`: they then hold the base's idea
    of that kind (class prior) instead of telling where on a wearer the thing belongs.

    Where the thing is, `boxes` says (see trainers.prepare.boxes) for the photos it names, then a person's corrections of an
    earlier run's
    boxes.json in `out`, then the locator.

    Raises InputError for an empty folder, a bad trigger, an `out` that holds something else or cannot be written, and if no photo
    can be used.
    """
    token = reg_class or trigger
    for word in (trigger, token):
        check_trigger(word)
    if size[0] % 2 or size[1] % 2 or min(size) < 2:
        raise InputError("sizes must be even", f"{size[0]}x{size[1]}", "use 512x768, for example")
    restore(out)
    paths = list_photos(photos)
    before = earlier(out)
    sizes = (size, (size[0] // 2, size[1] // 2))
    given = (corrected(out / BOXES, before) if before is not None else {}) | (read_boxes(boxes) if boxes is not None else {})
    found, aside = survey(paths, kind, locator, sizes, progress, given)
    if not found:
        raise InputError(
            f"none of the {len(paths)} photos can be used ({aside[0].file}: {aside[0].why})", photos, "take clearer photos"
        )
    plan = plan or Plan(steps=4000, epochs=10, batch=1)
    repeats, reg_repeats = plan.repeats(len(found)), plan.regularisation_repeats(len(found))
    partial = sibling(out, "partial")
    with cleared(partial), writing(out):
        folders = {"train": f"train/{repeats}_{trigger}", "reg": f"reg/{reg_repeats}_{token}"}
        for folder in folders.values():
            (partial / folder).mkdir(parents=True)
        records = _write_pictures(found, partial, folders, tagger, sizes, caption_reg)
        records = _captioned(records, partial, trigger, token, left_to_trigger)
        advice = (*_advice(kind, found, aside), *_passed_over(photos))
        manifest = Manifest(
            kind, trigger, str(photos.resolve()), repeats, reg_repeats, tuple(records), tuple(aside), advice, token
        )
        manifest.write(partial)
        write_boxes(partial / BOXES, manifest, given)
        if before is not None:
            keep_edits(out, before, partial, manifest)
        replace(out, partial)
    return Prepared(out, manifest)


def _write_pictures(
    found: list[Usable],
    partial: Path,
    folders: dict[str, str],
    tagger: Tagger | None,
    sizes: tuple[Size, ...],
    caption_reg: bool,
) -> list[PhotoRecord]:
    """Cuts, writes and tags; captions come when all tags are known."""
    allowed = {
        "train": sizes[sizes.index(common_size([f.train for f in found], sizes)) :],
        "reg": sizes[sizes.index(common_size([f.reg for f in found], sizes)) :],
    }
    records = []
    for one in found:
        photo = open_photo(one.path)
        cuts = {}
        for name, cut in (("train", one.train), ("reg", one.reg)):
            target = held_size(cut, allowed[name])
            assert target is not None
            file = f"{folders[name]}/{one.path.name}.png"
            _resized(photo, cut, target).save(partial / file)
            captioned = name == "train" or caption_reg
            tags = tuple(tagger.tag([photo.crop(cut)])[0]) if captioned and tagger is not None else ()
            cuts[name] = Cut(file, cut, target, tags, "" if captioned else None)
        records.append(PhotoRecord(one.path.name, one.sha256, one.size, one.thing, one.wearer, cuts["train"], cuts["reg"]))
    return records


def _captioned(
    records: list[PhotoRecord], partial: Path, trigger: str, reg_token: str, left_to_trigger: float | None
) -> list[PhotoRecord]:
    """The records with their captions, each written beside its picture."""
    least = math.inf if left_to_trigger is None else left_to_trigger * len(records)
    counted = Counter(tag for record in records for tag in {*record.train.tags, *record.reg.tags})
    left = {tag for tag, count in counted.items() if count >= least}

    def said(cut: Cut, word: str) -> Cut:
        if cut.caption is None:
            return cut
        caption = compose(word, [tag for tag in cut.tags if tag not in left])
        caption_path(partial / cut.file).write_text(caption + "\n", encoding="utf-8")
        return dataclasses.replace(cut, caption=caption)

    return [dataclasses.replace(record, train=said(record.train, trigger), reg=said(record.reg, reg_token)) for record in records]


def _resized(photo: Image.Image, cut: Window, target: Size) -> Image.Image:
    from PIL import Image

    return photo.crop(cut).resize(target, Image.Resampling.LANCZOS)


def _advice(kind: LoraKind, found: list[Usable], aside: list[SetAside]) -> Iterator[str]:
    """What the tutorial would say about these photos."""
    if len(found) < ENOUGH:
        yield f"{len(found)} usable photos; {ENOUGH} or more, from several angles, train better"
    if aside:
        doubtful = sum(a.doubtful for a in aside)
        mend = f"; complete the boxes of {doubtful} in {BOXES} and run this again to use them" if doubtful else ""
        yield f"{len(aside)} photos were set aside: see set_aside in {NAME}{mend}"
    close = sum(_area(f.thing) > 0.5 * _area(f.wearer) for f in found)
    if kind == "shoes" and close > len(found) / 4:
        yield f"{close} photos show little but the feet; photos of whole or half bodies teach where shoes belong"


def _passed_over(photos: Path) -> Iterator[str]:
    """Pictures of kinds that are not read, as phones save them."""
    names = sorted(path.name for path in photos.iterdir() if path.suffix.lower() in OTHER_KINDS)
    if names:
        yield f"{len(names)} files were passed over ({names[0]}): save them as JPEG, PNG or WebP to use them"


def _area(box: PixelBox) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
