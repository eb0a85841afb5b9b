"""WSGI routes in front of optuna-dashboard: pictures with little clothing as a blur, and links on to MLflow."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import parse_qs, quote

from models.io.blur_filter import blurred

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PICTURE: Final = re.compile(r"/artifacts/\d+/(\d+)/([\w-]+)")
RUN: Final = re.compile(r"/mlflow/([^/]+)/(\d+)(?:/(\d+))?")
BARE: Final = "bare"
"""The user attribute of trials whose pictures are blurred."""
MODELS: Final = "workflowType=machine_learning"
"""Shows a run among runs of models: MLflow 3.17 takes it for one of chats and traces otherwise."""
RUN_TAG: Final = "huanhua.run"
MANY: Final = 100
"""Runs of one seed or one trial that are looked through."""
WAIT_S: Final = 10.0


class Login(NamedTuple):
    """A user of an MLflow server that asks for a password."""

    user: str
    password: str

    def header(self) -> str:
        return f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"


def with_blur(application: Application, artifacts: Path, attributes: Callable[[int], dict[str, Any]]) -> Application:
    """`attributes` gives the user attributes of a trial by its id, and raises KeyError if there is none."""

    def routed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = PICTURE.fullmatch(_path(environ))
        if asked is None or environ["REQUEST_METHOD"] != "GET" or not _bare(attributes, int(asked[1])):
            return application(environ, start_response)
        body = _blurred_png(artifacts / asked[2])
        start_response(
            "200 OK", [("Content-Type", "image/png"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        )
        return [body]

    return routed


def with_mlflow(application: Application, address: str, login: Login | None = None) -> Application:
    """`/mlflow/STUDY/SEED` and `/mlflow/STUDY/SEED/TRIAL` lead to the run's page of the MLflow server at `address`."""

    def routed(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked = RUN.fullmatch(_path(environ))
        if asked is None:
            return application(environ, start_response)
        try:
            trial = None if asked[3] is None else int(asked[3])
            page = run_page(address, asked[1], int(asked[2]), trial, login, run_id=_asked_run(environ))
        except (urllib.error.URLError, OSError) as error:
            start_response("502 Bad Gateway", [("Content-Type", "text/plain; charset=utf-8")])
            return [f"MLflow at {address} does not answer ({error})".encode()]
        if page is None:
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"not in MLflow: `huanhua track STUDY` logs what is missing"]
        start_response("302 Found", [("Location", page)])
        return []

    return routed


def run_page(
    address: str, study: str, seed: int, trial: int | None, login: Login | None = None, *, run_id: str = ""
) -> str | None:
    """The address of a run's page, or None if MLflow does not have it. Raises OSError if the server does not answer.

    `run_id` tells the trials of a seed from those of a study of its name that was deleted, or is another's; without it the newest
    is taken. Runs that earlier versions logged have none.
    """
    api, experiment = f"{address.rstrip('/')}/api/2.0/mlflow", _experiment(address, study, login)
    if experiment is None:
        return None
    kind = f"tags.`huanhua.kind` = '{'seed' if trial is None else 'trial'}' and tags.`huanhua.seed` = '{seed}'"
    query = kind if trial is None else f"{kind} and tags.`huanhua.trial` = '{trial}'"
    body = {"experiment_ids": [experiment], "filter": query, "max_results": MANY}
    runs = _asked(f"{api}/runs/search", login, body).get("runs", [])
    ids = [(_tag(run, RUN_TAG), run["info"]["run_id"]) for run in runs]
    found = [page for shows, page in ids if not run_id or shows == run_id] or [page for shows, page in ids if not shows]
    if not found:
        return None
    return f"{address.rstrip('/')}/#/experiments/{experiment}/runs/{found[0]}?{MODELS}"


def runs_page(address: str, study: str, login: Login | None = None) -> str | None:
    """The address of the list of a study's runs, or None if MLflow does not have it. Raises OSError as `run_page` does."""
    experiment = _experiment(address, study, login)
    return None if experiment is None else f"{address.rstrip('/')}/#/experiments/{experiment}/runs?{MODELS}"


def _experiment(address: str, study: str, login: Login | None) -> str | None:
    """Its id."""
    url = f"{address.rstrip('/')}/api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(study, safe='')}"
    try:
        return str(_asked(url, login)["experiment"]["experiment_id"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def _tag(run: dict[str, Any], key: str) -> str:
    tags = run.get("data", {}).get("tags", [])
    return next((str(tag["value"]) for tag in tags if tag["key"] == key), "")


def _asked_run(environ: dict[str, Any]) -> str:
    return next(iter(parse_qs(str(environ.get("QUERY_STRING", ""))).get("run", [])), "")


def only_feasible(front: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
    """Gives `front` only trials that violate no constraint: optuna-dashboard 0.21 ignores constraints when it picks the best."""

    def chosen(trials: Sequence[Any], directions: Sequence[Any]) -> list[Any]:
        return front([t for t in trials if all(by <= 0 for by in t.system_attrs.get("constraints", []))], directions)

    return chosen


def _asked(url: str, login: Login | None, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    if login is not None:
        headers["Authorization"] = login.header()
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=WAIT_S) as reply:
        found: dict[str, Any] = json.load(reply)
    return found


def _bare(attributes: Callable[[int], dict[str, Any]], trial: int) -> bool:
    try:
        return bool(attributes(trial).get(BARE))
    except KeyError:
        return False


def _blurred_png(path: Path) -> bytes:
    from PIL import Image

    stream = BytesIO()
    with Image.open(path) as stored:
        blurred(stored).save(stream, format="PNG")
    return stream.getvalue()


def _path(environ: dict[str, Any]) -> str:
    """The path as requested: WSGI decodes its UTF-8 as Latin-1."""
    return str(environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")
