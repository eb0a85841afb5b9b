"""Tells a person who looked away that a command has ended: a bell, or a notification by the desktop's own command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Annotated, Final

import typer

from models.language.translate import said
from studies.cli.progress.console import console, print_line

WAIT_S: Final = 10.0
BellOption = Annotated[bool, typer.Option("--bell", help="ring the terminal's bell at the end")]
NotifyOption = Annotated[bool, typer.Option("--notify", help="show a notification on the desktop at the end")]
APPLE: Final = (
    "osascript", "-e", "on run argv", "-e", "display notification (item 2 of argv) with title (item 1 of argv)", "-e", "end run",
)  # fmt: skip


def check_notify() -> bool:
    """Whether a notification can be shown; says in a line what is missing, before the work and not after it."""
    if _command() is not None:
        return True
    print_line(said("no notification will be shown: the command notify-send (package libnotify) is not installed"))
    return False


def signal_end(text: str, *, bell: bool, notify: bool) -> None:
    if bell and console().is_terminal:
        sys.stderr.write("\a")
        sys.stderr.flush()
    command = _command() if notify else None
    if command is None:
        return
    try:
        done = subprocess.run([*command, "huanhua", text], capture_output=True, timeout=WAIT_S, check=False)
        failed = done.stderr.decode(errors="replace").strip().splitlines()[-1:] if done.returncode else []
        reason = "; ".join(failed) if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    if reason:
        print_line(said("no notification was shown: {reason}", reason=reason))


def _command() -> tuple[str, ...] | None:
    if sys.platform == "darwin":
        return APPLE
    return ("notify-send", "--") if shutil.which("notify-send") else None
