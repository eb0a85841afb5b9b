"""submit: queues a study on the running service."""

from __future__ import annotations

from typing import Annotated

import typer

from models.language.translate import said
from studies.cli.options import ADDRESS, AddressOption, StudyArgument, open_study
from studies.cli.progress.next_command import print_next_words


def submit(
    study: StudyArgument,
    trials: Annotated[int | None, typer.Option(min=4, help="images a seed, proof included")] = None,
    workers: Annotated[int | None, typer.Option("--ray-workers", min=1, help="workers on CPU slots, not one a GPU")] = None,
    address: AddressOption = ADDRESS,
) -> None:
    """Queue a study. Its file must have the same path where the service runs."""
    from studies.service.ray_jobs import connect
    from studies.service.ray_jobs import submit as queue
    from studies.spec import study_file

    opened = open_study(study, None)
    options = ["--trials", str(trials)] if trials is not None else []
    job, log = queue(connect(address), opened, study_file(study), options, workers)
    typer.echo(said("queued as {job}; its log: {log}", job=job, log=log))
    print_next_words("status", *([] if address == ADDRESS else ["--address", address]))
