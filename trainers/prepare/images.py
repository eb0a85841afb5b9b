"""The crops of a training set and their captions."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from models.io.images import open_photo
from trainers.prepare.captions import compose, tags_of
from trainers.prepare.cutting.crops import Size, Window
from trainers.prepare.cutting.placing import is_halved
from trainers.prepare.folder import caption_path
from trainers.prepare.manifest import Cut, PhotoRecord
from trainers.prepare.photos import Usable
from trainers.prepare.settings import PrepareSettings
from trainers.prepare.tagger import Tagger

if TYPE_CHECKING:
    from PIL import Image


def write_crops(
    usable: list[Usable],
    partial: Path,
    folders: Mapping[str, str],
    tagger: Tagger | None,
    settings: PrepareSettings,
    written: Mapping[str, str],
) -> list[PhotoRecord]:
    """Cuts and tags each photo and writes its crops to `partial`; captions come when all tags are there.

    `folders` are those of `train` and `reg`, relative to `partial`; a photo's caption in `written`, by its name, stands for tags.
    """
    halved = {
        "train": is_halved([photo.train for photo in usable]),
        "reg": is_halved([photo.reg for photo in usable if photo.reg is not None]),
    }
    records = []
    for photo in usable:
        image = open_photo(photo.path)
        cuts: dict[str, Cut] = {}
        for name, placement in (("train", photo.train), ("reg", photo.reg)):
            if placement is None:
                continue
            window, size = placement.window, placement.size(halved=halved[name])
            file = f"{folders[name]}/{photo.path.name}.png"
            _resized(image, window, size).save(partial / file)
            captioned = name == "train" or settings.caption_reg
            tags = _tags(image.crop(window), written.get(photo.path.name), tagger) if captioned else ()
            cuts[name] = Cut(file, window, size, tags, "" if captioned else None)
        boxes, crops = (photo.thing, photo.wearer), (cuts["train"], cuts.get("reg"))
        records.append(PhotoRecord(photo.path.name, photo.sha256, photo.size, *boxes, *crops, photo.reg_missing))
    return records


def _tags(crop: Image.Image, written: str | None, tagger: Tagger | None) -> tuple[str, ...]:
    if written is not None:
        return tuple(tags_of(written))
    return tuple(tagger.tag([crop])[0]) if tagger is not None else ()


def write_captions(
    records: list[PhotoRecord], partial: Path, settings: PrepareSettings, written: Mapping[str, str]
) -> list[PhotoRecord]:
    """The records with their captions, each written next to its image; what is in `written`, by photo, is left whole."""
    share = settings.left_to_trigger
    least = math.inf if share is None else share * len(records)
    tagged = [record for record in records if record.file not in written]
    counts = Counter(tag for record in tagged for tag in {tag for cut in record.cuts.values() for tag in cut.tags})
    left_out = {tag for tag, count in counts.items() if count >= least}

    def captioned(cut: Cut, token: str, file: str) -> Cut:
        if cut.caption is None:
            return cut
        unwanted = {settings.trigger} if file in written else left_out
        caption = compose(token, [tag for tag in cut.tags if tag not in unwanted])
        caption_path(partial / cut.file).write_text(caption + "\n", encoding="utf-8")
        return dataclasses.replace(cut, caption=caption)

    return [
        dataclasses.replace(
            record,
            train=captioned(record.train, settings.trigger, record.file),
            reg=None if record.reg is None else captioned(record.reg, settings.reg_token, record.file),
        )
        for record in records
    ]


def _resized(photo: Image.Image, window: Window, size: Size) -> Image.Image:
    from PIL import Image

    return photo.crop(window).resize(size, Image.Resampling.LANCZOS)
