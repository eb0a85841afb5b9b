"""stop: ends a search that runs elsewhere, with the best that it has found."""

from __future__ import annotations

from typing import Annotated

import typer

from models.language.translate import said
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.next_command import print_next


def stop(
    study: StudyArgument,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="only the search of this seed; the others go on")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Good enough: end the run of a study after the images in hand, with the best robust point so far, proven or not."""
    from studies.run.shared_storage.stop_requests import ask_to_stop

    opened = open_study(study, workspace, seed)
    holder = ask_to_stop(opened.storage_url, opened.spec.name, seed)
    what = said("the run") if seed is None else said("the search of seed {seed}, if that run has one,", seed=seed)
    typer.echo(said("{what} ends after the images in hand ({holder})", what=what, holder=holder.words()))
    print_next("show", study, workspace=workspace)
