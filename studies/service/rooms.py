"""What a service has: the studies and the LoRAs of one folder, and nothing outside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import InputError, TakenError
from models.language.translate import phrase
from studies.derive.new_folder import NAME, NAME_MEND, is_name
from studies.project.folder import DATA, LORAS, MODELS, PHOTOS, STUDIES, absolute, project_of
from studies.project.typed import STUDY_FILE

OWN: Final = "~"
"""The id of the study that is the served folder itself; no other study can have this name."""
STATE: Final = ".wardrobe"
"""The folder of the service's own lock, log and hashed token."""
SETS: Final = "sets"


class NotThereError(InputError):
    """What is asked for by its name is not here."""


@dataclass(frozen=True)
class Rooms:
    """A project, a study's folder with those that came of it, or a folder of studies. `root` is absolute."""

    root: Path

    @property
    def studies_folder(self) -> Path:
        """Where new studies are written."""
        return self.root / STUDIES if self._has_own() or project_of(self.root) == self.root else self.root

    @property
    def state(self) -> Path:
        return self.root / STATE

    @property
    def loras_folder(self) -> Path:
        return self.root / LORAS

    @property
    def photos_folder(self) -> Path:
        """Of folders of photos, a LoRA each."""
        return self.root / PHOTOS

    @property
    def data_folder(self) -> Path:
        """Of training sets."""
        return self.root / DATA

    @property
    def models_folder(self) -> Path:
        return self.root / MODELS

    @property
    def set_jobs_folder(self) -> Path:
        """Where the jobs of training sets are kept, as those of studies are in their workspaces."""
        return self.state / SETS

    def job_folders(self) -> list[Path]:
        """The folders beside whose workspaces jobs may wait: studies, and training sets."""
        folder = self.set_jobs_folder
        return [*self.folders().values(), *(sorted(folder.iterdir()) if folder.is_dir() else ())]

    def folders(self) -> dict[str, Path]:
        """The studies' folders by id, as they are now: the served folder's own first, the others by name. Raises InputError
        where the served folder itself is gone."""
        self.check_there()
        found = {OWN: self.root} if self._has_own() else {}
        return found | {folder.name: folder for folder in self._inner()}

    def check_there(self) -> None:
        """Raises NotThereError where the served folder itself is gone: nothing is made in its place."""
        if not self.root.is_dir():
            raise NotThereError("the served folder is gone", self.root, "bring it back, or serve another")

    def folder(self, study: str) -> Path:
        """Raises NotThereError for an id of which there is no study now."""
        # Looked up among those that are there: no text of a request is ever joined to a path.
        found = self.folders().get(study)
        if found is None:
            raise NotThereError(phrase("no such study: {study}", study=study[:80]), self.root, "see the list of studies")
        return found

    def new_folder(self, name: str) -> Path:
        """The folder of a new study. Raises InputError for what is no name, or one that is taken."""
        folder = self.studies_folder / name
        if not is_name(name) or folder.parent != self.studies_folder:
            raise InputError(phrase("no name for a study: {name}", name=name[:80]), "name", NAME_MEND)
        if folder.exists():
            raise TakenError("there is something already", folder, "give it another name")
        return folder

    def _has_own(self) -> bool:
        return (self.root / STUDY_FILE).is_file()

    def _inner(self) -> Iterator[Path]:
        folder = self.studies_folder
        for place in sorted(folder.iterdir()) if folder.is_dir() else ():
            if NAME.fullmatch(place.name) and (place / STUDY_FILE).is_file():
                yield place


def rooms_of(folder: Path) -> Rooms:
    """`folder` is a project, a study (its folder or its file) or its workspace, or a folder of studies. Raises InputError for any
    other."""
    if folder.is_file():
        if folder.name != STUDY_FILE:
            raise InputError("this is a file", folder, "name a project, a study's folder or a folder of studies")
        folder = folder.parent
    if not folder.is_dir():
        raise InputError("no such folder", folder, "`huanhua demo` makes one to try, `huanhua new DIR` a project")
    place = absolute(folder)
    if not (place / STUDY_FILE).is_file() and (place.parent / STUDY_FILE).is_file() and (place / "images").is_dir():
        place = place.parent
    found = Rooms(place)
    if not found.folders() and project_of(place) != place:
        mend = "name a project, a study's folder or a folder of studies; `huanhua new DIR` makes a project"
        raise InputError("there is no study here", folder, mend)
    return found
