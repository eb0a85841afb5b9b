"""The tracker of a study or a training: which one, and a report at the end on what could not be logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.language.translate import phrase

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.study import Study
    from studies.tracking.base import Tracker

LATER_BY_TRACK: Final = "`huanhua track STUDY` logs them later"
LATER_BY_REPEATING: Final = "the same command logs them later, and draws nothing again"


def open_study_tracker(study: Study, capacity: int = 512) -> Tracker:
    """The tracker that study.yaml names, or MLflow in the workspace, which is made. `capacity` is the number of events that may
    be queued."""
    from studies.tracking.mlflow.tracker import local_store
    from studies.tracking.registry import open_tracker
    from studies.workspace import identity_of

    folder = study.workspace.make().root
    if (uri := study.tracking_url) is not None:
        return open_tracker(uri, study.spec.name, capacity=capacity, owner=identity_of(study.workspace).id)
    uri, artifacts = local_store(folder)
    return open_tracker(uri, study.spec.name, artifacts=artifacts, capacity=capacity)


def open_tracker_at(where: str, experiment: str) -> Tracker:
    """Where a study logs, given by its file or folder; another folder, which is made; or a tracker's URI.

    `experiment` is the name under which a folder or a server lists the runs. Raises InputError.
    """
    from models.errors import InputError
    from studies.study import open_study
    from studies.tracking.mlflow.tracker import local_store
    from studies.tracking.registry import open_tracker

    if "://" in where:
        return open_tracker(where, experiment)
    path = Path(where)
    if path.is_file() or (path / "study.yaml").is_file():
        return open_study_tracker(open_study(path))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            phrase("no place to log to ({error})", error=error.strerror), where, "name a study, a folder, or a server's URI"
        ) from error
    uri, artifacts = local_store(path)
    return open_tracker(uri, experiment, artifacts=artifacts)


def close_study_tracker(tracker: Tracker, callback: Callback, *, wait_s: float = 60.0, later: str = LATER_BY_TRACK) -> bool:
    """Waits for queued records; reports those that could not be logged, and returns whether there are any.

    `later` describes how to log them.
    """
    missing = tracker.close(wait_s)
    if missing.titles:
        callback.message(
            phrase(
                "not logged to MLflow: {count} records ({reason}); the study itself is whole, and {later}",
                count=len(missing.titles),
                reason=missing.reason,
                later=phrase(later),
            )
        )
    return bool(missing.titles)


@contextmanager
def study_tracker(study: Study, callback: Callback, later: str = LATER_BY_TRACK) -> Iterator[Tracker]:
    """Opens the study's tracker, and closes it at the end."""
    tracker = open_study_tracker(study)
    try:
        yield tracker
    finally:
        close_study_tracker(tracker, callback, later=later)
