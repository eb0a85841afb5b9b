"""What stands before optuna-dashboard: a blur where it is due, and links that find their run in MLflow."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dashboards.optuna_routes import Login, run_page, with_blur, with_mlflow

RUNS = {
    "tags.`huanhua.kind` = 'seed' and tags.`huanhua.seed` = '7'": "aa",
    "tags.`huanhua.kind` = 'trial' and tags.`huanhua.seed` = '7' and tags.`huanhua.trial` = '3'": "bb",
}


class _MLflow(BaseHTTPRequestHandler):
    """As MLflow's REST API answers."""

    asked_for = ""

    def do_GET(self) -> None:
        exists = self.path == "/api/2.0/mlflow/experiments/get-by-name?experiment_name=pink%20dress"
        self._answer(200 if exists else 404, {"experiment": {"experiment_id": "5"}} if exists else {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert asked["experiment_ids"] == ["5"]
        run = RUNS.get(asked["filter"])
        self._answer(200, {"runs": [{"info": {"run_id": run}}]} if run else {})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        if self.asked_for and self.headers["Authorization"] != self.asked_for:
            status = 401
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args: Any) -> None:
        """Requests are not worth a line."""


@pytest.fixture
def mlflow() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _MLflow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def plain(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the dashboard itself"]


def ask(application: Any, path: str, method: str = "GET") -> tuple[str, dict[str, str], bytes]:
    answers: list[Any] = []
    wsgi = path.encode().decode("latin-1")
    body = application({"PATH_INFO": wsgi, "REQUEST_METHOD": method}, lambda *answer: answers.append(answer))
    (status, headers), *_ = answers
    return status, dict(headers), b"".join(body)


def test_links_lead_to_the_run_of_a_seed_or_a_trial(mlflow: str) -> None:
    application = with_mlflow(plain, mlflow)
    for path, run in (("/mlflow/pink dress/7", "aa"), ("/mlflow/pink dress/7/3", "bb")):
        status, headers, _ = ask(application, path)
        assert (status, headers["Location"]) == (
            "302 Found",
            f"{mlflow}/#/experiments/5/runs/{run}?workflowType=machine_learning",
        )
    for path in ("/mlflow/pink dress/7/4", "/mlflow/幻化/7"):
        assert ask(application, path)[0] == "404 Not Found"
    for path in ("/mlflow/pink dress/x", "/mlflow", "/dashboard"):
        assert ask(application, path)[2] == b"the dashboard itself"


def test_an_mlflow_that_is_away_is_named(mlflow: str) -> None:
    assert ask(with_mlflow(plain, "http://127.0.0.1:1"), "/mlflow/pink dress/7")[0] == "502 Bad Gateway"
    assert run_page(f"{mlflow}/", "pink dress", 7, None) == f"{mlflow}/#/experiments/5/runs/aa?workflowType=machine_learning"


def test_links_are_found_where_mlflow_asks_for_a_password(mlflow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As RFC 7617 encodes it.
    monkeypatch.setattr(_MLflow, "asked_for", "Basic aHVhbmh1YTphIGxvbmcgcGFzc3dvcmQ=")
    right = with_mlflow(plain, mlflow, Login("huanhua", "a long password"))
    status, headers, _ = ask(right, "/mlflow/pink dress/7")
    assert status == "302 Found"
    assert "password" not in headers["Location"]
    for other in (with_mlflow(plain, mlflow), with_mlflow(plain, mlflow, Login("huanhua", "another"))):
        assert ask(other, "/mlflow/pink dress/7")[0] == "502 Bad Gateway"


def test_only_pictures_of_bare_trials_are_blurred(tmp_path: Path) -> None:
    Image.effect_noise((64, 96), 90).convert("RGB").save(tmp_path / "one", format="PNG")
    attributes = {4: {"bare": True}, 5: {}}

    def of(trial: int) -> dict[str, Any]:
        return attributes[trial]

    application = with_blur(plain, tmp_path, of)
    status, headers, body = ask(application, "/artifacts/1/4/one")
    assert (status, headers["Content-Type"]) == ("200 OK", "image/png")
    with Image.open(BytesIO(body)) as seen, Image.open(tmp_path / "one") as stored:
        steps = [float(np.abs(np.diff(np.asarray(image.convert("L"), np.float32))).mean()) for image in (seen, stored)]
    assert steps[0] < 0.1 * steps[1]
    for path in ("/artifacts/1/5/one", "/artifacts/1/6/one", "/artifacts/1/4/../one", "/artifacts/1/one"):
        assert ask(application, path)[2] == b"the dashboard itself"
    assert ask(application, "/artifacts/1/4/one", "DELETE")[2] == b"the dashboard itself"
