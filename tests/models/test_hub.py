"""The hub: never asked for what looks like a place on this machine, and otherwise once, for a bounded time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models import hub
from models.base.opening import is_hub_name, open_base
from models.errors import InputError
from models.vision.part_parser import open_parser


@pytest.fixture(autouse=True)
def unasked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    hub.hub_answers.cache_clear()
    yield
    hub.hub_answers.cache_clear()


class Hub(BaseHTTPRequestHandler):
    """Answers everything with one status, and counts."""

    status = 404
    asked = 0

    def do_HEAD(self) -> None:
        type(self).asked += 1
        self.send_response(type(self).status)
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hub]]:
    Hub.asked = 0
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listening.server_port}")
    yield Hub
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize(("status", "answers"), [(200, True), (404, True), (405, True), (403, False), (407, False), (502, False)])
def test_asked_once(server: type[Hub], status: int, answers: bool) -> None:
    server.status = status
    assert [hub.hub_answers() for _ in range(3)] == [answers] * 3
    assert server.asked == 1


def test_one_that_accepts_and_says_nothing_is_waited_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert not hub.hub_answers()
        assert time.monotonic() - began < 3


def test_told_to_be_offline_nobody_is_asked(server: type[Hub], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert not hub.hub_answers()
    assert server.asked == 0


@pytest.mark.filterwarnings("ignore")
def test_models_that_are_not_here_are_one_line_at_once(
    server: type[Hub], capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    server.status = 502
    for opened in (lambda: open_parser("owner/parser"), lambda: open_base("owner/base")):
        with pytest.raises(InputError, match="the hub does not answer") as told:
            opened()
        assert "\n" not in str(told.value)
    assert server.asked == 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["models/parser", "./parser", "../a", "weights/x", "~/parser", "a\\b", "parser", "a/b/c"])
def test_what_looks_like_a_place_is_never_asked_for(server: type[Hub], name: str) -> None:
    assert hub.looks_local(name)
    assert not is_hub_name(name)
    with pytest.raises(InputError, match="no such part parser"):
        open_parser(name)
    assert server.asked == 0


def test_owner_and_name_are_a_hubs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_hub_name("stable-diffusion-v1-5/stable-diffusion-v1-5")
    assert not hub.looks_local("fashn-ai/fashn-human-parser")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    assert hub.looks_local("mine/parser")
