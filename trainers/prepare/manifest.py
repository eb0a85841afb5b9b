"""`manifest.json` of a training set: what it was made from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from models.boxes import PixelBox
from models.errors import InputError
from models.language.as_json import phrase_from_json, phrase_to_json
from models.lora_kinds import LoraKind
from trainers.prepare.cutting.crops import Size, Window

NAME: Final = "manifest.json"
SHEET: Final = "contact-sheet.png"
"""What `prepare` draws for people."""
WARNING_PARTS: Final = "warning_parts"
"""What the texts of its warnings were made of; older sets lack it, and keep them in English."""
FORMAT: Final = 1


@dataclass(frozen=True)
class Cut:
    """One crop."""

    file: str
    """Its file, relative to the set."""
    window: Window
    """The part of the upright photo that it shows, in pixels of the photo."""
    size: Size
    """Width and height in pixels."""
    tags: tuple[str, ...]
    """All tags, before any is left to the trigger."""
    caption: str | None
    """What `prepare` wrote, not a person's edit; None without a caption."""


@dataclass(frozen=True)
class PhotoRecord:
    """One photo that was used."""

    file: str
    """Its name."""
    sha256: str
    """Of the file, in hex."""
    size: Size
    """Width and height in pixels of the upright photo."""
    thing: PixelBox
    """The trained thing."""
    wearer: PixelBox
    """The whole person."""
    train: Cut
    """The crop in `train`."""
    reg: Cut | None
    """The crop in `reg`; None where there is none."""
    reg_missing: str = ""
    """Why there is no crop in `reg`."""

    @property
    def cuts(self) -> dict[str, Cut]:
        """The crops by the folder that holds them."""
        return {"train": self.train, **({} if self.reg is None else {"reg": self.reg})}

    @property
    def widest(self) -> Cut:
        """The crop that shows most of the wearer."""
        return self.train if self.reg is None else self.reg


@dataclass(frozen=True)
class SetAside:
    """One photo that was not used."""

    file: str
    """Its name."""
    why: str
    """The reason."""
    doubtful: bool = False
    """Whether boxes by a person would make it usable."""
    thing: PixelBox | None = None
    """The trained thing, if it was located."""
    wearer: PixelBox | None = None
    """The whole person, if located."""


@dataclass(frozen=True)
class Manifest:
    """The photos and crops of a training set. Field names are those of the file."""

    kind: LoraKind
    """What the LoRA is of."""
    trigger: str
    """Its trigger."""
    folder: str
    """Where the photos were; with their boxes they are the references for scoring. They may have been moved since."""
    train_repeats: int
    """Repeats of a training image in an epoch."""
    reg_repeats: int
    """Repeats of a regularisation image in an epoch."""
    photos: tuple[PhotoRecord, ...]
    """The photos that were used."""
    set_aside: tuple[SetAside, ...]
    """The photos that were not."""
    warnings: tuple[str, ...]
    """What would improve the set, one line each."""
    reg_token: str
    """What regularisation images are trained under: the trigger, as in kohya's scripts, or a class such as `girl`."""
    relative_folder: str = ""
    """`folder` from the set itself, with /: true where both are moved together. Empty on another drive, and in older sets."""

    def write(self, dataset: Path) -> None:
        """Into the folder `dataset`."""
        # Texts for who reads the file, and their parts for who shows them in another language.
        parts = [phrase_to_json(line) for line in self.warnings]
        text = json.dumps({"format": FORMAT, **asdict(self), WARNING_PARTS: parts}, indent=1, ensure_ascii=False)
        (dataset / NAME).write_text(text + "\n", encoding="utf-8")


def relative_folder(photos: Path, dataset: Path) -> str:
    """Where `photos` lie from `dataset`, with /; empty on another drive."""
    try:
        return Path(os.path.relpath(photos.resolve(), dataset.resolve())).as_posix()
    except ValueError:
        return ""


def read_manifest(dataset: Path) -> Manifest:
    """Raises InputError if `dataset` was not made by `prepare` or its manifest is damaged."""
    path = dataset / NAME
    if not path.is_file():
        raise InputError("not a prepared training set (no manifest.json)", dataset, "name a folder made by huanhua prepare")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise InputError("a manifest of another version", path, "run huanhua prepare again into a new folder")
        photos = tuple(_photo(p) for p in content.pop("photos"))
        aside = tuple(_aside(a) for a in content.pop("set_aside"))
        content.setdefault("reg_token", content["trigger"])
        lines, parts = tuple(content.pop("warnings")), content.pop(WARNING_PARTS, None)
        warnings = lines if parts is None else tuple(phrase_from_json(part) for part in parts)
        return Manifest(photos=photos, set_aside=aside, warnings=warnings, **content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("a damaged manifest", path, "run huanhua prepare again into a new folder") from error


def _aside(value: dict[str, Any]) -> SetAside:
    boxes = {name: PixelBox(*(float(v) for v in value[name])) for name in ("thing", "wearer") if value.get(name) is not None}
    return SetAside(str(value["file"]), str(value["why"]), bool(value.get("doubtful", False)), **boxes)


def _photo(value: dict[str, Any]) -> PhotoRecord:
    width, height = (int(v) for v in value["size"])
    return PhotoRecord(
        file=str(value["file"]),
        sha256=str(value["sha256"]),
        size=(width, height),
        thing=PixelBox(*(float(v) for v in value["thing"])),
        wearer=PixelBox(*(float(v) for v in value["wearer"])),
        train=_cut(value["train"]),
        reg=None if value["reg"] is None else _cut(value["reg"]),
        reg_missing=str(value.get("reg_missing", "")),
    )


def _cut(value: dict[str, Any]) -> Cut:
    left, top, right, bottom = (int(v) for v in value["window"])
    width, height = (int(v) for v in value["size"])
    caption = value["caption"]
    return Cut(
        file=str(value["file"]),
        window=(left, top, right, bottom),
        size=(width, height),
        tags=tuple(str(tag) for tag in value["tags"]),
        caption=None if caption is None else str(caption),
    )
