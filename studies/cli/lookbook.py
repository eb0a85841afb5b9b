"""lookbook: one folder with a page that shows a study to people, and opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studies.cli.options import StudyArgument, WorkspaceOption, open_study
from studies.cli.progress.console import ConsoleCallback
from studies.cli.progress.next_command import print_next


def lookbook(
    study: StudyArgument,
    out: Annotated[Path | None, typer.Option("--out", help="an empty folder; 'lookbook' in the workspace by default")] = None,
    blur: Annotated[bool, typer.Option("--blur/--no-blur", help="blur images with little clothing until asked for")] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a look-book: picks, proofs, ladders, sliders and plots in one page. Exit status 1 if a seed has no pick."""
    from dashboards.lookbook.page import LOOK_BOOK
    from dashboards.lookbook.writing import write_book
    from studies.report.lookbook import book_of

    opened = open_study(study, workspace)
    folder = out or opened.workspace.root / "lookbook"
    LOOK_BOOK.check_folder(folder)
    book = book_of(opened, blurred=blur, callback=ConsoleCallback())
    typer.echo(write_book(book, folder))
    picked = [story.seed for story in book.seeds if story.pick is not None]
    if picked:
        print_next("export", study, "--seed", picked[0], "--to", "png", workspace=workspace)
    else:
        print_next("scout", study, workspace=workspace)
    if any(story.pick is None for story in book.seeds):
        raise typer.Exit(1)
