"""The project folder: models, photos, training sets, LoRAs and studies in one place (decision 0033)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MARKER: Final = "huanhua.yaml"
"""The file that makes a folder a project."""
MODELS, PHOTOS, DATA, LORAS, STUDIES = "models", "photos", "data", "loras", "studies"
FOLDERS: Final = (MODELS, PHOTOS, DATA, LORAS, STUDIES)
"""The folders of a project."""


def absolute(place: Path) -> Path:
    """Without `..` and `~`; links are not followed: a linked study belongs to the project that it is linked into."""
    return Path(os.path.abspath(place.expanduser()))  # noqa: PTH100


def project_of(place: Path) -> Path | None:
    """The project folder that `place` is or lies in, as an absolute path; the innermost one. `place` need not exist."""
    start = absolute(place)
    return next((folder for folder in (start, *start.parents) if (folder / MARKER).is_file()), None)


def named_from(start: Path, path: Path) -> str:
    """`path` as a study names it whose names start at `start`: relative to that, but what is outside of a project absolute."""
    place, project = absolute(path), project_of(start)
    if project is not None and not place.is_relative_to(project):
        return place.as_posix()
    try:
        return Path(os.path.relpath(place, absolute(start))).as_posix()
    except ValueError:  # another drive
        return place.as_posix()


def names_start(study: Path) -> Path:
    """The folder that relative names in a study file start from, by the folder of that file.

    It is the project's for a study below the project's `studies`, and the study's own for any other.
    """
    project = project_of(study)
    if project is None:
        return study
    within = absolute(study).relative_to(project).parts
    return project if within[:1] == (STUDIES,) else study
