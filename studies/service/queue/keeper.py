"""Keeps a worker at a folder's jobs: a service asks it now and then, and when it queues one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from models.errors import InputError
from models.io.logs import last_line
from models.language.as_json import error_to_json
from models.language.translate import phrase
from studies.service.queue.jobs import Job, change, open_jobs
from studies.service.queue.process import Process
from studies.service.queue.worker import GRACE_S, LOCK, NAMED
from studies.service.rooms import Rooms
from studies.workspace import workspace_of

WORKER_LOG: Final = "worker.log"
PATIENCE: Final = 4
"""Workers that end one after another without having done anything, until that is told at the job and the next one is tried."""


class Keeper:
    """Of one folder. `keep_up` may be called from any thread."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._lock = rooms, threading.Lock()
        self._started: subprocess.Popen[bytes] | None = None
        self._at: tuple[str, int] | None = None
        """The job that the last worker was started for, and how much had been told of it."""
        self._ended = 0
        """Workers that ended there."""

    def keep_up(self) -> None:
        """Starts a worker where jobs wait and none is at work."""
        with self._lock:
            if self._started is not None and self._started.poll() is None:
                return
            if (jobs := open_jobs(self._rooms)) and not is_at_work(self._rooms) and not self._gives_up(*jobs[0]):
                self._started = self._start()

    def _gives_up(self, folder: Path, job: Job) -> bool:
        """Whether worker after worker ended at this job: it fails with what they said last, and can be asked for again."""
        workspace = workspace_of(folder / "study.yaml")
        events = job.events(workspace)
        at = job.id, events.stat().st_size if events.is_file() else 0
        self._ended = self._ended + 1 if at == self._at else 0
        self._at = at
        if self._ended < PATIENCE:
            return False
        log = self._rooms.state / WORKER_LOG
        why = last_line(log) or phrase("it said nothing")
        what = phrase("its worker ended {count} times before anything was done ({why})", count=self._ended, why=why)
        error = InputError(what, log, "mend what it names, then go on")
        change(workspace, job, state="failed", ended=time.time(), why=str(error), told=error_to_json(error))
        self._at, self._ended = None, 0
        return True

    def end(self) -> None:
        """Ends the worker, whichever service started it; what it was at goes on with the next one."""
        with self._lock:
            process = named_worker(self._rooms) if is_at_work(self._rooms) else None
            if process is not None:
                process.end(2 * GRACE_S)
            if self._started is not None:
                self._started.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._rooms.state.mkdir(exist_ok=True)
        with (self._rooms.state / WORKER_LOG).open("ab") as log:
            return subprocess.Popen(
                # Without -P a folder of the current one that is called as a package of ours would be taken for it.
                [sys.executable, "-P", "-m", "studies.service.queue.worker", str(self._rooms.root)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=sys.platform != "win32",
            )  # fmt: skip


def is_at_work(rooms: Rooms) -> bool:
    """Whether a worker has this folder's lock."""
    from filelock import FileLock, Timeout

    if not (rooms.state / LOCK).is_file():
        return False
    try:
        with FileLock(rooms.state / LOCK, timeout=0):
            return False
    except Timeout:
        return True


def named_worker(rooms: Rooms) -> Process | None:
    """The last worker of a folder, which may be gone."""
    try:
        return Process(**json.loads((rooms.state / NAMED).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
