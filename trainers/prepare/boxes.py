"""`boxes.json`: where the thing and its wearer are in each photo, as located or as a person wrote it.

{"IMG_1.jpg": {"thing": [left, top, right, bottom], "wearer": [...], "by": "hand"}}: pixels of the upright photo. `prepare` writes
the file next to its manifest. From then on it takes boxes that a person changes there, or writes into another file, as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from models.boxes import PixelBox
from models.errors import InputError
from trainers.prepare.locator import Located
from trainers.prepare.manifest import Manifest

NAME: Final = "boxes.json"
HAND: Final = "hand"
HINT: Final = 'write {"photo.jpg": {"thing": [left, top, right, bottom], "wearer": [...]}}'


def read_boxes(path: Path) -> dict[str, Located]:
    """The photos of a boxes file that have both boxes. Raises InputError for a file of another form."""
    return {name: found for name, (found, _) in _read(path).items() if found.thing and found.wearer}


def corrected(path: Path, before: Manifest) -> dict[str, Located]:
    """Of the boxes file of an earlier run those by a person: marked so, or different from the manifest's."""
    if not path.exists():
        return {}
    stored = {p.file: (p.thing, p.wearer) for p in before.photos}
    return {
        name: found
        for name, (found, by_hand) in _read(path).items()
        if found.thing and found.wearer and (by_hand or stored.get(name) != (found.thing, found.wearer))
    }


def write_boxes(path: Path, manifest: Manifest, given: Mapping[str, Located]) -> None:
    """Of all photos of the manifest; doubtful ones with the boxes that were found, for a person to complete."""
    entries = {p.file: _entry(p.thing, p.wearer, p.file in given) for p in manifest.photos}
    entries |= {a.file: _entry(a.thing, a.wearer, a.file in given) for a in manifest.set_aside if a.doubtful}
    lines = [f" {json.dumps(name, ensure_ascii=False)}: {json.dumps(entry)}" for name, entry in sorted(entries.items())]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _entry(thing: PixelBox | None, wearer: PixelBox | None, by_hand: bool) -> dict[str, Any]:
    return {"thing": thing, "wearer": wearer, **({"by": HAND} if by_hand else {})}


def _read(path: Path) -> dict[str, tuple[Located, bool]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        return {str(n): (Located(_box(e.get("thing")), _box(e.get("wearer"))), e.get("by") == HAND) for n, e in content.items()}
    except OSError as error:
        raise InputError("no such boxes file", path, "check the path") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InputError("not a boxes file", path, HINT) from error


def _box(value: Any) -> PixelBox | None:
    return None if value is None else PixelBox(*(float(side) for side in _four(value)))


def _four(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("four sides are needed")
    return value
