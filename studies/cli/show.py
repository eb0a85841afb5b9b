"""show: the pick, its scores, and why no weight can be lower."""

from __future__ import annotations

import json

import typer

from studies.cli.options import JsonOption, OneSeedOption, StudyArgument, WorkspaceOption, open_study


def show(
    study: StudyArgument,
    seed: OneSeedOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the pick of each locked seed, its scores, and the proof. Exit status 1 if a seed has none."""
    from studies.report.verdict import describe
    from studies.run.stored_results import stored_outcomes

    outcomes = stored_outcomes(open_study(study, workspace), seed)
    if as_json:
        typer.echo(json.dumps({"seeds": [o.as_json() for o in outcomes]}, indent=1))
    else:
        for outcome in outcomes:
            for line in describe(outcome):
                typer.echo(line)
    if not all(o.pick for o in outcomes):
        raise typer.Exit(1)
