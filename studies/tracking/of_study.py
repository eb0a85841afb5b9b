"""A study's own tracker: opened by what study.yaml names, closed with a word on what could not be logged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.study import Study
    from studies.tracking.base import Tracker

LATER_BY_TRACK: Final = "`huanhua track STUDY` logs them later"
LATER_BY_REPEATING: Final = "the same command logs them later, and draws nothing again"


def open_study_tracker(study: Study, capacity: int = 512) -> Tracker:
    """Makes the workspace. `capacity` is the number of records that may wait for the server."""
    from studies.tracking.mlflow.tracker import MlflowTracker, local_store

    folder = study.workspace.make().root
    uri = study.spec.tracking.mlflow
    if uri is None:
        uri, artifacts = local_store(folder)
        return MlflowTracker(uri, study.spec.name, artifacts, capacity)
    return MlflowTracker(uri, study.spec.name, capacity=capacity)


def close_study_tracker(tracker: Tracker, callback: Callback, *, wait_s: float = 60.0, later: str = LATER_BY_TRACK) -> bool:
    """Waits for the records that are still queued; reports those that could not be logged, and returns whether there are any.

    `later` describes how to log them.
    """
    missing = tracker.close(wait_s)
    if missing.titles:
        callback.message(
            f"not logged to MLflow: {len(missing.titles)} records ({missing.reason}); the study itself is whole, and {later}"
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
