"""`boxes.json`: where the thing and its wearer are in each photo, as located or as a person drew it.

{"IMG_1.jpg": {"thing": [left, top, right, bottom], "wearer": [...], "by": "hand"}}: pixels of the upright photo. An entry by hand
whose wearer is null has none in the photo; {"skip": true} leaves a photo out. `prepare` writes the file next to its manifest,
`huanhua boxes` next to the photos. What a person changed in either is taken as it is.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from models.boxes import DrawnBoxes, PixelBox
from models.errors import InputError
from models.io.images import photo_size
from models.language.translate import phrase
from trainers.prepare.manifest import Manifest
from trainers.prepare.names import NAMED, readable

NAME: Final = "boxes.json"
HAND: Final = "hand"
KEYS: Final = ("thing", "wearer", "by", "skip")
HINT: Final = (
    'write {"photo.jpg": {"thing": [left, top, right, bottom], "wearer": [...]}}, or draw them with `huanhua boxes PHOTOS`'
)


def read_boxes(path: Path) -> dict[str, DrawnBoxes]:
    """The entries of a boxes file by photo. Raises InputError for another form, a misspelt key and what is no box."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError("no such boxes file", path, "check the path, or draw one with `huanhua boxes PHOTOS`") from error
    except (ValueError, RecursionError) as error:
        raise InputError("not a boxes file", path, HINT) from error
    if not isinstance(content, dict):
        raise InputError("not a boxes file", path, HINT)
    return {name: _entry(name, value, path) for name, value in content.items()}


def chosen_boxes(path: Path) -> dict[str, DrawnBoxes]:
    """The entries of a boxes file that decide something: a person's wishes for these photos."""
    return {name: boxes for name, boxes in read_boxes(path).items() if boxes.skip or boxes.thing is not None}


def corrected(path: Path, before: Manifest) -> dict[str, DrawnBoxes]:
    """Of the boxes file of an earlier run what a person wrote: marked so, or different from the manifest's."""
    if not path.exists():
        return {}
    stored = {p.file: (p.thing, p.wearer) for p in before.photos}
    return {
        name: boxes
        for name, boxes in read_boxes(path).items()
        if boxes.is_complete and (boxes.by_hand or boxes.skip or stored.get(name) != (boxes.thing, boxes.wearer))
    }


def write_boxes(path: Path, manifest: Manifest, given: Mapping[str, DrawnBoxes]) -> None:
    """Of all photos of the manifest; doubtful ones with the boxes that were found, for a person to complete."""
    entries = {
        p.file: DrawnBoxes(p.thing, None if p.file in given and given[p.file].is_alone else p.wearer, p.file in given)
        for p in manifest.photos
    }
    entries |= {a.file: DrawnBoxes(a.thing, a.wearer, a.file in given) for a in manifest.set_aside if a.doubtful}
    entries |= {name: boxes for name, boxes in given.items() if boxes.skip}
    path.write_text(boxes_text(entries), encoding="utf-8")


def boxes_text(entries: Mapping[str, DrawnBoxes]) -> str:
    """The text of a boxes file, one photo a line."""
    lines = [f" {json.dumps(name, ensure_ascii=False)}: {json.dumps(_plain(boxes))}" for name, boxes in sorted(entries.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def unknown_photos(given: Collection[str], names: Collection[str], path: Path) -> str | None:
    """One line on entries of photos that are not in the folder; None if there are none. Raises InputError if all are such."""
    unknown = sorted(set(given) - set(names))
    if not unknown:
        return None
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(unknown[0].lower(), lowered, 1, cutoff=0.8)
    meant = phrase(" (did you mean {lowered}?)", lowered=readable(lowered[near[0]])) if near else ""
    shown = ", ".join(readable(name) for name in unknown[:NAMED])
    more = phrase(" and {count} more", count=len(unknown) - NAMED) if len(unknown) > NAMED else ""
    what = phrase(
        "boxes of {count} photos that are not in the folder: {shown}{more}{meant}",
        count=len(unknown),
        shown=shown,
        more=more,
        meant=meant,
    )
    if len(unknown) == len(set(given)):
        raise InputError(what, path, "write the photos' names as they are, capitals and endings too")
    return what


def refuse_outside(given: Mapping[str, DrawnBoxes], paths: Sequence[Path], file: Path) -> None:
    """Raises InputError for a box that lies wholly outside its photo or is larger, drawn for another photo, and for a thing that
    lies wholly outside its wearer."""
    for path in paths:
        boxes = given.get(path.name, DrawnBoxes())
        drawn = {"thing": boxes.thing, "wearer": boxes.wearer}
        size = photo_size(path) if not boxes.skip and any(drawn.values()) else None
        for key, box in drawn.items():
            if box is None or size is None or _overlaps(box, *size):
                continue
            shown = ", ".join(f"{side:g}" for side in box)
            what = phrase(
                "{key} of {name} is {shown}, but the photo has {size} x {size_2} pixels",
                key=key,
                name=readable(path.name),
                shown=shown,
                size=size[0],
                size_2=size[1],
            )
            raise InputError(what, file, "draw it anew with `huanhua boxes PHOTOS`, or write pixels of the upright photo")
        if boxes.thing and boxes.wearer and not _meet(boxes.thing, boxes.wearer):
            what = phrase("the thing of {name} lies wholly outside its wearer", name=readable(path.name))
            raise InputError(what, file, "draw both anew with `huanhua boxes PHOTOS`; where nobody wears it, write wearer: null")


def _meet(one: PixelBox, other: PixelBox) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def _overlaps(box: PixelBox, width: int, height: int) -> bool:
    """Whether a box may be meant for a photo of this size: a rounded side may lie a little outside."""
    fits = box.right - box.left <= width + 1 and box.bottom - box.top <= height + 1
    return fits and box.left < width and box.top < height and box.right > 0 and box.bottom > 0


def _plain(boxes: DrawnBoxes) -> dict[str, Any]:
    if boxes.skip:
        return {"skip": True, "by": HAND}
    return {"thing": boxes.thing, "wearer": boxes.wearer, **({"by": HAND} if boxes.by_hand else {})}


def _entry(name: str, value: Any, path: Path) -> DrawnBoxes:
    if not isinstance(value, dict):
        raise InputError(phrase("not a boxes file: what stands for {name} is no entry", name=readable(name)), path, HINT)
    wrong = next((key for key in value if key not in KEYS), None)
    if wrong is not None:
        near = difflib.get_close_matches(wrong, KEYS, 1)
        mend = phrase("write {near}", near=near[0]) if near else phrase("the keys are {keys}", keys=", ".join(KEYS))
        raise InputError(
            phrase("no such key in a boxes file: {name} has '{wrong}'", name=readable(name), wrong=readable(wrong)), path, mend
        )
    if not isinstance(value.get("skip", False), bool):
        raise InputError(phrase("not a boxes file: skip of {name} is neither true nor false", name=readable(name)), path, HINT)
    thing, wearer = (
        _box(value.get(key), phrase("{key} of {name}", key=key, name=readable(name)), path) for key in ("thing", "wearer")
    )
    return DrawnBoxes(thing, wearer, value.get("by") == HAND, value.get("skip", False))


def _box(value: Any, where: str, path: Path) -> PixelBox | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4 or not all(_is_number(side) for side in value):
        raise InputError(phrase("not a boxes file: {where} is no list of four numbers", where=where), path, HINT)
    left, top, right, bottom = (float(side) for side in value)
    if not (left < right and top < bottom):
        shown = ", ".join(f"{side:g}" for side in (left, top, right, bottom))
        raise InputError(
            phrase("a box without an inside: {where} is {shown}", where=where, shown=shown),
            path,
            "write left, top, right, bottom in pixels",
        )
    return PixelBox(left, top, right, bottom)


def _is_number(side: Any) -> bool:
    return isinstance(side, (int, float)) and not isinstance(side, bool) and abs(side) < 1e9
