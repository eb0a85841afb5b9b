"""show: the pick, its scores, and why no weight can be lower."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from models.language.translate import said
from studies.cli.options import JsonOption, OneSeedOption, StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import print_line
from studies.cli.progress.next_command import print_next

if TYPE_CHECKING:
    from studies.run.outcome import Outcome


def show(
    study: StudyArgument,
    seed: OneSeedOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the pick of each locked seed, its scores, and the proof. Exit status 1 if a seed has none."""
    from studies.report.verdict import describe
    from studies.run.shared_storage.stop_requests import running
    from studies.run.stored_results import stored_outcomes

    opened = open_study(study, workspace, seed)
    holder = running(opened.storage_url, opened.spec.name)
    if holder is not None:
        print_line(said("it is being run ({holder}): this is as far as it is", holder=holder.words()))
    outcomes = stored_outcomes(opened, seed)
    if as_json:
        typer.echo(json.dumps({"seeds": [o.as_json() for o in outcomes]}, indent=1))
    else:
        for outcome in outcomes:
            for line in describe(outcome):
                typer.echo(line)
        _print_next(study, outcomes, workspace, runs=holder is not None)
    if not all(o.pick for o in outcomes):
        raise typer.Exit(1)


def _print_next(study: Path, outcomes: Sequence[Outcome], workspace: Path | None, *, runs: bool) -> None:
    if runs:
        print_next("stop", study, workspace=workspace)
        return
    unfinished = [outcome.seed for outcome in outcomes if outcome.ended is None]
    picked = [outcome.seed for outcome in outcomes if outcome.pick is not None]
    if unfinished:
        print_next("run", study, *(word for seed in unfinished for word in ("--seed", seed)), workspace=workspace)
    elif picked:
        print_next("export", study, "--seed", picked[0], "--to", "png", workspace=workspace)
    else:
        print_next("scout", study, workspace=workspace)
