"""The worker: jobs one after another, and none lost by a kill of the worker, of the job, or of both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import InputError
from models.language.as_json import error_from_json
from studies.service.queue import worker
from studies.service.queue.jobs import Job, Verb, ask_to_end, change, enqueue, job_of, open_jobs
from studies.service.queue.keeper import Keeper, is_at_work
from studies.service.queue.process import Process
from studies.service.rooms import Rooms
from studies.service.sets.photo_set import new_set
from studies.workspace import Workspace, workspace_of

FAKE = """
import json, sys, time
from pathlib import Path
store, seconds, status = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
with store.open("a") as file:
    file.write(json.dumps(sys.argv[4]) + "\\n")
time.sleep(seconds)
if status > 1:
    print(json.dumps({"event": "failed", "what": "no such base", "where": "models", "mend": "put it there"}))
    print("huanhua: no such base: models; put it there", file=sys.stderr)
else:
    print(json.dumps({"event": "done", "seeds": [7], "picked": []}))
sys.exit(status)
"""
"""In the place of `huanhua run`: it notes that it began, takes a while, and ends."""


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    for name in ("one", "two"):
        folder = tmp_path / "studies" / name
        folder.mkdir(parents=True)
        (folder / "study.yaml").write_text("name: x\n", encoding="utf-8")
    (tmp_path / "huanhua.yaml").write_text("", encoding="utf-8")
    (tmp_path / "fake.py").write_text(FAKE, encoding="utf-8")
    return Rooms(tmp_path)


@pytest.fixture
def doing(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> Callable[[float, int], None]:
    def takes(seconds: float, status: int) -> None:
        def command(folder: Path, job: Job) -> list[str]:
            words = [str(rooms.root / "began"), str(seconds), str(status), f"{folder.name} {job.verb}"]
            return [sys.executable, str(rooms.root / "fake.py"), *words]

        monkeypatch.setattr(worker, "command_of", command)

    return takes


def workspace(rooms: Rooms, name: str) -> Workspace:
    return workspace_of(rooms.folder(name) / "study.yaml").make()


def state(rooms: Rooms, name: str) -> str:
    job = job_of(workspace(rooms, name))
    assert job is not None
    return job.state


def began(rooms: Rooms) -> list[str]:
    return [json.loads(line) for line in (rooms.root / "began").read_text(encoding="utf-8").splitlines()]


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    doing(0, 0)
    enqueue(workspace(rooms, "two"), "scout", [])
    enqueue(workspace(rooms, "one"), "run", [])
    worker.work(rooms)
    assert began(rooms) == ["two scout", "one run"]
    assert [state(rooms, name) for name in ("one", "two")] == ["finished", "finished"]
    assert open_jobs(rooms) == []


@pytest.mark.parametrize(("status", "ends"), [(0, "finished"), (1, "finished"), (2, "failed")])
def test_a_job_ends_as_its_command_does(rooms: Rooms, doing: Callable[[float, int], None], status: int, ends: str) -> None:
    doing(0, status)
    enqueue(workspace(rooms, "one"), "run", [])
    worker.work(rooms)
    job = job_of(workspace(rooms, "one"))
    assert job is not None
    assert (job.state, job.why) == (ends, "no such base: models; put it there" if status == 2 else "")
    assert (job.told is not None) == (status == 2)
    if job.told is not None:
        assert str(error_from_json(job.told)) == job.why


def test_a_job_of_a_photo_set_names_all_that_it_needs(rooms: Rooms) -> None:
    words = ("photos/a", "data/a", "--kind", "face")
    assert worker.command_of(rooms.root, Job("a", "prepare", words))[6:] == ["prepare", *words, "--json"]
    for verb in ("run", "scout", "mend", "enlarge"):
        assert worker.command_of(rooms.root, Job("a", verb, ("--seed", "7")))[6:] == [
            verb,
            str(rooms.root),
            "--seed",
            "7",
            "--json",
        ]


def test_photo_sets_wait_in_the_same_queue(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    doing(0, 0)
    photo_set = new_set(rooms, "boots", "shoes")
    enqueue(photo_set.workspace, "prepare", [])
    enqueue(workspace(rooms, "one"), "run", [])
    worker.work(rooms)
    assert began(rooms) == ["boots prepare", "one run"]
    job = job_of(photo_set.workspace)
    assert job is not None
    assert job.state == "finished"


def test_a_job_that_a_killed_worker_left_is_waited_for_and_not_done_twice(
    rooms: Rooms, doing: Callable[[float, int], None]
) -> None:
    doing(0, 0)
    place = workspace(rooms, "one")
    job = enqueue(place, "run", [])
    job.events(place).parent.mkdir(exist_ok=True)
    with job.events(place).open("wb") as events:
        left = subprocess.Popen(
            [sys.executable, "-c", 'import time; time.sleep(1.5); print(\'{"event": "done"}\')'], stdout=events
        )
    made = Process.of(left.pid)
    change(place, job, state="running", pid=made.pid, started=made.started)
    worker.work(rooms)
    assert left.wait() == 0
    assert state(rooms, "one") == "finished"
    assert not (rooms.root / "began").exists()


def test_a_job_whose_process_was_killed_too_is_done_again(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    doing(0, 0)
    place = workspace(rooms, "one")
    change(place, enqueue(place, "run", []), state="running", pid=os.getpid(), started=1.0)  # a number that came round again
    worker.work(rooms)
    assert (began(rooms), state(rooms, "one")) == (["one run"], "finished")


def test_a_stopped_job_that_a_kill_interrupted_is_not_begun_again(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    doing(0, 0)
    place = workspace(rooms, "one")
    ask_to_end(place, change(place, enqueue(place, "run", []), state="running", pid=os.getpid(), started=1.0))
    worker.work(rooms)
    assert not (rooms.root / "began").exists()
    assert state(rooms, "one") == "stopped"


def test_a_mend_that_is_told_to_stop_is_ended(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    doing(60, 0)
    enqueue(workspace(rooms, "one"), "mend", [])
    at_work = threading.Thread(target=worker.work, args=(rooms,))
    at_work.start()
    wait_until(lambda: state(rooms, "one") == "running")
    job = job_of(workspace(rooms, "one"))
    assert job is not None
    ask_to_end(workspace(rooms, "one"), job)
    at_work.join(30)
    assert not at_work.is_alive()
    assert state(rooms, "one") == "stopped"


@pytest.mark.parametrize(("verb", "ends"), [("run", "stopped"), ("mend", "finished"), ("train", "finished")])
def test_a_job_that_ended_well_before_it_was_told_to_is_done(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch, verb: Verb, ends: str
) -> None:
    """A run that is told to end does so in order, with what it has; others are ended by their process."""

    def run(folder: Path, place: Workspace, job: Job) -> int:
        ask_to_end(place, change(place, job, state="running"))
        return 0

    monkeypatch.setattr(worker, "_run", run)
    enqueue(workspace(rooms, "one"), verb, [])
    worker.work(rooms)
    assert state(rooms, "one") == ends


def test_a_second_job_of_a_study_is_refused(rooms: Rooms) -> None:
    job = enqueue(workspace(rooms, "one"), "run", [])
    with pytest.raises(InputError, match="this study is queued already"):
        enqueue(workspace(rooms, "one"), "scout", [])
    assert ask_to_end(workspace(rooms, "one"), job).state == "stopped"
    assert enqueue(workspace(rooms, "one"), "scout", []).id != job.id


def test_a_worker_that_is_told_to_end_puts_its_job_back(rooms: Rooms, doing: Callable[[float, int], None]) -> None:
    """SIGTERM, as a service sends it that ends."""
    doing(60, 0)
    enqueue(workspace(rooms, "one"), "run", [])
    child = os.fork() if hasattr(os, "fork") else pytest.skip("needs fork")
    if child == 0:
        signal.signal(signal.SIGTERM, worker._interrupt)
        worker.work(rooms)
        os._exit(0)
    wait_until(lambda: (rooms.root / "began").exists())
    assert is_at_work(rooms)
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    assert state(rooms, "one") == "queued"
    assert not is_at_work(rooms)


def test_a_keeper_starts_a_worker_where_jobs_wait(rooms: Rooms) -> None:
    """The real command: the study is none, which its job says."""
    keeper = Keeper(rooms)
    keeper.keep_up()
    assert not rooms.state.exists()
    enqueue(workspace(rooms, "one"), "run", [])
    keeper.keep_up()
    wait_until(lambda: state(rooms, "one") == "failed")
    keeper.end()
    job = job_of(workspace(rooms, "one"))
    assert job is not None
    assert "study.yaml" in job.why


def test_a_job_at_which_workers_keep_ending_fails_with_what_they_say(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one is tried."""
    starts = []

    def start(self: Keeper) -> subprocess.Popen[bytes]:
        starts.append(1)
        rooms.state.mkdir(exist_ok=True)
        (rooms.state / "worker.log").write_text("ImportError: no module named torch\n", encoding="utf-8")
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        return ended

    monkeypatch.setattr(Keeper, "_start", start)
    keeper = Keeper(rooms)
    enqueue(workspace(rooms, "one"), "run", [])
    enqueue(workspace(rooms, "two"), "run", [])
    while state(rooms, "one") == "queued":
        assert len(starts) < 10
        keeper.keep_up()
    job = job_of(workspace(rooms, "one"))
    assert job is not None
    assert job.state == "failed"
    assert "its worker ended 4 times before anything was done (ImportError: no module named torch)" in job.why
    assert str(error_from_json(job.told)) == job.why
    assert state(rooms, "two") == "queued"


def wait_until(ready: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.05)
