"""Servers as processes of their own: started, waited for, and stopped with everything that they started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboards.optuna_server import HOST
from models.errors import InputError
from models.io.logs import last_line
from models.language.translate import phrase

SILENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}
"""Environment of every server: no telemetry, and output that is not buffered."""
POLL_S: Final = 0.2
GRACE_S: Final = 5.0
"""Seconds from SIGTERM to SIGKILL."""


@dataclass(frozen=True)
class Server:
    """A running server. `log` holds its output."""

    name: str
    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def failure(self) -> InputError:
        """The error for a server that stopped by itself, with the last line of its log."""
        last = last_line(self.log) or phrase("no output")
        return InputError(
            phrase("the {name} dashboard stopped ({last})", name=self.name, last=last),
            self.log,
            "read that file, then start it again",
        )


@contextmanager
def start_server(
    name: str, command: Sequence[str], extra: Mapping[str, str], port: int, log: Path, host: str = HOST
) -> Iterator[Server]:
    """A Python server for as long as the block lasts; `extra` is added to the environment.

    It runs in a process group of its own: it and all it starts are stopped together, and Ctrl-C reaches only this process.
    """
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    environment = {**os.environ, **SILENT, **extra}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **group,
        )
    try:
        yield Server(name, f"http://{host}:{port}", process, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stops a process and all that it started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        process.wait()
        return
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def wait_for(server: Server, until: float) -> None:
    """Returns once the server answers. Raises InputError if it stops, or does not by `until` on the monotonic clock."""
    while not answers(server.address):
        if server.process.poll() is not None:
            raise server.failure()
        if time.monotonic() > until:
            raise InputError(
                phrase("the {name} dashboard does not answer", name=server.name),
                server.log,
                "read that file, then start it again",
            )
        time.sleep(POLL_S)


def answers(address: str) -> bool:
    """Whether a server answers, even if only to ask for a password."""
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except urllib.error.HTTPError as error:
        return error.code == 401
    except (urllib.error.URLError, OSError):
        return False


def free_port(host: str = HOST) -> int:
    """Raises InputError if `host` is no address of this machine."""
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise InputError(
                phrase("this machine has no such address ({error})", error=error.strerror), host, "name one of its own"
            ) from error
        return int(probe.getsockname()[1])


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Ends the block quietly on SIGINT, SIGTERM and SIGHUP; a second one does not interrupt the shutdown."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        for name in names:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
