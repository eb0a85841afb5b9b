"""Opens the backend that a study file asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from studies.backends.base import Backend
from studies.local_models import LocalModels
from studies.spec import StudySpec
from studies.workspace import Workspace


@dataclass(frozen=True)
class DrawnStudy:
    """What a backend is made from. Making one opens nothing, and asks no server."""

    spec: StudySpec
    root: Path
    """The folder of the study file, which relative names in it start from."""
    workspace: Workspace
    models: LocalModels
    """The study's files on this machine; each is opened when it is first used."""


def make_backend(study: DrawnStudy) -> Backend:
    """By the study's `draw` section, whose class names the function that makes it."""
    module, _, name = study.spec.draw.backend.partition(":")
    make: Callable[[DrawnStudy], Backend] = getattr(import_module(module), name)
    return make(study)
