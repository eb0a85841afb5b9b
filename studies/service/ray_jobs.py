"""Studies as Ray jobs: Ray queues them, stores their states, and runs them on the machine of its head."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from models.errors import InputError
from models.io.logs import last_line
from models.language.translate import phrase
from studies.drawing.section import HuanhuaDraw
from studies.study import Study

RUNNER: Final = "huanhua_runner"
NO_PICK: Final = 1
"""The exit status of a run that ended without a pick at some seed."""
FILE, NAME, LOG = "huanhua.file", "huanhua.study", "huanhua.log"
STATES: Final = {"PENDING": "queued", "RUNNING": "running", "SUCCEEDED": "finished", "FAILED": "failed", "STOPPED": "stopped"}


class Client(Protocol):
    """Ray's JobSubmissionClient, as far as it is used."""

    def submit_job(
        self,
        *,
        entrypoint: str,
        metadata: dict[str, str],
        runtime_env: dict[str, Any],
        entrypoint_resources: dict[str, float],
    ) -> str: ...

    def list_jobs(self) -> list[Any]: ...


@dataclass(frozen=True)
class Queued:
    """A submitted study and its state."""

    study: str
    state: str
    """queued, running, finished, failed or stopped."""
    since: datetime | None
    done: int
    """Finished trials; 0 where the study's storage cannot be read from here."""
    budget: int
    """The most trials there will be; 0 as above."""
    log: str
    why: str = ""
    """The last line of a failed study's log, where it can be read."""
    file: str = ""
    """Its study.yaml, on the machine of the service."""

    def line(self) -> str:
        progress = f"{self.done:>4} of at most {self.budget} trials" if self.budget else "trials not known from here"
        since = self.since.strftime("%Y-%m-%d %H:%M") if self.since else ""
        return f"{self.state:<9} {self.study:<24} {since:<17} {progress}  {self.why or self.log}".rstrip()


def connect(address: str) -> Client:
    """Raises InputError if Ray is not installed or nothing that takes jobs answers at `address`."""
    from importlib.util import find_spec

    if find_spec("ray") is None:
        raise InputError("Ray is not installed", "--address", "pip install 'huanhua[ray]'")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray reads it at its first import: the head asks for Ray's token.
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    from ray.exceptions import AuthenticationError
    from ray.job_submission import JobSubmissionClient

    try:
        client: Client = JobSubmissionClient(address)
    except AuthenticationError as error:
        mend = "copy ~/.ray/auth_token from the machine of the service, or set RAY_AUTH_TOKEN"
        raise InputError("the service asks for Ray's token", address, mend) from error
    except (ConnectionError, RuntimeError, ValueError) as error:
        mend = "start `huanhua serve`; from another machine, `ssh -L 8265:127.0.0.1:8265` first"
        raise InputError("nothing takes studies there", address, mend) from error
    return client


def submit(client: Client, study: Study, file: Path, options: Sequence[str], workers: int | None) -> tuple[str, Path]:
    """Queues `huanhua run` of a study; returns the job's name and where its log will lie.

    The file must have the same path where the service runs. A study that a server draws needs none of Ray's workers. Raises
    InputError if this study is queued or running already, and for workers that would have nothing to draw.
    """
    drawn_here = isinstance(study.spec.draw, HuanhuaDraw)
    if workers is not None and not drawn_here:
        what = phrase("{title} draws this study, and Ray's workers would not", title=study.spec.draw.title)
        raise InputError(what, "--ray-workers", "leave it out; several addresses in draw.url draw at the same time")
    waiting = [
        job for job in list_all(client, lambda f: (0, 0)) if job.study == study.spec.name and job.state in ("queued", "running")
    ]
    if waiting:
        raise InputError(phrase("this study is {state} already", state=waiting[0].state), study.spec.name, "see `huanhua status`")
    log = study.workspace.make().root.resolve() / "logs" / "run.log"
    log.parent.mkdir(exist_ok=True)
    run = [sys.executable, "-m", "huanhua", "run", str(file.resolve()), *(["--ray", "auto"] if drawn_here else []), *options]
    if workers is not None:
        run += ["--ray-workers", str(workers)]
    job = client.submit_job(
        # Status 1 means that a seed has no pick: the study is finished all the same.
        entrypoint=f"{shlex.join(run)} >> {shlex.quote(str(log))} 2>&1 || test $? -eq {NO_PICK}",
        metadata={NAME: study.spec.name, FILE: str(file.resolve()), LOG: str(log)},
        runtime_env={
            "env_vars": {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        },
        entrypoint_resources={RUNNER: 1},
    )
    return job, log


def list_all(client: Client, progress: Callable[[str], tuple[int, int]]) -> list[Queued]:
    """All submitted studies, the earliest first. `progress` maps a study file to its trials done and the most there will be."""
    found = []
    for job in sorted(client.list_jobs(), key=lambda j: j.start_time or 0):
        metadata = job.metadata or {}
        if NAME not in metadata:
            continue
        state = str(getattr(job.status, "value", job.status))
        since = datetime.fromtimestamp(job.start_time / 1000) if job.start_time else None
        state, (done, budget) = STATES.get(state, state.lower()), progress(metadata[FILE])
        why = last_line(Path(metadata[LOG])) if state == "failed" else ""
        found.append(Queued(metadata[NAME], state, since, done, budget, metadata[LOG], why, metadata[FILE]))
    return found


def trials_of(file: str) -> tuple[int, int]:
    """Trials done, and the most there will be; (0, 0) if the study or its storage is not to be reached from here."""
    from studies.run.scouting import locked_seeds
    from studies.run.trials import trial_store_of
    from studies.study import open_study

    path = Path(file)
    if not path.exists():
        return 0, 0
    try:
        study = open_study(path)
    except InputError:
        return 0, 0
    if study.spec.tracking.storage is None and not (study.workspace.root / "optuna.db").exists():
        return 0, study.spec.search.trials * len(locked_seeds(study))
    seeds = locked_seeds(study)
    return sum(len(trial_store_of(study, seed).entries()) for seed in seeds), study.spec.search.trials * len(seeds)
