"""lock: chooses the seeds whose weights are searched."""

from __future__ import annotations

from typing import Annotated

import typer

from models.errors import InputError
from models.language.translate import phrase, said
from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.next_command import print_next


def lock(
    study: StudyArgument,
    seeds: Annotated[list[int], typer.Argument(metavar="SEED...", help="seeds whose composition is sound")],
    unseen: Annotated[bool, typer.Option("--unseen", help="also seeds that were not scouted")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Lock seeds: their weights will be searched."""
    from studies.run.scouting import check_drawn, locked_seeds
    from studies.run.scouting import lock as keep

    opened = open_study(study, workspace)
    largest = opened.spec.draw.largest_seed
    bad = [s for s in seeds if not 0 <= s <= largest]
    if bad:
        mend = phrase("seeds are whole numbers from 0 to {largest}", largest=largest)
        raise InputError(phrase("no seed: {seed}", seed=bad[0]), "lock", mend)
    if not unseen:
        check_drawn(opened, [seed for seed in seeds if seed not in locked_seeds(opened)])
    opened.workspace.make()
    typer.echo(said("locked: {seeds}", seeds=", ".join(str(s) for s in keep(opened, seeds))))
    print_next("run", study, workspace=workspace)
