"""A key that ends a run with what it has: read while the run goes on, where standard input is a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

KEY: Final = "q"
HINT: Final = "q: good enough, end the search with what it has"
POLL_S: Final = 0.2


class StopKey:
    """Whether the key was pressed. `listening` reads it from a thread of its own."""

    def __init__(self) -> None:
        self._pressed, self._ended = threading.Event(), threading.Event()

    @property
    def pressed(self) -> bool:
        return self._pressed.is_set()

    @contextmanager
    def listening(self, on_press: Callable[[], None]) -> Iterator[bool]:
        """Reads keys while the block lasts; gives whether it can: not from a pipe, nor in the background. `on_press` is called
        once, from the thread that reads."""
        with _single_keys() as read:
            if read is None:
                yield False
                return
            thread = threading.Thread(target=self._watch, args=(read, on_press), name="stop key", daemon=True)
            thread.start()
            try:
                yield True
            finally:
                self._ended.set()
                thread.join()

    def _watch(self, read: Callable[[], str], on_press: Callable[[], None]) -> None:
        while not self._ended.is_set() and not self.pressed:
            if read().lower() == KEY:
                self._pressed.set()
                on_press()


@contextmanager
def _single_keys() -> Iterator[Callable[[], str] | None]:
    """Reads one key, waiting for at most `POLL_S`; None where there is no terminal to read from."""
    if sys.platform == "win32":
        yield _windows_key if sys.stdin.isatty() else None
        return
    import select
    import termios
    import tty

    try:
        terminal = sys.stdin.fileno()
        ours = os.isatty(terminal) and os.tcgetpgrp(terminal) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # no standard input, or one that is no file
        ours = False
    if not ours:
        yield None
        return

    def read() -> str:
        ready, _, _ = select.select([terminal], [], [], POLL_S)
        return os.read(terminal, 1).decode("latin-1") if ready else ""

    before = termios.tcgetattr(terminal)
    # Ctrl-C stays what it is: only lines and echo are switched off.
    tty.setcbreak(terminal)
    try:
        yield read
    finally:
        with suppress(termios.error):
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _windows_key() -> str:
    import msvcrt
    import time

    if not msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
        time.sleep(POLL_S)
        return ""
    return str(msvcrt.getwch())  # type: ignore[attr-defined, unused-ignore]
