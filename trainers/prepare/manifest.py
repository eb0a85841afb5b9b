"""What a training set was made from: `manifest.json` in its folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from models.boxes import PixelBox
from models.errors import InputError
from models.kinds import LoraKind
from trainers.prepare.crops import Size, Window

NAME: Final = "manifest.json"
FORMAT: Final = 1


@dataclass(frozen=True)
class Cut:
    """A crop: its file within the set, the window of the upright photo it shows, its size in pixels.

    `caption` is what `prepare` wrote, not a person's edit; None where it wrote none.
    """

    file: str
    window: Window
    size: Size
    tags: tuple[str, ...]
    caption: str | None


@dataclass(frozen=True)
class PhotoRecord:
    """One photo that was used. Boxes are in pixels of the upright photo."""

    file: str
    sha256: str
    size: Size
    thing: PixelBox
    wearer: PixelBox
    train: Cut
    reg: Cut


@dataclass(frozen=True)
class SetAside:
    """A photo that was not used, and why. `doubtful`: boxes that a person gives would mend it; what was found is told."""

    file: str
    why: str
    doubtful: bool = False
    thing: PixelBox | None = None
    wearer: PixelBox | None = None


@dataclass(frozen=True)
class Manifest:
    """`folder` is where the photos were; with the boxes they are the references for scoring. `reg_token` is what wearers are
    trained under: the trigger, as kohya does it, or a class such as `girl`."""

    kind: LoraKind
    trigger: str
    folder: str
    train_repeats: int
    reg_repeats: int
    photos: tuple[PhotoRecord, ...]
    set_aside: tuple[SetAside, ...]
    warnings: tuple[str, ...]
    reg_token: str

    def write(self, dataset: Path) -> None:
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False)
        (dataset / NAME).write_text(text + "\n", encoding="utf-8")


def read_manifest(dataset: Path) -> Manifest:
    """Raises InputError if `dataset` was not made by `prepare` or its manifest is damaged."""
    path = dataset / NAME
    if not path.is_file():
        raise InputError("not a prepared training set (no manifest.json)", dataset, "name a folder made by huanhua prepare")
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held.pop("format") != FORMAT:
            raise InputError("a manifest of another version", path, "run huanhua prepare again into a new folder")
        photos = tuple(_photo(p) for p in held.pop("photos"))
        aside = tuple(_aside(a) for a in held.pop("set_aside"))
        held.setdefault("reg_token", held["trigger"])
        return Manifest(photos=photos, set_aside=aside, warnings=tuple(held.pop("warnings")), **held)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError("a damaged manifest", path, "run huanhua prepare again into a new folder") from error


def _aside(held: dict[str, Any]) -> SetAside:
    boxes = {name: PixelBox(*(float(v) for v in held[name])) for name in ("thing", "wearer") if held.get(name) is not None}
    return SetAside(str(held["file"]), str(held["why"]), bool(held.get("doubtful", False)), **boxes)


def _photo(held: dict[str, Any]) -> PhotoRecord:
    width, height = (int(v) for v in held["size"])
    return PhotoRecord(
        file=str(held["file"]),
        sha256=str(held["sha256"]),
        size=(width, height),
        thing=PixelBox(*(float(v) for v in held["thing"])),
        wearer=PixelBox(*(float(v) for v in held["wearer"])),
        train=_cut(held["train"]),
        reg=_cut(held["reg"]),
    )


def _cut(held: dict[str, Any]) -> Cut:
    left, top, right, bottom = (int(v) for v in held["window"])
    width, height = (int(v) for v in held["size"])
    caption = held["caption"]
    return Cut(
        file=str(held["file"]),
        window=(left, top, right, bottom),
        size=(width, height),
        tags=tuple(str(tag) for tag in held["tags"]),
        caption=None if caption is None else str(caption),
    )
