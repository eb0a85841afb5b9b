"""track: brings MLflow up to what the study holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from studies.cli.options import BlurOption, StudyArgument, WorkspaceOption, open_study, open_tracker
from studies.cli.progress.console import say

if TYPE_CHECKING:
    from studies.run.stored import Stored
    from studies.study import Study
from studies.report.log import log_calibration, log_outcome, log_start

SECONDS_A_RECORD: Final = 2.0
LEAST_WAIT_S: Final = 60.0


def register(app: typer.Typer) -> None:
    app.command()(track)


def track(
    study: StudyArgument,
    seed: Annotated[int | None, typer.Option("--seed", help="only this seed")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Log to MLflow what is missing there. A second time changes nothing. Exit status 1 if something could not be logged."""
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.stored import seeds_run, stored

    opened = open_study(study, workspace)
    found = [stored(opened, s) for s in ([seed] if seed is not None else seeds_run(opened))]
    records = sum(len(held.outcome.trials) + 8 for held in found)
    # A run beside it would log the same trials, and each would make its own copy.
    with one_line(), only_runner(opened.storage_url, opened.spec.name, say):
        missing = _log_all(opened, found, records, blurred=blur)
    for held in found:
        say(f"seed {held.outcome.seed}: {len(held.outcome.trials)} trials")
    if missing:
        raise typer.Exit(1)


def _log_all(study: Study, found: Sequence[Stored], records: int, *, blurred: bool) -> bool:
    """Whether something could not be logged."""
    from studies.cli.announce import close
    from studies.run.trials import track_trial

    tracker = open_tracker(study, capacity=2 * records)
    for held in found:
        outcome = held.outcome
        log_start(tracker, study, outcome.seed)
        log_calibration(tracker, study, outcome.seed, held.judge.calibrations, held.ladders, blurred=blurred)
        for record in outcome.trials:
            track_trial(tracker, outcome.seed, record, blurred=blurred)
        log_outcome(tracker, study, outcome, blurred=blurred)
    return close(tracker, max(LEAST_WAIT_S, SECONDS_A_RECORD * records))
