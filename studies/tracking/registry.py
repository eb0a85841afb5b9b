"""Trackers by the scheme of their URI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from models.errors import InputError
from models.language.translate import phrase
from studies.tracking.base import Tracker
from studies.tracking.memory import MemoryTracker
from studies.tracking.mlflow.tracker import MlflowTracker

OpenTracker: TypeAlias = Callable[[str, str, Path | None, int, str], Tracker]
"""Called with a URI, the experiment's name, the artifact folder of a local experiment, the length of the queue, and the owner."""


def _open_memory(uri: str, experiment: str, artifacts: Path | None, capacity: int, owner: str) -> Tracker:
    return MemoryTracker()


MLFLOW_SCHEMES: Final = (
    "", "file", "sqlite", "postgresql", "mysql", "mssql", "http", "https", "databricks", "databricks-uc", "uc",
)  # fmt: skip
"""A URI without a scheme is MLflow's too: a folder, or the word databricks."""
TRACKERS: Final[Mapping[str, OpenTracker]] = {
    "memory": _open_memory,
    **dict.fromkeys(MLFLOW_SCHEMES, MlflowTracker),
}


def open_tracker(uri: str, experiment: str, *, artifacts: Path | None = None, capacity: int = 512, owner: str = "") -> Tracker:
    """Opens the tracker of a URI such as `sqlite:///mlflow.db`, `https://host` or `memory:`; connects to nothing yet.

    `artifacts` is where a new local experiment stores its files. `capacity` is the number of events that may be queued. `owner`
    tells apart studies of one name on one server: the id of a workspace, empty for a store of its own. Raises InputError for an
    unknown scheme.
    """
    opener = TRACKERS.get(scheme_of(uri))
    if opener is None:
        schemes = ", ".join(scheme for scheme in TRACKERS if scheme)
        raise InputError(
            phrase("no tracker for '{scheme_of}:' addresses", scheme_of=scheme_of(uri)),
            "tracking.mlflow",
            phrase("use one of {schemes}", schemes=schemes),
        )
    return opener(uri, experiment, artifacts, capacity, owner)


def scheme_of(uri: str) -> str:
    """The scheme in lower case, without a database driver: postgresql of postgresql+psycopg://; empty for a path."""
    scheme, colon, _ = uri.partition(":")
    # C:\ is a drive of Windows.
    return scheme.split("+")[0].lower() if colon and len(scheme) > 1 else ""
