"""A bounded queue with one writing thread: `put` never blocks, and `close` returns what could not be written."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from studies.tracking.events import Event

LOG: Final = logging.getLogger(__name__)
FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 60.0
"""Between attempts to reach a server; each pause is twice the one before."""


class UnreachableError(Exception):
    """The server cannot be reached now: the same event may succeed later. Any other error is permanent."""


@dataclass(frozen=True)
class Missing:
    """What was not logged, by title, and the first error. Empty and None if everything was logged."""

    titles: tuple[str, ...] = ()
    reason: str | None = None


class Outbox:
    """Passes events to `write` in order, from its own thread. At most `capacity` are queued; the rest are dropped."""

    def __init__(self, write: Callable[[Event], None], capacity: int = 512) -> None:
        self._write, self._capacity = write, capacity
        self._waiting: deque[Event] = deque()
        self._lost: list[str] = []
        self._reason: str | None = None
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="tracking", daemon=True)
        self._thread.start()

    def put(self, event: Event) -> None:
        with self._changed:
            if self._closing or len(self._waiting) >= self._capacity:
                self._lost.append(event.title)
                self._reason = self._reason or "too much was waiting to be logged"
                return
            self._waiting.append(event)
            self._changed.notify_all()

    def close(self, wait_s: float) -> Missing:
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(wait_s)
        with self._changed:
            titles = tuple(dict.fromkeys([*self._lost, *(event.title for event in self._waiting)]))
            reason = self._reason or (f"the server did not answer within {wait_s:g} s" if titles else None)
        return Missing(titles, reason)

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while (event := self._next()) is not None:
            last_chance = self._closing
            try:
                self._write(event)
            except UnreachableError as error:
                self._note(error)
                if last_chance:
                    return
                self._sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
                continue
            except Exception as error:  # the study and the other events go on
                LOG.debug("not logged: %s", event.title, exc_info=True)
                self._note(error)
                self._lost.append(event.title)
            pause = FIRST_PAUSE_S
            with self._changed:
                self._waiting.popleft()

    def _next(self) -> Event | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return self._waiting[0] if self._waiting else None

    def _sleep(self, pause_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing, timeout=pause_s)

    def _note(self, error: BaseException) -> None:
        self._reason = self._reason or f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
