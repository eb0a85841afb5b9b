"""The lab's models as they were frozen: what each file folder must hash to, and which models each was made from.

A model that was made again makes those that stand on it stale: they were trained on what it no longer draws. Order and
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
from studies.paperdoll.bundle import WEIGHTS

STANDS_ON: Final[dict[str, tuple[str, ...]]] = {
    "base": (),
    "parser": (),
    "faces": (),
    "clip": (),
    "tagger": (),
    "hands": ("base",),
    "loras": ("base", "parser", "tagger"),
}
"""For each model those that were used to make it."""
RECORD: Final = "frozen.json"


def digest(folder: Path) -> str:
    """A hash of all files in the folder, names included; the same on every system."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix().encode()
        total.update(len(name).to_bytes(4, "big") + name + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def freeze(model: str, weights: Path = WEIGHTS) -> None:
    """Records `model` as it is now, with what it stands on as that is now."""
    held = _read(weights)
    held[model] = {name: digest(weights / name) for name in (model, *STANDS_ON[model])}
    write_whole(weights / RECORD, (json.dumps(held, indent=1, sort_keys=True) + "\n").encode())


def stale(weights: Path = WEIGHTS) -> dict[str, str]:
    """The models that are not as they were frozen, or stand on one that was made again, and why."""
    held, now = _read(weights), {name: digest(weights / name) for name in STANDS_ON}
    found = {}
    for model, parents in STANDS_ON.items():
        if model not in held:
            found[model] = "never frozen"
            continue
        changed = [name for name in (model, *parents) if held[model].get(name) != now[name]]
        if changed:
            found[model] = "its files changed" if model in changed else f"{changed[0]} was made again"
    return found


def check(weights: Path = WEIGHTS) -> None:
    """Raises InputError if a model's files are not those that were frozen."""
    for model, known in _read(weights).items():
        if known[model] != digest(weights / model):
            raise InputError(f"the lab's {model} is damaged", weights / model, "check the repository out again")


def _read(weights: Path) -> dict[str, dict[str, str]]:
    path = weights / RECORD
    held: Mapping[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return dict(held)
