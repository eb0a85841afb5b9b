"""status: lists the studies that are queued, running and finished."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from studies.cli.options import ADDRESS, AddressOption, JsonOption


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
        typer.echo("no study was submitted yet")
