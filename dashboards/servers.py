"""Starts the MLflow UI and optuna-dashboard on free loopback ports, and stops both with everything they started."""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboards.optuna_server import CLEAR, HOST, MLFLOW, STORAGE
from models.errors import InputError

SILENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}
POLL_S: Final = 0.2
GRACE_S: Final = 5.0


@dataclass(frozen=True)
class Stores:
    """What the dashboards look at. `logs` is a folder for the servers' own output; `blurred` is for images with little clothing
    in optuna-dashboard."""

    mlflow_url: str
    mlflow_artifacts: Path
    storage_url: str
    artifacts: Path
    logs: Path
    blurred: bool = True


@dataclass(frozen=True)
class Addresses:
    mlflow: str
    optuna: str


@dataclass(frozen=True)
class _Server:
    name: str
    address: str
    process: subprocess.Popen[bytes]
    log: Path

    def failure(self) -> InputError:
        lines = self.log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return InputError(
            f"the {self.name} dashboard stopped ({lines[-1][:160]})", self.log, "read that file, then start it again"
        )


def serve(stores: Stores, tell: Callable[[Addresses], None], wait_s: float = 180.0) -> None:
    """Runs both dashboards until Ctrl-C, SIGTERM or a closed terminal; `tell` is called once both answer.

    Raises InputError if there is no database to show, or if a server stops by itself.
    """
    with _signals_interrupt(), running(stores, wait_s) as (addresses, servers):
        tell(addresses)
        while True:
            time.sleep(POLL_S)
            for server in servers:
                if server.process.poll() is not None:
                    raise server.failure()


@contextmanager
def running(stores: Stores, wait_s: float = 180.0) -> Iterator[tuple[Addresses, Sequence[_Server]]]:
    """Both dashboards, answering, for as long as the block lasts. An MLflow server that is already somewhere is left as it is."""
    for url in (stores.mlflow_url, stores.storage_url):
        _check_database(url)
    stores.logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        servers: list[_Server] = []
        mlflow = stores.mlflow_url
        if not stores.mlflow_url.startswith(("http://", "https://")):
            servers.append(stack.enter_context(_mlflow(stores)))
            mlflow = servers[0].address
        optuna = stack.enter_context(_optuna(stores, mlflow))
        servers.append(optuna)
        until = time.monotonic() + wait_s
        for server in servers:
            _wait(server, until)
        yield Addresses(mlflow, optuna.address), servers


def _check_database(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.is_file():
        raise InputError("there is nothing to show yet", path, "run the study first")


@contextmanager
def _mlflow(stores: Stores) -> Iterator[_Server]:
    port = _free_port()
    root = stores.mlflow_artifacts.resolve().as_uri()
    # The URL goes by the environment, since it may hold a password and arguments can be read by anyone.
    command = ["-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1", "--default-artifact-root", root]
    with _started("MLflow", command, {"MLFLOW_BACKEND_STORE_URI": stores.mlflow_url}, port, stores.logs / "mlflow.log") as server:
        yield server


@contextmanager
def _optuna(stores: Stores, mlflow: str) -> Iterator[_Server]:
    port = _free_port()
    told = {STORAGE: stores.storage_url, MLFLOW: mlflow, **({} if stores.blurred else {CLEAR: "1"})}
    command = ["-m", "dashboards.optuna_server", str(stores.artifacts.resolve()), str(port)]
    with _started("Optuna", command, told, port, stores.logs / "optuna.log") as server:
        yield server


@contextmanager
def _started(name: str, command: Sequence[str], extra: Mapping[str, str], port: int, log: Path) -> Iterator[_Server]:
    """A server in a process group of its own: it and all it starts are stopped together, and Ctrl-C reaches only this process."""
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
        yield _Server(name, f"http://{HOST}:{port}", process, log)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
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


def _wait(server: _Server, until: float) -> None:
    while not _answers(server.address):
        if server.process.poll() is not None:
            raise server.failure()
        if time.monotonic() > until:
            raise InputError(f"the {server.name} dashboard does not answer", server.log, "read that file, then start it again")
        time.sleep(POLL_S)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Ends the block quietly on SIGINT, SIGTERM and SIGHUP; a second one does not interrupt the stopping."""
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
