"""boxes: a page of this machine on which boxes are drawn on photos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from models.language.translate import said
from studies.project.typed import typed_path


def boxes(
    photos: Annotated[Path, typer.Argument(help="folder of photos", parser=typed_path)],
    out: Annotated[Path | None, typer.Option(help="the boxes file; boxes.json in PHOTOS by default, which prepare finds")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the page; a free one by default")] = 0,
) -> None:
    """Draw boxes of the thing and its wearer on photos, in a page on this machine only; Ctrl-C ends it."""
    from dashboards.box_page.server import serve
    from studies.training.box_drawing import BoxDrawing

    drawing = BoxDrawing(photos, out)

    def print_address(address: str) -> None:
        done, skipped, count = drawing.counts()
        typer.echo(said("page   {address}", address=address))
        text = "file   {file}  ({count} photos: {done} with boxes, {skipped} left out; saved after each box)"
        typer.echo(said(text, file=drawing.path, count=count, done=done, skipped=skipped))
        typer.echo(said("Ctrl-C ends it"))

    serve(drawing, print_address, port)
    done, skipped, count = drawing.counts()
    given = "" if out is None else f" --boxes {out}"
    text = "{done} of {count} photos have boxes, {skipped} are left out: {file}"
    typer.echo(said(text, done=done, count=count, skipped=skipped, file=drawing.path))
    given += " --parser none" if done + skipped == count else ""
    typer.echo(said("next: {command}", command=f"huanhua prepare {photos} OUT --kind KIND --trigger WORD{given}"))
