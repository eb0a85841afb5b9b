"""The last line of a verb: the command to type next, as it can be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

from models.language.translate import said
from studies.cli.progress.console import print_line
from studies.project.typed import shown


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
