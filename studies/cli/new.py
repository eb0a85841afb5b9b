"""new: makes a project folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the project's folder; '.' makes this one a project")],
) -> None:
    """Make a project folder: models/ photos/ data/ loras/ studies/. Every verb finds its files from there."""
    from studies.project.new import new_project

    made = new_project(folder)
    typer.echo(f"{folder}: {', '.join(made) if made else 'a project already, nothing is missing'}")
    here = "" if folder.resolve() == Path.cwd().resolve() else f"cd {folder} && "
    typer.echo(f"next: {here}huanhua models get --profile photo")
