"""Kills the service, its worker and its jobs while studies run, and counts what is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2

from benchmarks.service.fake_run import SEED
from benchmarks.service.houses import WAIT_S, Service, project, serving
from studies.service.queue.jobs import job_of
from studies.service.queue.keeper import named_worker
from studies.service.rooms import Rooms
from studies.workspace import workspace_of

TRIALS: Final = 30
IMAGE_S: Final = 0.25


@dataclass
class Page:
    """What a page has been told of one study, over all connections: it goes on after the last event that it had."""

    study: str
    trials: list[int] = field(default_factory=list)
    last: str = ""
    connections: int = 0

    def follow(self, service: Service, ended: threading.Event) -> None:
        while not ended.is_set():
            with suppress(httpx2.HTTPError, OSError):
                self._read(service)
            time.sleep(0.1)

    def _read(self, service: Service) -> None:
        headers = {"last-event-id": self.last} if self.last else {}
        timeout = httpx2.Timeout(5.0, read=20.0)
        with httpx2.stream(
            "GET", f"{service.address}api/studies/{self.study}/events", headers=headers, timeout=timeout
        ) as answer:
            self.connections += 1
            data = ""
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    data = line.removeprefix("data:").strip()
                elif line.startswith("id:"):
                    self.last = line.removeprefix("id:").strip()
                    found = json.loads(data or "null") or {}
                    if found.get("event") == "trial":
                        self.trials.append(found["trial"])


def kill_many(folder: Path, kills: int) -> dict[str, Any]:
    """Studies run until there were so many kills: each of the service, every third of its worker too, every fifth of the job."""
    rng, done, lost, doubled, untold, round_number = random.Random(0), 0, 0, 0, 0, 0
    while done < kills:
        root = folder / f"round-{round_number}"
        round_number += 1
        folders = project(root, 2, 3)
        with serving(root, TRIALS, IMAGE_S) as service:
            pages = [Page(place.name) for place in folders]
            ended = threading.Event()
            threads = [threading.Thread(target=page.follow, args=(service, ended), daemon=True) for page in pages]
            for place, thread in zip(folders, threads, strict=True):
                service.post(f"api/studies/{place.name}/run", {})
                thread.start()
            while done < kills and not _all_ended(folders):
                time.sleep(rng.uniform(0.3, 3.0))
                service.kill()
                done += 1
                if done % 3 == 0:
                    _kill_worker(root)
                if done % 5 == 0:
                    _kill_job(folders)
                service.start()
                _go_on(service, folders)
            until = time.monotonic() + WAIT_S
            while not _all_ended(folders) and time.monotonic() < until:
                time.sleep(0.2)
                _go_on(service, folders)
            time.sleep(1.5)
            ended.set()
            for place, page in zip(folders, pages, strict=True):
                stored = _stored(place)
                job = job_of(workspace_of(place / "study.yaml"))
                lost += len(set(page.trials) - set(stored)) + (job is None or job.state != "finished")
                doubled += len(stored) - len(set(stored))
                untold += len(set(stored) - set(page.trials))
        print(f"{done} kills, {round_number} rounds", file=sys.stderr)
    return {"kills": done, "kills_lost": lost, "trials_doubled": doubled, "trials_untold": untold}


def _all_ended(folders: list[Path]) -> bool:
    jobs = [job_of(workspace_of(folder / "study.yaml")) for folder in folders]
    return all(job is not None and job.state == "finished" for job in jobs)


def _kill_worker(root: Path) -> None:
    named = named_worker(Rooms(root))
    if named is not None and named.lives():
        with suppress(ProcessLookupError):
            os.kill(named.pid, signal.SIGKILL)


def _kill_job(folders: list[Path]) -> None:
    for folder in folders:
        job = job_of(workspace_of(folder / "study.yaml"))
        if job is not None and job.state == "running" and job.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGKILL)


def _go_on(service: Service, folders: list[Path]) -> None:
    """As a person does who finds a study failed because its process was killed."""
    for folder in folders:
        job = job_of(workspace_of(folder / "study.yaml"))
        if job is not None and job.state == "failed" and "SIGKILL" in job.why:
            service.post(f"api/studies/{folder.name}/resume", {})


def _stored(folder: Path) -> list[int]:
    from studies.run.trials import trial_store_of
    from studies.study import open_study

    return [trial.number for trial in trial_store_of(open_study(folder), SEED).finished()]
