"""Starts the MLflow UI and optuna-dashboard on free loopback ports, and stops both with everything they started."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dashboards.optuna_server import CLEAR, HOST, MLFLOW, PASSWORD_NAME, STORAGE, USER_NAME
from models.errors import InputError
from models.io.logs import last_line

SILENT: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "PYTHONUNBUFFERED": "1",
}
USER: Final = "huanhua"
POLL_S: Final = 0.2
PAUSE_S: Final = 2.0
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
class Public:
    """Where MLflow answers beyond this machine: an address of it, and the password that is asked for there."""

    host: str
    password: str


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
        said = last_line(self.log) or "it said nothing"
        return InputError(f"the {self.name} dashboard stopped ({said})", self.log, "read that file, then start it again")


def serve(stores: Stores, tell: Callable[[Addresses], None], wait_s: float = 180.0, public: Public | None = None) -> None:
    """Runs both dashboards until Ctrl-C, SIGTERM or a closed terminal; `tell` is called once both answer.

    With `public` MLflow asks for a password and answers there; optuna-dashboard, which knows none, stays on loopback.

    Raises InputError if there is no database to show, or if a server stops by itself.
    """
    with _signals_interrupt(), running(stores, wait_s, public) as (addresses, servers):
        tell(addresses)
        while True:
            time.sleep(POLL_S)
            for server in servers:
                if server.process.poll() is not None:
                    raise server.failure()


def kept_up(stores: Stores, tell: Callable[[Addresses], None], also: Callable[[], None], public: Public | None = None) -> None:
    """As `serve`, but a dashboard that stops is started again, and `tell` is called again; `also` is called all the while.

    Where nothing was run yet the dashboards wait for the first study.
    """
    with _signals_interrupt():
        while True:
            while not to_show(stores):
                also()
                time.sleep(PAUSE_S)
            with running(stores, public=public) as (addresses, servers):
                tell(addresses)
                while all(server.process.poll() is None for server in servers):
                    also()
                    time.sleep(POLL_S)


def to_show(stores: Stores) -> bool:
    """Whether something was run that dashboards can show."""
    try:
        for url in (stores.mlflow_url, stores.storage_url):
            _check_database(url)
    except InputError:
        return False
    return True


@contextmanager
def running(stores: Stores, wait_s: float = 180.0, public: Public | None = None) -> Iterator[tuple[Addresses, Sequence[_Server]]]:
    """Both dashboards, answering, for as long as the block lasts. An MLflow server that is already somewhere is left as it is."""
    for url in (stores.mlflow_url, stores.storage_url):
        _check_database(url)
    stores.logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        servers: list[_Server] = []
        mlflow = stores.mlflow_url
        if not stores.mlflow_url.startswith(("http://", "https://")):
            servers.append(stack.enter_context(_mlflow(stores, public)))
            mlflow = servers[0].address
        optuna = stack.enter_context(_optuna(stores, mlflow, public))
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
def _mlflow(stores: Stores, public: Public | None) -> Iterator[_Server]:
    host = public.host if public else HOST
    port = _free_port(host)
    root = stores.mlflow_artifacts.resolve().as_uri()
    # The URL goes by the environment, since it may hold a password and arguments can be read by anyone.
    command = ["-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1", "--default-artifact-root", root]
    extra = {"MLFLOW_BACKEND_STORE_URI": stores.mlflow_url}
    with tempfile.TemporaryDirectory() as scratch:
        if public is not None:
            command += ["--app-name", "basic-auth", "--allowed-hosts", f"{host},{host}:{port}"]
            extra |= _password_asked(Path(scratch), public.password)
        with _started("MLflow", command, extra, port, stores.logs / "mlflow.log", host) as server:
            yield server


def _password_asked(scratch: Path, password: str) -> dict[str, str]:
    """MLflow's basic authentication with one user, made anew at every start so that a new password is taken."""
    config = scratch / "auth.ini"
    database = (scratch / "users.db").as_posix()
    config.write_text(f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = sqlite:///{database}\n", encoding="utf-8")
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_AUTH_ADMIN_USERNAME": USER,
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(),
    }


@contextmanager
def _optuna(stores: Stores, mlflow: str, public: Public | None) -> Iterator[_Server]:
    port = _free_port()
    told = {STORAGE: stores.storage_url, MLFLOW: mlflow, **({} if stores.blurred else {CLEAR: "1"})}
    if public is not None:
        told |= {USER_NAME: USER, PASSWORD_NAME: public.password}
    command = ["-m", "dashboards.optuna_server", str(stores.artifacts.resolve()), str(port)]
    with _started("Optuna", command, told, port, stores.logs / "optuna.log") as server:
        yield server


@contextmanager
def _started(
    name: str, command: Sequence[str], extra: Mapping[str, str], port: int, log: Path, host: str = HOST
) -> Iterator[_Server]:
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
        yield _Server(name, f"http://{host}:{port}", process, log)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
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
    except urllib.error.HTTPError as error:
        return error.code == 401  # it answers, and asks for the password
    except (urllib.error.URLError, OSError):
        return False


def _free_port(host: str = HOST) -> int:
    with socket.socket() as probe:
        try:
            probe.bind((host, 0))
        except OSError as error:
            raise InputError(f"this machine has no such address ({error.strerror})", host, "name one of its own") from error
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
