"""What happens to a study's job, for all pages that look at it: the file of events is read once, however many look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from studies.service.queue.jobs import JOB, Job, job_of
from studies.workspace import Workspace, workspace_of

POLL_S: Final = 0.15
"""Between two looks at the files of a study that somebody watches."""


@dataclass(frozen=True)
class Happened:
    """One event: the state of the job, or a line of `run --json`."""

    id: str
    job: Job | None = None
    line: str | None = None


@dataclass
class _Watched:
    """One study's job, and the complete lines of its events."""

    workspace: Workspace
    watchers: int = 0
    job: Job | None = None
    lines: list[Happened] = field(default_factory=list)
    size: int = 0
    seen: tuple[int, int] = (0, 0)
    """When the job's file was written, and its size."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def look(self) -> None:
        """Reads what has come since."""
        job = self._job()
        news = job != self.job
        if job is not None and (self.job is None or job.id != self.job.id):
            self.lines, self.size = [], 0
        self.job = job
        news = self._read() or news
        if news:
            self.changed.set()
            self.changed = asyncio.Event()

    def _job(self) -> Job | None:
        try:
            found = (self.workspace.root / f"{JOB}.json").stat()
            if (seen := (found.st_mtime_ns, found.st_size)) == self.seen:
                return self.job
            self.seen = seen
            return job_of(self.workspace)
        except (OSError, InputError):
            return None

    def _read(self) -> bool:
        if self.job is None:
            return False
        try:
            events = self.job.events(self.workspace)
            if events.stat().st_size <= self.size:
                return False
            with events.open("rb") as file:
                file.seek(self.size)
                whole = file.read().rpartition(b"\n")[0]
        except OSError:
            return False
        if not whole:
            return False
        self.size += len(whole) + 1
        for line in whole.decode(errors="replace").split("\n"):
            if line.startswith("{"):
                self.lines.append(Happened(_id(self.job, len(self.lines) + 1), line=line))
        return True


class Feed:
    """Of all studies. For one event loop."""

    def __init__(self) -> None:
        self._watched: dict[Path, _Watched] = {}
        self._task: asyncio.Task[Any] | None = None
        self._ended = False

    def end(self) -> None:
        """Ends all events, for a service that ends: pages connect again by themselves. May be called from a signal's handler."""
        self._ended = True

    async def events(self, folder: Path, after: str = "", *, follow: bool = True) -> AsyncIterator[Happened]:
        """The events of a study's last job after the one whose id is `after`, then those that come; without `follow` it ends
        there."""
        with self._watching(folder) as watched:
            watched.look()
            job_id, _, number = after.partition(":")
            given = job_id == (watched.job.id if watched.job else "") and number.isdecimal() and len(number) < 9
            at, shown, begun = int(number) if given else 0, watched.job, False
            while True:
                changed = watched.changed
                if watched.job is not None and shown is not None and watched.job.id != shown.id:
                    at = 0
                if not begun or watched.job != shown:
                    begun, shown = True, watched.job
                    yield Happened(_id(shown, at), job=shown)
                for happened in watched.lines[at:]:
                    at += 1
                    yield happened
                if not follow or self._ended:
                    return
                if changed is watched.changed:
                    await changed.wait()

    @contextmanager
    def _watching(self, folder: Path) -> Any:
        watched = self._watched.setdefault(folder, _Watched(workspace_of(folder / "study.yaml")))
        watched.watchers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            yield watched
        finally:
            watched.watchers -= 1
            if watched.watchers == 0:
                self._watched.pop(folder, None)

    async def _look(self) -> None:
        while self._watched:
            await asyncio.sleep(POLL_S)
            for watched in list(self._watched.values()):
                watched.look()
                if self._ended:
                    watched.changed.set()


def _id(job: Job | None, at: int) -> str:
    return f"{job.id if job else ''}:{at}"
