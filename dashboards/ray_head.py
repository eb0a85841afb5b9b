"""A Ray head on this machine's loopback, restarted whenever it stops: `huanhua serve` queues studies on it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from dashboards.optuna_server import HOST
from dashboards.processes import answers, stop
from models.errors import InputError
from models.io.logs import last_line
from models.language.translate import phrase

PORT: Final = 6379
JOBS_PORT: Final = 8265
RUNNER: Final = "huanhua_runner"
"""A resource of which the head has one for each study that may run at a time; others wait in Ray's queue."""
POLL_S: Final = 0.5
INSTALL: Final = "pip install 'huanhua[ray]'"


TOKEN: Final = Path(".ray", "auth_token")
"""Below the home folder."""


def command(port: int, jobs_port: int, runners: int) -> list[str]:
    """Jobs are accepted on loopback. Ray's own ports cannot be bound there alone, so all of them require Ray's token."""
    return [
        sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--node-ip-address={HOST}", f"--port={port}",
        "--include-dashboard=true", f"--dashboard-host={HOST}", f"--dashboard-port={jobs_port}",
        f'--resources={{"{RUNNER}": {runners}}}', "--disable-usage-stats",
    ]  # fmt: skip


def _make_token() -> None:
    """Of this person, unless there is one: Ray 2.60 starts no head without it, and makes none itself."""
    named = {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & os.environ.keys()
    if not named and not (Path.home() / TOKEN).is_file():
        words = [sys.executable, "-m", "ray.scripts.scripts", "get-auth-token", "--generate"]
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


class Head:
    """A running head; call `keep_up` now and then."""

    def __init__(self, log: Path, port: int, jobs_port: int, runners: int) -> None:
        self._command, self._log = command(port, jobs_port, runners), log
        self.jobs = f"http://{HOST}:{jobs_port}"
        self.restarts = 0
        self._process = self._start()

    def keep_up(self) -> None:
        """Starts it again if it has stopped."""
        if self._process.poll() is not None:
            self.restarts += 1
            self._process = self._start()

    def wait(self, wait_s: float) -> None:
        """Returns once jobs can be submitted. Raises InputError if that takes more than `wait_s` seconds."""
        until = time.monotonic() + wait_s
        while not answers(f"{self.jobs}/api/version"):
            if self._process.poll() is not None or time.monotonic() > until:
                last = last_line(self._log) or phrase("no output")
                raise InputError(phrase("the Ray head does not answer ({last})", last=last), self._log, "read that file")
            time.sleep(POLL_S)

    def stop(self) -> None:
        stop(self._process)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "token"}
        with self._log.open("ab") as output:
            return subprocess.Popen(
                self._command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=sys.platform != "win32",
            )  # fmt: skip


@contextmanager
def ray_head(
    logs: Path, *, port: int = PORT, jobs_port: int = JOBS_PORT, runners: int = 1, wait_s: float = 180.0
) -> Iterator[Head]:
    """A head that accepts jobs for as long as the block lasts. Raises InputError if Ray is missing or the head does not start."""
    if find_spec("ray") is None:
        raise InputError("Ray is not installed", "serve", INSTALL)
    there = f"http://{HOST}:{jobs_port}"
    if answers(f"{there}/api/version"):
        # This head could not start, and studies would be told to that one.
        raise InputError(
            "a Ray head answers there already", there, "end that service first, or name other ports: --ray-port, --jobs-port"
        )
    logs.mkdir(parents=True, exist_ok=True)
    _make_token()
    head = Head(logs / "ray.log", port, jobs_port, runners)
    try:
        head.wait(wait_s)
        yield head
    finally:
        head.stop()
