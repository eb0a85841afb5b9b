"""Keeps a worker at a folder's jobs: a service asks it now and then, and when it queues one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from studies.service.queue.jobs import open_jobs
from studies.service.queue.process import Process
from studies.service.queue.worker import GRACE_S, LOCK, NAMED
from studies.service.rooms import Rooms


class Keeper:
    """Of one folder. `keep_up` may be called from any thread."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms, self._lock = rooms, threading.Lock()
        self._started: subprocess.Popen[bytes] | None = None

    def keep_up(self) -> None:
        """Starts a worker where jobs wait and none is at work."""
        with self._lock:
            if self._started is not None and self._started.poll() is None:
                return
            if open_jobs(self._rooms) and not is_at_work(self._rooms):
                self._started = self._start()

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
        with (self._rooms.state / "worker.log").open("ab") as log:
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
