"""pick: a person overrules the search at one seed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from studies.cli.options import JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.run.judge import Judge
    from studies.run.outcome import Outcome
    from studies.study import Study

AUTO = "auto"


def register(app: typer.Typer) -> None:
    app.command()(pick)


def pick(
    study: StudyArgument,
    seed: Annotated[int, typer.Option("--seed", help="a seed that was run")],
    trial: Annotated[
        str, typer.Option("--trial", metavar="K", help="the number of the trial to use; auto: the search's own pick again")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Use another trial than the search's pick; says what it breaks. Kept with the study, in MLflow too."""
    from studies.cli.progress.console import say
    from studies.report.verdict import describe
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.stored import stored

    opened = open_study(study, workspace)
    number = _number(trial)
    held = stored(opened, seed)
    _check(held.outcome, number)
    # The runner is the only writer: beside a run, its notes and this one's would come between each other.
    with one_line(), only_runner(opened.storage_url, opened.spec.name, say):
        outcome = choose(opened, seed, number, held.judge)
        _tell(opened, outcome)
    if as_json:
        typer.echo(json.dumps(outcome.as_json(), indent=1))
        return
    for line in describe(outcome):
        typer.echo(line)


def choose(study: Study, seed: int, number: int | None, judge: Judge) -> Outcome:
    """Keeps the choice with the seed's trials; None takes it back."""
    from studies.run.dashboard_notes import write_notes
    from studies.run.trials import stored_outcome, trial_store_of

    trial_store = trial_store_of(study, seed)
    trial_store.choose(number)
    outcome = stored_outcome(study, seed, judge)
    write_notes(trial_store, study.spec.name, outcome)
    return outcome


def _check(outcome: Outcome, number: int | None) -> None:
    known = [record.number for record in outcome.trials]
    if number is not None and number not in known:
        raise InputError(f"no trial {number}", f"seed {outcome.seed}", f"its trials are {known[0]} to {known[-1]}")


def _tell(study: Study, outcome: Outcome) -> None:
    """Tells the dashboards."""
    from studies.cli.announce import close
    from studies.report.log import log_pick
    from studies.report.optuna_figures import show_figures

    show_figures(study, outcome)
    tracker = open_tracker(study)
    try:
        log_pick(tracker, outcome)
    finally:
        close(tracker)


def _number(trial: str) -> int | None:
    if trial == AUTO:
        return None
    if not trial.isdecimal():
        raise InputError(f"no trial number: {trial}", "--trial", "give a number, or auto")
    return int(trial)
