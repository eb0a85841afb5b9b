"""The `huanhua` command. Every verb is a small module beside this one; heavy libraries are imported when a verb runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from models.errors import InputError
from models.io.quiet import be_quiet

app = typer.Typer(
    name="huanhua",
    help="Trains face, clothing and shoes LoRAs from photos and finds, for each locked seed, the smallest weights that work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(shown: bool) -> None:
    if shown:
        from importlib.metadata import version

        typer.echo(f"huanhua {version('huanhua')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    be_quiet()


def _register() -> None:
    from studies.cli import (
        dashboards,
        demo,
        doctor,
        export,
        grid,
        init,
        lock,
        lookbook,
        lora,
        models,
        pick,
        prepare,
        run,
        score,
        scout,
        serve,
        show,
        status,
        submit,
        swap,
        track,
        train,
        validate,
    )

    for module in (init, validate, prepare, train, scout, lock, run, swap, grid, show, pick, score, export):
        module.register(app)
    for module in (track, lookbook, dashboards, serve, submit, status, lora, models, doctor, demo):
        module.register(app)


_register()


def main() -> None:
    """Exit status 0 done, 1 ran but nothing is feasible, 2 the input is wrong: one line, no traceback."""
    try:
        app()
    except InputError as error:
        print(f"huanhua: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("huanhua: stopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
