"""new: makes a project folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from models.language.translate import said, translated
from studies.cli.options import FromWebuiOption


def new(
    folder_name: Annotated[str, typer.Argument(metavar="DIR", help="the project's folder; '.' makes this one a project")],
    from_webui: FromWebuiOption = None,
) -> None:
    """Make a project folder: models/ photos/ data/ loras/ studies/. Every verb finds its files from there."""
    from models.errors import InputError
    from studies.project.new import new_project
    from studies.project.webui.program import open_webui

    if not folder_name:
        raise InputError("no folder is named", "DIR", "name one, or '.' for this one")
    folder = Path(folder_name).expanduser()
    webuis = from_webui or []
    made = new_project(folder, webuis)
    typer.echo(f"{folder}: {', '.join(made) if made else said('a project already, nothing is missing')}")
    for webui in map(open_webui, webuis):
        typer.echo(f"{webui.folder} ({webui.program}): {webui.counts()}")
        for note in webui.notes:
            typer.echo(said("note: {note}", note=translated(note)))
    name = f"./{folder}" if str(folder).startswith("-") else str(folder)
    here = "" if folder.resolve() == Path.cwd().resolve() else f"cd {shlex.quote(name)} && "
    typer.echo(said("for commercial use take --profile free in place of photo: its models' licences allow that"))
    typer.echo(said("next: {command}", command=f"{here}huanhua models get --profile photo"))
