"""What a client does with every kind of answer that is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from models.errors import InputError
from optimizer.render.remote import client as client_module
from optimizer.render.remote.address import TOKEN, Address, Credentials
from optimizer.render.remote.client import Client, Patience, RefusedError, ServerAwayError
from optimizer.testing.fake_server.serving import Serving, free_port, serving


def _echo(request: Request) -> Response:
    return JSONResponse({"authorization": request.headers.get("authorization"), "query": dict(request.query_params)})


APP = Starlette(
    routes=[
        Route("/echo", _echo),
        Route("/page", lambda request: HTMLResponse("<html>log in</html>")),
        Route("/moved", lambda request: RedirectResponse("/login")),
        Route("/secret", lambda request: Response(status_code=401)),
        Route("/words", lambda request: PlainTextResponse("hello")),
        Route("/deep", lambda request: Response("[" * 200_000, media_type="application/json")),
        Route("/bad", lambda request: JSONResponse({"error": {"message": "Prompt \x1b[31m is\nbad"}}, 400)),
        Route("/broken", lambda request: JSONResponse({"detail": "out of memory"}, 500)),
        Route("/busy", lambda request: Response(status_code=503)),
        Route("/large", lambda request: Response(b"x" * 3000, media_type="application/json")),
        Route("/nothing", lambda request: Response(b""), methods=["POST"]),
    ]
)


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving(APP) as running:
        yield running


@pytest.fixture
def client(server: Serving) -> Iterator[Client]:
    opened = Client(Address(server.url, True), Credentials(token="abc"), Patience(pauses=()))
    yield opened
    opened.close()


def test_it_sends_credentials_and_queries(client: Client) -> None:
    assert client.get("/echo", {"a": "b c"}) == {"authorization": "Bearer abc", "query": {"a": "b c"}}
    assert client.get_bytes("/words") == b"hello"
    assert client.post("/nothing", {}) is None


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/page", "a web page answers"),
        ("/moved", TOKEN),
        ("/secret", TOKEN),
        ("/words", "no JSON"),
        ("/deep", "no JSON"),
        ("/bad", r"400: Prompt \[31m is bad"),
        ("/broken", "500: out of memory"),
        ("/busy", "503"),
        ("/absent", "404"),
    ],
)
def test_what_is_no_answer_is_one_line(client: Client, server: Serving, path: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        client.get(path)
    assert "abc" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert server.url in str(caught.value)


def test_a_refusal_carries_its_body(client: Client) -> None:
    with pytest.raises(RefusedError) as caught:
        client.get("/broken")
    assert (caught.value.status, caught.value.answer) == (500, {"detail": "out of memory"})


def test_an_answer_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_JSON", 2000)
    with pytest.raises(InputError, match="more than"):
        client.get("/large")


def test_a_server_that_comes_back_is_waited_for() -> None:
    server, pauses = Serving(APP), list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            server.start()

    client = Client(Address(server.url, True), Credentials(), Patience((0.1, 0.2, 0.4), sleep))
    try:
        assert client.get("/echo")["query"] == {}
        assert pauses == [0.1, 0.2]
    finally:
        client.close()
        server.stop()


def test_a_server_that_stays_away_is_one_line() -> None:
    pauses: list[float] = []
    client = Client(Address(f"http://127.0.0.1:{free_port()}", True), Credentials(), Patience((1.0, 2.0), pauses.append))
    with pytest.raises(ServerAwayError, match="no server answers"):
        client.get("/echo")
    assert pauses == [1.0, 2.0]
    with pytest.raises(ServerAwayError):
        client.post("/echo", {}, patiently=False)
    assert pauses == [1.0, 2.0]
    client.close()
