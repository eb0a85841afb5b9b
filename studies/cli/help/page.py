"""`--help` in another language than English: typer lays its pages out by letters, and Chinese ones take two columns."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from models.language.translate import said, spoken, translated
from models.language.width import columns, padded, wrapped
from studies.cli.help.usage import by_form

WIDEST, LABEL = 80, 28
"""Columns of a page and of what stands left in its lists, at most."""
TYPERS_WORDS: Final = ("required", "default: ", "env var: ")
"""In brackets behind an option's help."""
LISTS: Final = (
    "kind of pictures, of {names}; may be given again: drawn and half-body",
    "models that judge, as `models get --profile` fetches them, of {names}",
    "those of a profile alone, of {names}",
    "all that a first study needs, of {names}",
    "the licences of a profile's models alone, of {names}",
    "columns, one of: {axes}",
)
"""Helps with names that other modules list: typer keeps no more of them than their text."""


class Command(TyperCommand):
    """A verb."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if spoken() == "en":
            super().format_help(ctx, formatter)
        else:
            formatter.write("\n".join(_page(self, ctx)))


class Group(TyperGroup):
    """Verbs."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if spoken() == "en":
            super().format_help(ctx, formatter)
        else:
            formatter.write("\n".join(_page(self, ctx)))


def _page(command: Any, ctx: Any) -> Iterator[str]:
    width = min(WIDEST, shutil.get_terminal_size().columns) - 2
    yield f"{said('Usage:')}{ctx.command_path} {' '.join(command.collect_usage_pieces(ctx))}"
    yield ""
    yield from (f"  {line}" for line in wrapped(said_help(command.help or ""), width - 2))
    rows: dict[str, list[tuple[str, str]]] = {"Arguments:": [], "Options:": [], "Commands:": []}
    for param in command.get_params(ctx):
        param.help = said_help(param.help or "")
        if (record := param.get_help_record(ctx)) is not None:
            title = "Arguments:" if param.param_type_name == "argument" else "Options:"
            rows[title].append((record[0], _with_extras(record[1])))
    if isinstance(command, TyperGroup):
        verbs = [(name, command.get_command(ctx, name)) for name in command.list_commands(ctx)]
        rows["Commands:"] = [(name, _first_sentence(said_help(verb.help or ""))) for name, verb in verbs if verb is not None]
    for title, listed in rows.items():
        if listed:
            yield from ("", said(title), *_table(listed, width))


def said_help(text: str) -> str:
    """A docstring or the help of an option, in the language of this process."""
    plain = " ".join(cleandoc(text).split())
    found = translated(plain)
    return by_form(plain, LISTS) if found == plain else found


def _with_extras(text: str) -> str:
    """With the words that typer puts into brackets, such as its `[default: ...]`."""
    head, bracket, tail = text.rpartition("  [")
    if not bracket:
        return text
    for word in TYPERS_WORDS:
        tail = re.sub(rf"(^|; ){word}", rf"\g<1>{said(word)}", tail)
    return f"{head}  [{tail}"


def _first_sentence(text: str) -> str:
    return text.partition("。")[0].partition("；")[0]


def _table(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    """Names at the left, and what they are at the right; a name that is too long has a line of its own."""
    left = min(LABEL, max(columns(name) for name, _ in rows)) + 2
    for name, text in rows:
        lines = wrapped(text, width - left - 2)
        if columns(name) > left - 2:
            yield f"  {name}"
        else:
            yield f"  {padded(name, left)}{lines.pop(0)}".rstrip()
        yield from (f"  {' ' * left}{line}" for line in lines)
