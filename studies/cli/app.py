"""The `huanhua` command: its table of verbs, and what its exit status means.

Every verb is the function of the same name in the file of the same name. Heavy libraries are imported when a verb runs.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import typer

from models.errors import InputError
from models.io.quiet import be_quiet
from studies.cli import (
    boxes,
    dashboards,
    demo,
    doctor,
    export,
    grid,
    init,
    levels,
    lock,
    lookbook,
    lora,
    models,
    new,
    pick,
    prepare,
    run,
    score,
    scout,
    serve,
    show,
    status,
    stop,
    submit,
    swap,
    track,
    train,
    unlock,
    validate,
)

Verb = Callable[..., None]
INTERRUPTED: Final = 130
"""The exit status after Ctrl-C."""
PLAINER: Final[Mapping[str, str]] = {"Value error, ": "", "Input should be ": "must be "}
"""What pydantic puts before its reasons, in plain words."""


class Group(NamedTuple):
    """Verbs of two words, such as `lora show`."""

    help: str
    verbs: Mapping[str, Verb]


VERBS: Final[Mapping[str, Verb | Group]] = {
    "new": new.new,
    "init": init.init,
    "validate": validate.validate,
    "boxes": boxes.boxes,
    "prepare": prepare.prepare,
    "train": train.train,
    "scout": scout.scout,
    "lock": lock.lock,
    "unlock": unlock.unlock,
    "run": run.run,
    "stop": stop.stop,
    "swap": swap.swap,
    "grid": grid.grid,
    "show": show.show,
    "pick": pick.pick,
    "levels": levels.levels,
    "score": score.score,
    "export": export.export,
    "track": track.track,
    "lookbook": lookbook.lookbook,
    "dashboards": dashboards.dashboards,
    "serve": serve.serve,
    "submit": submit.submit,
    "status": status.status,
    "lora": Group("LoRA files.", {"show": lora.show, "recommend": lora.recommend}),
    "models": Group("Real models: what they are, and fetching them.", {"list": models.list_models, "get": models.get}),
    "doctor": doctor.doctor,
    "demo": demo.demo,
}
"""In the order of `huanhua --help`."""


def _version(shown: bool) -> None:
    if shown:
        from importlib.metadata import version

        typer.echo(f"huanhua {version('huanhua')}")
        raise typer.Exit


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    be_quiet()


def _app() -> typer.Typer:
    made = typer.Typer(
        name="huanhua",
        help="Trains face, clothing and shoes LoRAs from photos and finds, for each locked seed, the smallest weights that work.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(_root)
    for name, verb in VERBS.items():
        if isinstance(verb, Group):
            group = typer.Typer(help=verb.help, no_args_is_help=True)
            for inner_name, inner in verb.verbs.items():
                group.command(inner_name)(inner)
            made.add_typer(group, name=name)
        else:
            made.command(name)(verb)
    return made


app: Final = _app()


def main() -> None:
    """Exit status 0 done, 1 ran but nothing is feasible, 2 the input is wrong: one line, no traceback; 130 after Ctrl-C."""
    try:
        status = app(prog_name="huanhua", standalone_mode=False)
    except InputError as error:
        print(f"huanhua: {_with_study(str(error), sys.argv[1:])}", file=sys.stderr)
        sys.exit(2)
    except typer.TyperException as error:
        print(_usage(error), file=sys.stderr)
        sys.exit(error.exit_code)
    except typer.Abort:  # Ctrl-C or the end of the input at a question
        print("huanhua: stopped at the question; nothing was done", file=sys.stderr)
        sys.exit(1)
    if status == INTERRUPTED:
        # Typer ends the command itself on Ctrl-C, and prints nothing.
        again = shlex.join(["huanhua", *sys.argv[1:]])
        print(f"huanhua: stopped; what was finished is kept. Go on with: {again}", file=sys.stderr)
    sys.exit(status or 0)


def _usage(error: typer.TyperException) -> str:
    """One line for what was typed wrongly; the help, where typer answers a command without words by it."""
    said = error.format_message().strip()
    if "\n" in said and said.startswith("Usage:"):
        return said
    for words, plain in PLAINER.items():
        said = said.replace(words, plain)
    what = f"{said[:1].lower()}{' '.join(said.split())[1:]}".rstrip(".")
    return f"huanhua: {what}; see {shlex.join(['huanhua', *_verb(sys.argv[1:]), '--help'])}"


def _with_study(line: str, words: Sequence[str]) -> str:
    """The line with the study that was typed where its commands say STUDY, so that they can be copied."""
    if " STUDY" not in line:
        return line
    from studies.project.typed import STUDY_FILE, shown, typed_study

    for word in words[1:]:
        place = typed_study(word)
        if not word.startswith("-") and ((place / STUDY_FILE).is_file() or place.name == STUDY_FILE):
            return line.replace(" STUDY", f" {shlex.quote(shown(place))}")
    return line


def _verb(words: Sequence[str]) -> list[str]:
    """The verb that is typed, of one word or two; nothing if there is none of that name."""
    named = VERBS.get(words[0]) if words else None
    if named is None:
        return []
    return list(words[:2]) if isinstance(named, Group) and words[1:2] and words[1] in named.verbs else [words[0]]
