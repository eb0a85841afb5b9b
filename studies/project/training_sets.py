"""The training sets that lie in a project, and what each is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from models.lora_kinds import LoraKind
from trainers.prepare.manifest import NAME, read_manifest


@dataclass(frozen=True)
class SetFacts:
    """What a training set tells of itself; None where it was not made by `prepare`."""

    folder: Path
    kind: LoraKind | None
    trigger: str | None


def set_facts(folder: Path) -> SetFacts:
    """Of one set. Raises InputError if it is not there, or its manifest is damaged."""
    if not folder.is_dir():
        raise InputError("no such training set", folder, "make one with `huanhua prepare`")
    if not (folder / NAME).is_file():
        return SetFacts(folder, None, None)
    manifest = read_manifest(folder)
    return SetFacts(folder, manifest.kind, manifest.trigger)


def sets_in(folder: Path) -> list[SetFacts]:
    """Those that `prepare` made, right below `folder`, by name; damaged ones are left out."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            facts = set_facts(path)
        except InputError:
            continue
        if facts.trigger is not None:
            found.append(facts)
    return found
