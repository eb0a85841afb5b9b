"""run: searches the smallest weights of each locked seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.errors import InputError
from studies.cli.announce import close
from studies.cli.options import BlurOption, StudyArgument, WorkspaceOption, open_study, open_tracker
from studies.cli.progress.console import say
from studies.pipeline import forked, run_all


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(
    study: StudyArgument,
    seed: Annotated[list[int] | None, typer.Option("--seed", help="only these locked seeds")] = None,
    trials: Annotated[int | None, typer.Option(min=4, help="images a seed, proof included")] = None,
    fork: Annotated[
        Path | None, typer.Option(metavar="DIR", help="start a new study in this folder from the trials that still hold")
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", metavar="local|auto|ADDRESS", help="draw on a Ray cluster, one worker a GPU")
    ] = None,
    ray_workers: Annotated[int | None, typer.Option(min=1, help="so many workers on CPU slots, not one a GPU")] = None,
    blur: BlurOption = True,
    workspace: WorkspaceOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="print one JSON event a line: plan, calibration, trial, pick, done")
    ] = False,
) -> None:
    """Search the smallest weights for each locked seed. The same command resumes."""
    from studies.cli.progress.choose import choose_callback
    from studies.run.errors import one_line
    from studies.run.lease import only_runner
    from studies.run.scouting import locked_seeds

    opened = open_study(study, workspace)
    opened.workspace.make()
    if fork is not None:
        opened = forked(opened, study, fork)
    chosen = seed or locked_seeds(opened)
    if not chosen:
        raise InputError("no seed is locked", study, "run `huanhua scout STUDY`, then `huanhua lock STUDY SEED`")
    budget = trials or opened.spec.search.trials
    with one_line(), only_runner(opened.storage_url, opened.spec.name, say) as lease:
        tracker, watch = open_tracker(opened), choose_callback(as_json)
        try:
            outcomes = run_all(opened, chosen, budget, tracker, watch, lease.check, ray, ray_workers, blurred=blur)
        finally:
            close(tracker)
    watch.ended(outcomes)
    if not all(o.pick for o in outcomes):
        raise typer.Exit(1)
