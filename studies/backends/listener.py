"""Who is called with what happens between two images: a `studies.callback.Callback` is one."""

from __future__ import annotations

from typing import Protocol


class Listener(Protocol):
    """Called by whichever thread draws, several at the same time where several servers do."""

    def message(self, text: str) -> None:
        """One line for a person."""
        ...

    def on_step(self, server: str, step: int, of: int) -> None:
        """The server at this address has made so many of so many sampling steps of an image."""
        ...


class SilentListener:
    def message(self, text: str) -> None: ...

    def on_step(self, server: str, step: int, of: int) -> None: ...
