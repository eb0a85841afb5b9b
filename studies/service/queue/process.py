"""A process by its number and its start: numbers come round again."""

from __future__ import annotations

from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Process:
    """One that may be somebody else's child, or gone."""

    pid: int
    started: float
    """Seconds since the epoch; 0 for one that had ended before it was looked at."""

    @classmethod
    def of(cls, pid: int) -> Process:
        """The one that has this number now."""
        try:
            return cls(pid, float(psutil.Process(pid).create_time()))
        except psutil.Error:
            return cls(pid, 0.0)

    def lives(self) -> bool:
        """Whether it is there, and no zombie."""
        found = self._found()
        return found is not None and found.status() != psutil.STATUS_ZOMBIE

    def end(self, grace_s: float) -> None:
        """Tells it to end; after `grace_s` seconds it is killed."""
        found = self._found()
        if found is None:
            return
        try:
            found.terminate()
            found.wait(grace_s)
        except psutil.TimeoutExpired:
            found.kill()
            found.wait()
        except psutil.Error:
            return

    def _found(self) -> psutil.Process | None:
        try:
            found = psutil.Process(self.pid)
            return found if float(found.create_time()) == self.started else None
        except psutil.Error:
            return None
