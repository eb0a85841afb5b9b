"""The pictures that plugged-in scorers compare a LoRA's region with: its photos, or the crops of its training set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import InputError
from models.io.images import list_photos, open_photo
from models.lora_kinds import ScoredKind
from trainers.prepare.manifest import NAME, read_manifest

if TYPE_CHECKING:
    from PIL.Image import Image

    from studies.lora_files.section import LoraSection


@dataclass(frozen=True)
class RegionPhotos:
    """Where one LoRA's pictures lie. Creating one opens nothing."""

    kind: ScoredKind
    folder: Path

    def files(self) -> list[Path]:
        """Raises InputError if there are none."""
        if (self.folder / NAME).is_file():
            return [self.folder / record.widest.file for record in read_manifest(self.folder).photos]
        return list_photos(self.folder)

    def open(self) -> tuple[Image, ...]:
        """Those that open, in RGB; `studies.references.unopened` names the others. Raises InputError if none does."""
        found = []
        for file in self.files():
            try:
                found.append(open_photo(file))
            except InputError:
                continue
        if not found:
            raise InputError("no reference photo opens", self.folder, "give JPEG or PNG photos")
        return tuple(found)


def region_photos(loras: Mapping[str, LoraSection], root: Path) -> dict[str, RegionPhotos]:
    """By LoRA, those that have reference photos; folders are named from `root`."""
    return {
        name: RegionPhotos(lora.kind, (root / lora.references).expanduser())
        for name, lora in loras.items()
        if lora.references is not None and lora.kind != "other"
    }
