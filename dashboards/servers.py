"""Starts the MLflow UI and optuna-dashboard on free loopback ports, and stops both with everything they started."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dashboards.optuna_server import CLEAR, HOST, MLFLOW, PASSWORD_NAME, STORAGE, USER_NAME
from dashboards.processes import POLL_S, Server, free_port, start_server, stopped_by_signals, wait_for
from models.errors import InputError
from models.io.sqlite_url import sqlite_path, sqlite_url

USER: Final = "huanhua"
PAUSE_S: Final = 2.0
"""Seconds between two checks for a first study."""


@dataclass(frozen=True)
class Stores:
    """What the dashboards show."""

    mlflow_url: str
    """A database URL of MLflow, or the address of a server."""
    mlflow_artifacts: Path
    storage_url: str
    """The database URL of Optuna's storage."""
    artifacts: Path
    """Optuna's artifact store, with the images of trials."""
    logs: Path
    """A folder for the servers' output."""
    blurred: bool = True
    """Whether optuna-dashboard blurs images with little clothing."""


@dataclass(frozen=True)
class Public:
    """How MLflow is served beyond this machine."""

    host: str
    """An address of this machine."""
    password: str
    """Asked for at that address."""


@dataclass(frozen=True)
class Addresses:
    """Of both dashboards, as URLs."""

    mlflow: str
    optuna: str


def serve(stores: Stores, on_start: Callable[[Addresses], None], wait_s: float = 180.0, public: Public | None = None) -> None:
    """Runs both dashboards until Ctrl-C, SIGTERM or a closed terminal; `on_start` is called once both answer.

    With `public` MLflow asks for a password and answers there; optuna-dashboard, which has no passwords, stays on loopback.

    Raises InputError if there is no database to show, or if a server stops by itself.
    """
    with stopped_by_signals(), running(stores, wait_s, public) as (addresses, servers):
        on_start(addresses)
        while True:
            time.sleep(POLL_S)
            for server in servers:
                if server.process.poll() is not None:
                    raise server.failure()


def keep_serving(
    stores: Stores, on_start: Callable[[Addresses], None], on_poll: Callable[[], None], public: Public | None = None
) -> None:
    """As `serve`, but a dashboard that stops is started again, and `on_start` is called again.

    `on_poll` is called several times a second all the while. Where nothing was run yet, the dashboards wait for the first study.
    """
    with stopped_by_signals():
        while True:
            while not anything_to_show(stores):
                on_poll()
                time.sleep(PAUSE_S)
            with running(stores, public=public) as (addresses, servers):
                on_start(addresses)
                while all(server.process.poll() is None for server in servers):
                    on_poll()
                    time.sleep(POLL_S)


def anything_to_show(stores: Stores) -> bool:
    """Whether something was run that dashboards can show."""
    try:
        for url in (stores.mlflow_url, stores.storage_url):
            _check_database(url)
    except InputError:
        return False
    return True


@contextmanager
def running(stores: Stores, wait_s: float = 180.0, public: Public | None = None) -> Iterator[tuple[Addresses, Sequence[Server]]]:
    """Both dashboards, ready, for as long as the block lasts. An MLflow server that runs elsewhere is left as it is."""
    for url in (stores.mlflow_url, stores.storage_url):
        _check_database(url)
    stores.logs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        servers: list[Server] = []
        mlflow = stores.mlflow_url
        if not stores.mlflow_url.startswith(("http://", "https://")):
            servers.append(stack.enter_context(_mlflow(stores, public)))
            mlflow = servers[0].address
        optuna = stack.enter_context(_optuna(stores, mlflow, public))
        servers.append(optuna)
        until = time.monotonic() + wait_s
        for server in servers:
            wait_for(server, until)
        yield Addresses(mlflow, optuna.address), servers


def _check_database(url: str) -> None:
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise InputError("there is nothing to show yet", path, "run the study first")


@contextmanager
def _mlflow(stores: Stores, public: Public | None) -> Iterator[Server]:
    host = public.host if public else HOST
    port = free_port(host)
    root = stores.mlflow_artifacts.resolve().as_uri()
    # The URL goes by the environment, since it may hold a password and arguments can be read by anyone.
    command = ["-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1", "--default-artifact-root", root]
    extra = {"MLFLOW_BACKEND_STORE_URI": stores.mlflow_url}
    with tempfile.TemporaryDirectory() as scratch:
        if public is not None:
            command += ["--app-name", "basic-auth", "--allowed-hosts", f"{host},{host}:{port}"]
            extra |= _basic_auth(Path(scratch), public.password)
        with start_server("MLflow", command, extra, port, stores.logs / "mlflow.log", host) as server:
            yield server


def _basic_auth(scratch: Path, password: str) -> dict[str, str]:
    """MLflow's basic authentication with one user, written at every start so that a changed password takes effect."""
    config = scratch / "auth.ini"
    # The file is read by configparser, to which % means something too.
    database = sqlite_url(scratch / "users.db").replace("%", "%%")
    config.write_text(f"[mlflow]\ndefault_permission = NO_PERMISSIONS\ndatabase_uri = {database}\n", encoding="utf-8")
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(config),
        "MLFLOW_AUTH_ADMIN_USERNAME": USER,
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(),
    }


@contextmanager
def _optuna(stores: Stores, mlflow: str, public: Public | None) -> Iterator[Server]:
    port = free_port()
    environment = {STORAGE: stores.storage_url, MLFLOW: mlflow, **({} if stores.blurred else {CLEAR: "1"})}
    if public is not None:
        environment |= {USER_NAME: USER, PASSWORD_NAME: public.password}
    command = ["-m", "dashboards.optuna_server", str(stores.artifacts.resolve()), str(port)]
    with start_server("Optuna", command, environment, port, stores.logs / "optuna.log") as server:
        yield server
