"""Recommended weights into the files that other programs keep beside a LoRA.

NAME.json is A1111's and Forge's own (`preferred weight`), NAME.metadata.json that of ComfyUI-Lora-Manager (`usage_tips`, a JSON
text of strength, strength_min and strength_max). What a person or another program wrote there stays: the key `huanhua` holds what
was written from here, and only a value that is still the same is written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.disk import writing
from models.io.files import write_whole
from models.io.hashing import hash_path
from studies.export.recommended_weights import Recommended

OWN: Final = "huanhua"
WEIGHT: Final = "preferred weight"
TIPS: Final = "usage_tips"
BASES: Final[Mapping[str | None, str]] = {"SD 1.x": "SD 1.5", "SD 2.x": "SD 2.1", "SDXL": "SDXL 1.0"}
"""The manager's names of base models, by the families that shapes point to (models.lora.families)."""


@dataclass(frozen=True)
class Sidecar:
    """One file beside a LoRA, as it is to be."""

    path: Path
    record: Mapping[str, Any]
    written: Mapping[str, Any]
    """What is new or newer in it; the file stays as it is where that is nothing."""
    kept: Mapping[str, Any] = field(default_factory=dict)
    """Values of somebody else that differ, and stay."""

    def store(self) -> None:
        """Whole or not at all."""
        if not self.written:
            return
        # Through a link, which some managers make of these files.
        place = self.path.resolve()
        with writing(place):
            write_whole(place, json.dumps(self.record, indent=4, ensure_ascii=False).encode())


def sidecars_of(lora: Path, found: Recommended) -> tuple[Sidecar, Sidecar]:
    """A1111's and the manager's beside the file `lora`. Writes nothing.

    Raises InputError if `lora` is no file, or one of the two holds something else than a JSON object.
    """
    if not lora.is_file():
        raise InputError("not a LoRA file", lora, "weights are written beside .safetensors files")
    a1111, manager = lora.with_suffix(".json"), lora.with_suffix(".metadata.json")
    record, managed = _object(a1111) or {}, _object(manager) or _manager_record(lora)
    merged, own, kept = _merged(record, _own(record), {WEIGHT: found.weight})
    return Sidecar(a1111, {**merged, OWN: own}, own, kept), _with_tips(manager, managed, found)


def _with_tips(path: Path, record: Mapping[str, Any], found: Recommended) -> Sidecar:
    try:
        tips = json.loads(record.get(TIPS) or "{}")
    except (ValueError, TypeError):
        tips = None
    if not isinstance(tips, dict):
        return Sidecar(path, record, {}, {TIPS: record[TIPS]})
    span = {"strength_min": found.low, "strength_max": found.high} if found.seeds > 1 else {}
    wanted = {"strength": found.weight, **span}
    if "strength" in _merged(tips, _own(record), wanted)[2]:
        # A range that may not hold somebody else's strength would belie it.
        wanted = {"strength": found.weight}
    merged, own, kept = _merged(tips, _own(record), wanted)
    return Sidecar(path, {**record, TIPS: json.dumps(merged), OWN: own}, own, kept)


def _merged(
    record: Mapping[str, Any], own: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The record with what may be written, that alone, and what stays as somebody else wrote it."""
    free = {key for key in wanted if _is_unset(record.get(key)) or (key in own and record[key] == own[key])}
    kept = {key: record[key] for key in wanted if key not in free and record[key] != wanted[key]}
    written = {key: wanted[key] for key in wanted if key in free}
    return {**record, **written}, written, kept


def _is_unset(value: object) -> bool:
    """A1111 writes 0 for no preferred weight; NaN is no JSON."""
    return value is None or value in ("", 0) or value != value


def _own(record: Mapping[str, Any]) -> Mapping[str, Any]:
    own = record.get(OWN)
    return own if isinstance(own, dict) else {}


def _object(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("does not read as JSON", path, "mend it or move it away: nothing was written") from error
    if not isinstance(found, dict):
        raise InputError("no JSON object", path, "mend it or move it away: nothing was written")
    return found


def _manager_record(lora: Path) -> dict[str, Any]:
    """What ComfyUI-Lora-Manager needs to take a record as one of its own."""
    from models.lora.summary import summarise

    found = summarise(lora)
    stat = lora.stat()
    return {
        "file_name": lora.stem,
        "model_name": lora.stem,
        "file_path": lora.resolve().as_posix(),
        "size": stat.st_size,
        "modified": stat.st_mtime,
        "sha256": hash_path(lora),
        "base_model": BASES.get(found.family, "Unknown"),
        "preview_url": "",
        "from_civitai": False,
        TIPS: "{}",
    }
