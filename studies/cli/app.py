"""The `huanhua` command: its table of verbs, and what its exit status means.

Every verb is the function of the same name in the file of the same name. Heavy libraries are imported when a verb runs.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import typer

from models.errors import InputError
from models.io.quiet import be_quiet
from models.language.choice import chosen_language, language_named, typed_language
from models.language.translate import Language, said, speak
from studies.cli import (
    boxes,
    dashboards,
    demo,
    doctor,
    enlarge,
    export,
    grid,
    init,
    levels,
    lock,
    lookbook,
    lora,
    mend,
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
from studies.cli.help import page
from studies.cli.help.usage import usage_words
from studies.cli.progress.next_command import stopped

Verb = Callable[..., None]
INTERRUPTED: Final = 130
"""The exit status after Ctrl-C."""
EVENT_VERBS: Final = ("run", "scout", "mend", "enlarge", "prepare", "train")
"""Those that tell events by --json."""
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
    "mend": mend.mend,
    "enlarge": enlarge.enlarge,
    "levels": levels.levels,
    "score": score.score,
    "export": export.export,
    "track": track.track,
    "lookbook": lookbook.lookbook,
    "dashboards": dashboards.dashboards,
    "serve": serve.serve,
    "submit": submit.submit,
    "status": status.status,
    "lora": Group("LoRA files.", {"show": lora.show, "report": lora.report, "recommend": lora.recommend}),
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


def _speak(language: str | None) -> None:
    if language is not None:
        speak(language_named(language, "--lang"))


def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="en|zh", callback=_speak, is_eager=True, help="The language of what is printed."),
    ] = None,
) -> None:
    be_quiet()


def _app() -> typer.Typer:
    made = typer.Typer(
        name="huanhua",
        cls=page.Group,
        help="Trains face, clothing and shoes LoRAs from photos and finds, for each locked seed, the smallest weights that work.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(_root)
    for name, verb in VERBS.items():
        if isinstance(verb, Group):
            group = typer.Typer(cls=page.Group, help=verb.help, no_args_is_help=True)
            for inner_name, inner in verb.verbs.items():
                group.command(inner_name, cls=page.Command)(inner)
            made.add_typer(group, name=name)
        else:
            made.command(name, cls=page.Command)(verb)
    return made


app: Final = _app()


def main() -> None:
    """Exit status 0 done, 1 ran but nothing is feasible, 2 the input is wrong: one line, no traceback; 130 after Ctrl-C."""
    try:
        typed, words = typed_language(sys.argv[1:])
        _say_in(chosen_language(typed, os.environ))
        status = app(words, prog_name="huanhua", standalone_mode=False)
    except InputError as error:
        _tell(error, sys.argv[1:])
        print(f"huanhua: {_with_study(error.translated(), sys.argv[1:])}", file=sys.stderr)
        sys.exit(2)
    except typer.TyperException as error:
        print(_usage(error), file=sys.stderr)
        sys.exit(error.exit_code)
    except typer.Abort:  # Ctrl-C or the end of the input at a question
        print(f"huanhua: {said('stopped at the question; nothing was done')}", file=sys.stderr)
        sys.exit(1)
    if status == INTERRUPTED:
        # Typer ends the command itself on Ctrl-C, and prints nothing.
        print(f"huanhua: {stopped(_verb(words), sys.argv[1:])}", file=sys.stderr)
    sys.exit(status or 0)


def _tell(error: InputError, words: Sequence[str]) -> None:
    """As the last event of a command that tells events: a service says it in the language of its reader."""
    from models.language.as_json import error_to_json
    from studies.cli.progress.json_events import write_event

    if "--json" in words and _verb(typed_language(words)[1])[:1] in ([verb] for verb in EVENT_VERBS):
        write_event("failed", **error_to_json(error))


def _say_in(language: Language) -> None:
    """Speaks it, where a stream can hold its letters; the streams of a terminal without them do from now on."""
    speak(language)
    for stream in (sys.stdout, sys.stderr):
        if language != "en" and isinstance(stream, io.TextIOWrapper):
            try:
                "幻化".encode(stream.encoding)
            except (LookupError, UnicodeError):
                stream.reconfigure(encoding="utf-8")


def _usage(error: typer.TyperException) -> str:
    """One line for what was typed wrongly; the help, where typer answers a command without words by it."""
    text = error.format_message().strip()
    if "\n" in text and text.startswith(("Usage:", said("Usage:"))):
        return text
    for words, plain in PLAINER.items():
        text = text.replace(words, plain)
    what = f"{text[:1].lower()}{' '.join(text.split())[1:]}".rstrip(".")
    help_of = shlex.join(["huanhua", *_verb(typed_language(sys.argv[1:])[1]), "--help"])
    return f"huanhua: {said('{what}; see {command}', what=usage_words(what), command=help_of)}"


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
