"""status: lists the studies that are queued, running and finished."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer

from models.language.translate import said
from studies.cli.options import ADDRESS, AddressOption, JsonOption
from studies.cli.progress.next_command import print_next, print_next_words


def status(address: AddressOption = ADDRESS, as_json: JsonOption = False) -> None:
    """List the studies that are queued, running and finished."""
    from studies.service.ray_jobs import connect, list_all, trials_of

    found = list_all(connect(address), trials_of)
    if as_json:
        typer.echo(json.dumps({"studies": [asdict(queued) for queued in found]}, default=str))
        return
    for queued in found:
        typer.echo(queued.line())
    if not found:
        typer.echo(said("no study was submitted yet: `huanhua submit STUDY` queues one"))
        return
    shown = next((queued for queued in found if queued.done and Path(queued.file).is_file()), None)
    if shown is not None:
        print_next("show", Path(shown.file).parent)
    else:
        print_next_words("status", *([] if address == ADDRESS else ["--address", address]))
