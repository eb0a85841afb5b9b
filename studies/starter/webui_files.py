"""The files that a picture names, where a WebUI or ComfyUI has them: a study names these by their absolute places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.errors import InputError
from studies.project.folder import MODELS
from studies.project.webui.program import Sort, Webui, file_named
from studies.starter.from_picture import StudySettings

PICKLED: Final = (".ckpt", ".pt", ".bin")


def name_files(found: StudySettings, start: Path, webuis: Sequence[Webui]) -> None:
    """Base, VAE and embeddings that do not lie where the study's names start, at `start`, but in a program's folder."""
    found.model = _place(found, "checkpoint", Path(MODELS, found.model), start, webuis) or found.model
    if found.vae:
        found.vae = _place(found, "VAE", Path(MODELS, found.vae), start, webuis) or found.vae
    found.embeddings = [_place(found, "embedding", Path(name), start, webuis) or name for name in found.embeddings]
    if Path(found.model).suffix in PICKLED and Path(found.model).is_absolute():
        found.notes.append(f"the base: {Path(found.model).name} is a pickle; base.allow_pickle: true reads its weights alone")


def _place(found: StudySettings, sort: Sort, default: Path, start: Path, webuis: Sequence[Webui]) -> str | None:
    if (start / default).exists():
        return None
    for name in (default.name, default.stem):
        try:
            path = file_named(name, sort, webuis)
        except InputError as error:
            found.notes.append(f"{sort} {name}: {error.what}")
            return None
        if path is not None:
            return path.as_posix()
    return None
