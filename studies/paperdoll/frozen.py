"""The lab's models as they were frozen: the hash of each folder, and of the models that it was made from.

A model that is made again makes those that depend on it stale: they were trained on images that it no longer draws. Order and
consequences: docs/decisions/0021.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.files import write_whole
from models.language.translate import phrase
from studies.paperdoll.bundle import WEIGHTS

DEPENDS_ON: Final[dict[str, tuple[str, ...]]] = {
    "base": (),
    "parser": (),
    "faces": (),
    "clip": (),
    "tagger": (),
    "hands": ("base",),
    "loras": ("base", "parser", "tagger"),
    "control": ("base",),
}
"""The models that were used to make each model."""
RECORD: Final = "frozen.json"


def digest(folder: Path) -> str:
    """A hash of all files in the folder, names included; the same on every system."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        total.update(len(name).to_bytes(4, "big") + name + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def freeze(model: str, weights: Path = WEIGHTS) -> None:
    """Records the hashes of `model` and of what it depends on."""
    record = _read(weights)
    record[model] = {name: digest(weights / name) for name in (model, *DEPENDS_ON[model])}
    write_whole(weights / RECORD, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())


def stale(weights: Path = WEIGHTS) -> dict[str, str]:
    """The models that are not as they were frozen, or depend on one that was made again, and the reason."""
    record, now = _read(weights), {name: digest(weights / name) for name in DEPENDS_ON}
    found = {}
    for model, parents in DEPENDS_ON.items():
        if model not in record:
            found[model] = "never frozen"
            continue
        changed = [name for name in (model, *parents) if record[model].get(name) != now[name]]
        if changed:
            found[model] = "its files changed" if model in changed else f"{changed[0]} was made again"
    return found


def check(weights: Path = WEIGHTS) -> None:
    """Raises InputError if a model's files are not those that were frozen."""
    for model, hashes in _read(weights).items():
        if hashes[model] != digest(weights / model):
            raise InputError(
                phrase("the lab's {model} is damaged", model=model), weights / model, "check the repository out again"
            )


def _read(weights: Path) -> dict[str, dict[str, str]]:
    path = weights / RECORD
    record: Mapping[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return dict(record)
