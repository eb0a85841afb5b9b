"""The one worker of a service without Ray: a process that does a folder's jobs one after another, and ends when none is left.

It is a process of its own: a service that is killed leaves it at work, and the next service finds it. A worker that is killed
itself leaves its job as running; the next one waits for that job's process, or does the job again, which resumes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.io.files import write_whole
from models.io.logs import END, last_line
from models.language.as_json import error_from_json
from studies.service.queue.jobs import LOGS, Job, change, job_of, open_jobs
from studies.service.queue.process import Process
from studies.service.rooms import Rooms
from studies.workspace import Workspace, workspace_of

LOCK: Final = "worker.lock"
NAMED: Final = "worker.json"
"""In the service's folder: which process the worker is, or was."""
LOCK_S: Final = 3.0
"""Seconds to wait for the lock: a service looks for a moment whether somebody has it."""
POLL_S: Final = 0.2
GRACE_S: Final = 30.0
"""Seconds that a job may take to end after it was told to."""
OF_STUDIES: Final = ("run", "scout", "mend", "enlarge")
"""Verbs whose first word is the study's folder; others name all that they need."""
GOOD: Final = (0, 1)
"""Exit statuses of a job that was done; 1 says that some seed has no pick."""


class Ended(Exception):  # noqa: N818  # no error: the worker was told to end
    """Raised where the worker is told to end."""


def work(rooms: Rooms) -> None:
    """Does all jobs of the folder. Returns at once if another worker is at it."""
    from filelock import FileLock, Timeout

    rooms.state.mkdir(exist_ok=True)
    try:
        with FileLock(rooms.state / LOCK, timeout=LOCK_S):
            me = Process.of(os.getpid())
            write_whole(rooms.state / NAMED, json.dumps(asdict(me)).encode())
            while jobs := open_jobs(rooms):
                _do(*jobs[0])
    except (Timeout, Ended):
        return


def _do(folder: Path, job: Job) -> None:
    workspace = workspace_of(folder / "study.yaml")
    status = _await_left(workspace, job) if job.state == "running" else None
    if status is None:
        last = job_of(workspace)
        if last is None or not last.stop:
            status = _run(folder, workspace, change(workspace, job, state="queued", pid=None, started=None))
    _finish(workspace, job, status)


def _finish(workspace: Workspace, job: Job, status: int | None) -> None:
    last = job_of(workspace)
    stopped = last is not None and last.stop
    # A run that was told to stop ends well by that; other jobs end well only where they were done before.
    if status is None or (stopped and (job.verb == "run" or status not in GOOD)):
        change(workspace, job, state="stopped", ended=time.time())
    elif status in GOOD:
        change(workspace, job, state="finished", ended=time.time())
    else:
        why = last_line(job.log(workspace)).removeprefix("huanhua: ") or _ending(status)
        change(workspace, job, state="failed", ended=time.time(), why=why, told=_told(job.events(workspace)))


def _told(events: Path) -> Any:
    """The error in its parts, where the command's last event is that."""
    try:
        found = json.loads(last_line(events, letters=END))
        return found if found["event"] == "failed" and error_from_json(found) else None
    except (ValueError, TypeError, KeyError):
        return None


def _ending(status: int) -> str:
    """Of a command that said nothing itself, such as one that the system killed for its memory."""
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it ended with status {status}"


def command_of(folder: Path, job: Job) -> list[str]:
    """What a person would type. Its lines are English, as all that is stored."""
    place = (str(folder),) if job.verb in OF_STUDIES else ()
    return [sys.executable, "-P", "-m", "huanhua", "--lang", "en", job.verb, *place, *job.words, "--json"]


def _run(folder: Path, workspace: Workspace, job: Job) -> int | None:
    """Does a job to its end, and returns its exit status; None where it was ended because a person asked for it."""
    events, log = job.events(workspace), job.log(workspace)
    (workspace.root / LOGS).mkdir(parents=True, exist_ok=True)
    for old in [*events.parent.glob("events-*.jsonl"), *events.parent.glob("job-*.log")]:
        if old not in (events, log):
            old.unlink(missing_ok=True)
    with events.open("ab") as out, log.open("ab") as lines:
        # Of a session of its own: Ctrl-C in the service's terminal reaches it through the worker alone, once.
        child = subprocess.Popen(
            command_of(folder, job), stdin=subprocess.DEVNULL, stdout=out, stderr=lines, start_new_session=sys.platform != "win32"
        )
        made = Process.of(child.pid)
        change(workspace, job, state="running", began=time.time(), pid=made.pid, started=made.started)
        try:
            while child.poll() is None:
                time.sleep(POLL_S)
                if _pass_on(workspace, job, made):
                    child.wait()
                    return None
        except Ended:
            made.end(GRACE_S)
            change(workspace, job, state="queued", pid=None, started=None)
            raise
    return int(child.returncode)


def _await_left(workspace: Workspace, job: Job) -> int | None:
    """Waits for the process that a killed worker left, and returns its status as far as its events tell it; None where it did
    not come to its end, so that the job is to be done again."""
    left = Process(job.pid, job.started) if job.pid is not None and job.started is not None else None
    try:
        while left is not None and left.lives():
            time.sleep(POLL_S)
            if _pass_on(workspace, job, left):
                return None
    except Ended:
        assert left is not None
        left.end(GRACE_S)
        change(workspace, job, state="queued", pid=None, started=None)
        raise
    return 0 if '"event": "done"' in last_line(job.events(workspace)) else None


def _pass_on(workspace: Workspace, job: Job, process: Process) -> bool:
    """Tells the job to end, where a person asked for it: a run keeps the best that it has. Returns whether its process is
    ended."""
    last = job_of(workspace)
    if last is None or not last.stop:
        return False
    if job.verb != "run":
        process.end(GRACE_S)
        return True
    from studies.run.shared_storage.stop_requests import ask_to_stop
    from studies.study import open_study

    try:
        study = open_study(workspace.root.parent)
        ask_to_stop(study.storage_url, study.spec.name, None)
    except InputError:
        pass  # it has not begun to search: asked again at the next poll
    return False


def _interrupt(number: int, frame: object) -> None:
    raise Ended


def main() -> None:
    """`python -m studies.service.queue.worker ROOT`."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _interrupt)
    work(Rooms(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
