"""Making something beside a study's trials: while it is made, nobody else runs the study."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.callback import Callback
    from studies.study import Study
    from studies.tracking.base import Tracker


@contextmanager
def beside_run(study: Study, tracker: Tracker | None, callback: Callback) -> Iterator[Tracker]:
    """Yields what logs it: `tracker`, or the study's own, which is closed in the end.

    Raises InputError for a study that another process runs, and where what is made cannot be drawn, stored or logged.
    """
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.shared_storage.ownership import claim
    from studies.tracking.study_tracker import study_tracker

    claim(study)
    logged = study_tracker(study, callback) if tracker is None else nullcontext(tracker)
    with one_line(), only_runner(study.storage_url, study.spec.name, callback.message), logged as opened:
        yield opened
