"""What a person names on the command line, from anywhere inside a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import InputError
from models.language.translate import phrase
from studies.project.folder import FOLDERS, STUDIES, absolute, project_of

if TYPE_CHECKING:
    from studies.project.webui.program import Sort

STUDY_FILE: Final = "study.yaml"


def typed_path(text: str | Path) -> Path:
    """The file or folder of that name, which need not exist.

    A name such as `loras/dress.safetensors`, which begins with one of a project's folders, means the project's where the current
    folder has nothing of that name.
    """
    path = Path(text)
    project = project_of(Path())
    if project is None or path.is_absolute() or path.parts[:1] == ("~",) or _is_here(path):
        return path
    return project / path if path.parts[:1] and path.parts[0] in FOLDERS and not _is_root(project) else path


def typed_model(text: str) -> str:
    """As `typed_path` where that is on this machine; any other name, such as a hub's, as it is."""
    path = typed_path(text)
    return str(path) if path != Path(text) and path.exists() else text


def typed_base(text: str) -> str:
    """As `typed_model`; a name that is not there may be that of a checkpoint in a WebUI's folder which the project uses."""
    found = typed_model(text)
    path = None if Path(found).exists() else _in_webuis(text, "checkpoint")
    return found if path is None else str(path)


def typed_lora(text: str | Path) -> Path:
    """As `typed_path`; a name that is not there may be that of a LoRA in a WebUI's folder which the project uses."""
    return _typed_file(text, "LoRA")


def typed_upscaler(text: str | Path) -> Path:
    """As `typed_path`; a name that is not there may be that of an upscaler in a WebUI's folder which the project uses."""
    return _typed_file(text, "upscaler")


def typed_study(text: str | Path) -> Path:
    """The study of that name: a study.yaml or its folder, or the name of a folder in the project's `studies`."""
    path = typed_path(text)
    named = _in_studies(path)
    is_study = path.is_file() or (path / STUDY_FILE).is_file()
    return named if named is not None and not is_study and (named / STUDY_FILE).is_file() else path


def typed_new_study(text: str | Path) -> Path:
    """The folder of a new study: within a project a plain name is a folder in `studies`. Raises InputError for no name."""
    if not str(text):
        raise InputError("no folder is named", "DIR", "name one, or '.' for this one")
    path = typed_path(text)
    named = _in_studies(path)
    if named is None:
        _refuse_folder(path)
    return path if named is None else named


def shown(path: Path) -> str:
    """The name of a place for a command that is typed next: a study in `studies` by its name alone, others from here if below."""
    place, project = absolute(path), project_of(Path())
    if project is not None and place.parent == project / STUDIES:
        return place.name
    for start in (Path.cwd(), *(() if project is None else (project,))):
        if place.is_relative_to(start):
            return place.relative_to(start).as_posix()
    return str(path)


def _typed_file(text: str | Path, sort: Sort) -> Path:
    path = typed_path(text)
    return path if _is_here(path) else _in_webuis(text, sort) or path


def _in_webuis(text: str | Path, sort: Sort) -> Path | None:
    from studies.project.webui.program import file_named
    from studies.project.webui.recorded import webuis_of

    project = project_of(Path())
    return None if project is None or Path(text).is_absolute() else file_named(str(text), sort, webuis_of(project))


def _refuse_folder(path: Path) -> None:
    """Raises InputError for a place in a folder of the project that holds no studies, and for the folder of studies itself."""
    project = project_of(path)
    within = () if project is None else absolute(path).relative_to(project).parts
    if within[:1] != () and within[0] in FOLDERS and (within[0] != STUDIES or within == (STUDIES,)):
        raise InputError(
            phrase("{within} is a folder of the project, not a study", within=within[0]), path, "name a study, such as my-study"
        )


def _in_studies(path: Path) -> Path | None:
    """The folder of a plain name in the project's `studies`; None for other names, and outside a project."""
    project = project_of(Path())
    if project is None or len(path.parts) != 1 or path.is_absolute() or path.name in (*FOLDERS, "", ".."):
        return None
    return Path(STUDIES, path) if _is_root(project) else project / STUDIES / path


def _is_here(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file system takes
        return True


def _is_root(project: Path) -> bool:
    return project == absolute(Path())
