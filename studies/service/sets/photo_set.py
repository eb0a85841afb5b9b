"""A LoRA in the making: a folder of photos, the training set cut of them, and the LoRA trained on that.

`photos/NAME` and `data/NAME` are the folders that `huanhua boxes`, `prepare` and `train` take; nothing else is stored but what
the LoRA is to be of, until the training set's own manifest says it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError, TakenError
from models.io.disk import writing
from models.io.files import write_whole
from models.io.images import list_photos
from models.language.translate import phrase
from models.lora_kinds import LoraKind, is_kind
from studies.derive.new_folder import NAME, NAME_MEND, is_name
from studies.project.training_sets import set_facts
from studies.service.rooms import NotThereError, Rooms
from studies.workspace import Workspace, workspace_of
from trainers.prepare.boxes import NAME as BOXES
from trainers.prepare.captions import check_trigger
from trainers.prepare.manifest import NAME as MANIFEST

FACTS: Final = "set.json"
"""In the folder of the set's job: its kind."""


@dataclass(frozen=True)
class PhotoSet:
    """One of a served folder; its folders need not be there yet."""

    rooms: Rooms
    name: str

    @property
    def photos(self) -> Path:
        return self.rooms.photos_folder / self.name

    @property
    def data(self) -> Path:
        """The training set."""
        return self.rooms.data_folder / self.name

    @property
    def jobs(self) -> Path:
        """The folder of its job, as a study's folder is of the study's."""
        return self.rooms.set_jobs_folder / self.name

    @property
    def workspace(self) -> Workspace:
        return workspace_of(self.jobs / "study.yaml")

    @property
    def samples(self) -> Path:
        """Images that its last training drew."""
        return self.workspace.root / "samples"

    @property
    def is_cut(self) -> bool:
        """Whether the training set is there."""
        return (self.data / MANIFEST).is_file()

    def facts(self) -> tuple[LoraKind | None, str]:
        """What it is of, None where nothing says it, and its trigger word. Raises InputError for a damaged training set."""
        if self.is_cut:
            found = set_facts(self.data)
            return found.kind, found.trigger or self.name
        return self._kind(), self.name

    def kind(self) -> LoraKind:
        """Raises InputError where nothing says it."""
        found = self.facts()[0]
        if found is None:
            raise InputError("nothing says what these photos are of", self.photos, "say it: face, clothing, shoes or other")
        return found

    def photo_names(self) -> list[str]:
        """File names of its photos, in order; none where there is no photo."""
        try:
            return [path.name for path in list_photos(self.photos)]
        except InputError:
            return []

    def photo(self, name: str) -> Path:
        """Raises NotThereError for a name of which there is no photo."""
        # Looked up among those that are there: no text of a request is ever joined to a path.
        if name not in self.photo_names():
            raise NotThereError("no such photo in this set", name[:80], "load the page again")
        return self.photos / name

    def is_stale(self) -> bool:
        """Whether photos or boxes changed since the training set was cut."""
        if not self.is_cut:
            return True
        cut = (self.data / MANIFEST).stat().st_mtime_ns
        boxes = self.photos / BOXES
        changed = [boxes] if boxes.is_file() else []
        return any(path.stat().st_mtime_ns > cut for path in [*changed, *(self.photos / name for name in self.photo_names())])

    def _kind(self) -> LoraKind | None:
        try:
            found = json.loads((self.jobs / FACTS).read_text(encoding="utf-8"))["kind"]
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return found if isinstance(found, str) and is_kind(found) else None


def sets_of(rooms: Rooms) -> list[PhotoSet]:
    """All folders of photos, and those whose photos are still to come; by name."""
    rooms.check_there()
    found = {place.name for place in _folders(rooms.photos_folder)} | {place.name for place in _folders(rooms.set_jobs_folder)}
    return [PhotoSet(rooms, name) for name in sorted(found)]


def set_of(rooms: Rooms, name: str) -> PhotoSet:
    """Raises NotThereError for a name of which there is no set."""
    found = next((each for each in sets_of(rooms) if each.name == name), None)
    if found is None:
        raise NotThereError(phrase("no such set of photos: {name}", name=name[:80]), rooms.root, "see the list of sets")
    return found


def new_set(rooms: Rooms, name: str, kind: LoraKind) -> PhotoSet:
    """A new one, whose trigger word is its name, or a folder of photos of which nothing says what they are of. Raises InputError
    for what is no name, and TakenError for a set that is known."""
    rooms.check_there()
    if not is_name(name):
        raise InputError(phrase("no name for a LoRA: {name}", name=name[:80]), "name", NAME_MEND)
    check_trigger(name)
    made = PhotoSet(rooms, name)
    if made.is_cut or made.facts()[0] is not None:
        raise TakenError("a set of this name is there already", made.photos, "choose it in the list, or give another name")
    with writing(made.photos):
        made.photos.mkdir(parents=True, exist_ok=True)
        write_whole(made.jobs / FACTS, json.dumps({"kind": kind}).encode())
    return made


def _folders(folder: Path) -> list[Path]:
    return [place for place in folder.iterdir() if place.is_dir() and NAME.fullmatch(place.name)] if folder.is_dir() else []
