"""The queue of a service that has no Ray: one job a study, a file in its workspace, so that no kill loses it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

from models.errors import InputError, TakenError
from models.language.translate import phrase
from studies.service.rooms import Rooms
from studies.workspace import Workspace, workspace_of

JOB: Final = "job"
"""The workspace's JSON file of it."""
LOGS: Final = "logs"
Verb = Literal["run", "scout", "mend", "enlarge", "prepare", "train"]
State = Literal["queued", "running", "finished", "failed", "stopped"]
OPEN: Final = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """What was asked of one study, and how far it is. Times are seconds since the epoch."""

    id: str
    verb: Verb
    words: tuple[str, ...] = ()
    """Options of the verb."""
    state: State = "queued"
    since: float = 0.0
    """When it was queued."""
    began: float | None = None
    ended: float | None = None
    stop: bool = False
    """Whether a person asked it to end."""
    why: str = ""
    """Of a failed one: the last line of its log."""
    told: Any = None
    """The same in its parts, as its last event has it, so that every reader has it in their language."""
    pid: int | None = None
    started: float | None = None
    """Of the process that does it; both distinguish it from a later process of its number."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def seeds(self) -> list[int]:
        """The seeds that its words name; none where it is of all, or of a photo set."""
        return [int(self.words[at + 1]) for at, word in enumerate(self.words[:-1]) if word == "--seed"]

    def as_json(self) -> dict[str, Any]:
        """For people and programs that wait for it."""
        kept = ("id", "verb", "state", "since", "began", "ended", "stop", "why")
        return {**{name: value for name, value in asdict(self).items() if name in kept}, "seeds": self.seeds}

    def events(self, workspace: Workspace) -> Path:
        """The file of its JSON lines, as `run --json` prints them."""
        return workspace.root / LOGS / f"events-{self.id}.jsonl"

    def log(self, workspace: Workspace) -> Path:
        """The file of its lines for people."""
        return workspace.root / LOGS / f"job-{self.id}.log"


def job_of(workspace: Workspace) -> Job | None:
    """The last one of a study; None where there was none. Raises InputError if its file is damaged."""
    found = workspace.read(JOB)
    if found is None:
        return None
    try:
        made = Job(**{**found, "words": tuple(found["words"])})
        if made.verb not in get_args(Verb) or made.state not in get_args(State) or not made.id.isalnum():
            raise ValueError("no job")
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise InputError("no job of the queue", workspace.root / f"{JOB}.json", "move it away") from error
    return made


def enqueue(workspace: Workspace, verb: Verb, words: Sequence[str]) -> Job:
    """Raises TakenError if this study is queued or running already."""
    made = Job(uuid.uuid4().hex[:12], verb, tuple(words), since=time.time())

    def queued() -> dict[str, Any]:
        last = job_of(workspace)
        if last is not None and last.is_open:
            state: str = last.state
            raise TakenError(
                phrase("this study is {state} already", state=phrase(state)), workspace.root, "stop it first, or wait"
            )
        return asdict(made)

    workspace.update(JOB, queued)
    return made


def change(workspace: Workspace, job: Job, **fields: Any) -> Job:
    """The job with other fields, stored; another one that took its place meanwhile is left as it is."""
    changed = job

    def stored() -> dict[str, Any] | None:
        nonlocal changed
        last = job_of(workspace)
        if last is None or last.id != job.id:
            return None if last is None else asdict(last)
        changed = replace(last, **fields)
        return asdict(changed)

    workspace.update(JOB, stored)
    return changed


def ask_to_end(workspace: Workspace, job: Job) -> Job:
    """A queued one never begins; a running one ends after the images in hand."""
    if job.state == "queued":
        return change(workspace, job, state="stopped", stop=True, ended=time.time())
    return change(workspace, job, stop=True)


def open_jobs(rooms: Rooms) -> list[tuple[Path, Job]]:
    """The studies and training sets that are queued or running, with their jobs: the running one first, then the earliest.
    Damaged files wait for a person, who sees them at their study."""
    found = []
    for folder in rooms.job_folders():
        try:
            job = job_of(workspace_of(folder / "study.yaml"))
        except InputError:
            continue
        if job is not None and job.is_open:
            found.append((folder, job))
    return sorted(found, key=lambda each: (each[1].state != "running", each[1].since))
