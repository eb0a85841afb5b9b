"""track: logs to MLflow what is stored of a study and missing there."""

from __future__ import annotations

import typer

from models.counted import counted
from models.language.translate import phrase
from studies.cli.options import BlurOption, OneSeedOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback, print_line
from studies.cli.progress.next_command import print_next


def track(
    study: StudyArgument,
    seed: OneSeedOption = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Log to MLflow what is missing there. A second time changes nothing. Exit status 1 if something could not be logged."""
    from studies.pipeline import track_study

    outcomes, complete = track_study(open_study(study, workspace, seed), seed, callback=ConsoleCallback(), blurred=blur)
    for outcome in outcomes:
        print_line(phrase("seed {seed}: {what}", seed=outcome.seed, what=counted(len(outcome.trials), "trial")))
    print_next("dashboards" if complete else "track", study, workspace=workspace)
    if not complete:
        raise typer.Exit(1)
