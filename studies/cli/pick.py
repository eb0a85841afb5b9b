"""pick: a person overrules the search at one seed."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import phrase
from studies.cli.options import JsonOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.next_step import print_pick_next

AUTO = "auto"


def pick(
    study: StudyArgument,
    seed: Annotated[int, typer.Option("--seed", min=0, help="a seed that was run")],
    trial: Annotated[
        str, typer.Option("--trial", metavar="K", help="the number of the trial to use; auto: the search's own pick again")
    ],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Use another trial than the search's pick; says what it breaks. Kept with the study, in MLflow too."""
    from studies.pipeline import pick_trial
    from studies.report.verdict import describe

    outcome = pick_trial(open_study(study, workspace, seed), seed, _number(trial), callback=ConsoleCallback())
    if as_json:
        typer.echo(json.dumps(outcome.as_json(), indent=1))
        return
    for line in describe(outcome):
        typer.echo(line)
    print_pick_next(outcome, study, workspace)


def _number(trial: str) -> int | None:
    if trial == AUTO:
        return None
    if not trial.isdecimal():
        raise InputError(phrase("no trial number: {trial}", trial=trial), "--trial", "give a number, or auto")
    return int(trial)
