"""pick: a person overrules the search at one seed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from models.errors import InputError
from studies.cli.options import JsonOption, StudyArgument, WorkspaceOption, open_study, open_tracker

if TYPE_CHECKING:
    from studies.building import Study
    from studies.outcome import Outcome

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
    from studies.cli.figures import show_figures
    from studies.cli.search import close
    from studies.cli.show import describe
    from studies.cli.tracking import log_pick

    opened = open_study(study, workspace)
    outcome = choose(opened, seed, _number(trial))
    show_figures(opened, outcome)
    tracker = open_tracker(opened)
    try:
        log_pick(tracker, outcome)
    finally:
        close(tracker)
    if as_json:
        typer.echo(json.dumps(outcome.as_json(), indent=1))
        return
    for line in describe(outcome):
        typer.echo(line)


def choose(study: Study, seed: int, number: int | None) -> Outcome:
    """Keeps the choice with the seed's trials; None takes it back. Raises InputError if there is no such trial."""
    from studies.optuna_notes import write_notes
    from studies.running import ledger_of, stored_outcome
    from studies.stored import stored

    held = stored(study, seed)
    ledger, known = ledger_of(study, seed), [record.number for record in held.outcome.trials]
    if number is not None and number not in known:
        raise InputError(f"no trial {number}", f"seed {seed}", f"its trials are {known[0]} to {known[-1]}")
    ledger.choose(number)
    outcome = stored_outcome(study, seed, held.judge)
    write_notes(ledger, study.spec.name, outcome)
    return outcome


def _number(trial: str) -> int | None:
    if trial == AUTO:
        return None
    if not trial.isdecimal():
        raise InputError(f"no trial number: {trial}", "--trial", "give a number, or auto")
    return int(trial)
