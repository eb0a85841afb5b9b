"""Serves optuna-dashboard on loopback, in a process of its own: `python -m dashboards.optuna_server ARTIFACTS PORT`.

The storage URL comes from the environment variable HUANHUA_STORAGE, since it may hold a password and arguments can be read by
anyone; HUANHUA_MLFLOW is the address of MLflow, and with HUANHUA_CLEAR no picture is blurred. The dashboard checks no Host and
lets any site read its pictures, so requests that do not come from its own address are refused here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any, Final
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dashboards.optuna_routes import Application, Login, only_feasible, with_blur, with_mlflow

STORAGE, MLFLOW, CLEAR = "HUANHUA_STORAGE", "HUANHUA_MLFLOW", "HUANHUA_CLEAR"
USER_NAME, PASSWORD_NAME = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
"""As MLflow's own clients read them."""
HOST: Final = "127.0.0.1"
LOOPBACK: Final = frozenset({HOST, "localhost"})


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Requests are not worth a log line."""


def only_loopback(application: Application) -> Application:
    """Refuses, with status 403, a request whose Host or Origin is not this machine's loopback."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = urlsplit(f"//{environ.get('HTTP_HOST', HOST)}").hostname
        origin = environ.get("HTTP_ORIGIN")
        if host not in LOOPBACK or (origin is not None and urlsplit(origin).hostname not in LOOPBACK):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"this dashboard answers only to its own address"]
        return application(environ, start_response)

    return guarded


def main(artifacts: Path, port: int) -> None:
    """Serves until the process ends."""
    from optuna.artifacts import FileSystemArtifactStore
    from optuna.storages import RDBStorage

    storage = RDBStorage(os.environ[STORAGE])
    artifacts.mkdir(parents=True, exist_ok=True)
    import optuna_dashboard
    from optuna_dashboard import _app

    _app.get_pareto_front_trials = only_feasible(_app.get_pareto_front_trials)
    application: Application = optuna_dashboard.wsgi(storage, artifact_store=FileSystemArtifactStore(str(artifacts)))
    if not os.environ.get(CLEAR):
        application = with_blur(application, artifacts, lambda trial: storage.get_trial(trial).user_attrs)
    if address := os.environ.get(MLFLOW):
        login = Login(os.environ[USER_NAME], os.environ.get(PASSWORD_NAME, "")) if USER_NAME in os.environ else None
        application = with_mlflow(application, address, login)
    with make_server(HOST, port, only_loopback(application), server_class=_Server, handler_class=_Quiet) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
