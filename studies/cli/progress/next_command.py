"""The last line of a verb: the command to type next, as it can be typed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.language.translate import said
from studies.cli.progress.console import print_line
from studies.project.typed import shown

_INSTEAD: Final[list[str]] = []
"""What goes on where the command that was typed made something that is there now; the last counts."""
ANEW: Final = ("enlarge", "mend")
"""Verbs that do all of their work again when they are typed again."""


def go_on_with(instead: str) -> None:
    """From now on this is the command that goes on after Ctrl-C."""
    _INSTEAD.append(instead)


def go_on(words: Sequence[str]) -> str:
    """What goes on after Ctrl-C: the command of these words itself, but for one that made a study."""
    return _INSTEAD[-1] if _INSTEAD else shlex.join(["huanhua", *words])


def stopped(verb: Sequence[str], words: Sequence[str]) -> str:
    """What is said after Ctrl-C of a verb that was typed in these words."""
    again = go_on(words)
    if verb and verb[0] in ANEW:
        return said("stopped; pictures that were finished are kept. This makes all of them anew: {again}", again=again)
    return said("stopped; what was finished is kept. Go on with: {again}", again=again)


def command(verb: str, study: Path, *words: object, workspace: Path | None = None) -> str:
    """`huanhua run my-study --seed 7`, quoted for a shell."""
    place = [] if workspace is None else ["--workspace", str(workspace)]
    return shlex.join(["huanhua", verb, shown(study), *(str(word) for word in words), *place])


def print_next_words(*words: str) -> None:
    """As `print_next`, of a command that is about no study."""
    print_line(said("next: {command}", command=shlex.join(["huanhua", *words])))


def print_next(verb: str, study: Path, *words: object, workspace: Path | None = None) -> None:
    """On standard error: what a program reads from standard output ends before it."""
    print_line(said("next: {command}", command=command(verb, study, *words, workspace=workspace)))
