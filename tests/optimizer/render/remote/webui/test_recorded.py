"""What AUTOMATIC1111 1.10.1 really answered, once: requests are still those that it was sent, its answers are still read.

Recorded on a processor, with a narrow SD1.5 of random weights. Folders were shortened, and pictures taken out where none is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.base import RenderSettings
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.address import Credentials, address
from optimizer.render.remote.client import Client, RefusedError
from optimizer.render.remote.webui.answer import check_answer, read_answer
from optimizer.render.remote.webui.asked import Asked
from optimizer.render.remote.webui.names import Sampling
from optimizer.render.remote.webui.opening import Wanted, open_server
from optimizer.render.remote.webui.payload import Payload
from optimizer.render.remote.webui.refusals import in_one_line
from optimizer.render.remote.webui.renderer import WebuiRenderer
from optimizer.render.remote.webui.watching import state_of
from optimizer.testing.fake_server.serving import serving
from tests.optimizer.render.remote.webui.conftest import study_lora

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded/a1111_1_10_1.json").read_text(encoding="utf-8"))
FRAME = RenderSettings("a (red:1.2) girl, standing", 'ugly, "quoted": yes', 64, 64, 2, "Euler a Karras", 2, "cpu", 31337)
WANTED = Wanted(FRAME, (study_lora("plain"), study_lora("second")), "narrow15", None, Payload(), ("myinv",))
JOBS = [
    Job(7, Point({"plain": 0.45, "second": 0.2}, 6.5)),
    Job(8, Point({"plain": 0, "second": 0.2}, 6.5, prompt="a girl, myinv")),
]


def replay(pictures: list[dict[str, Any]], sent: list[dict[str, Any]]) -> Starlette:
    """Answers as recorded; bodies of txt2img go to `sent`."""

    async def listed(request: Request) -> Response:
        answer = RECORDED["lists"].get(request.url.path)
        return JSONResponse({"detail": "Not Found"} if answer is None else answer, 404 if answer is None else 200)

    async def txt2img(request: Request) -> Response:
        body = await request.json()
        body.pop("force_task_id", None)
        sent.append(body)
        return JSONResponse(pictures[len(sent) - 1]["answer"])

    return Starlette(routes=[Route("/sdapi/v1/txt2img", txt2img, methods=["POST"]), Route("/sdapi/v1/{name}", listed)])


@pytest.fixture
def sent() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def client(sent: list[dict[str, Any]]) -> Iterator[Client]:
    with serving(replay(RECORDED["pictures"], sent)) as server:
        client = Client(address(server.url, remote=False), Credentials())
        yield client
        client.close()


@pytest.fixture
def renderer(client: Client) -> WebuiRenderer:
    return WebuiRenderer(client, FRAME, WANTED.loras, "narrow15", embeddings=WANTED.embeddings)


def test_a_study_is_drawn_by_the_requests_that_were_answered(renderer: WebuiRenderer, sent: list[dict[str, Any]]) -> None:
    pictures = renderer.render(JOBS)
    assert [picture.size for picture in pictures if isinstance(picture, Image.Image)] == [(64, 64), (64, 64)]
    assert pictures[0] != pictures[1]
    assert sent == [picture["sent"] for picture in RECORDED["pictures"]]


def test_files_elsewhere_are_known_by_what_the_server_states(renderer: WebuiRenderer) -> None:
    facts = renderer.facts()
    assert facts.version == "1.10.1"
    assert facts.checkpoint_hash.startswith("0ef01604d4")
    assert facts.loras["plain"].hash == "6a86ba2eb61c"
    assert len(renderer.identity()["embeddings"]["myinv"]) >= 10


@pytest.mark.parametrize(
    ("case", "line"),
    [
        ("an unknown sampler", "sampler_name was to be DPM.. 2N, and is DPM.. 2M"),
        ("an unknown scheduler", "Schedule type was to be Kerras, and is Automatic"),
        ("an unknown LoRA", "without the LoRA missing"),
        ("a setting added to the prompt", "prompt was to be .*third"),
    ],
)
def test_another_picture_than_asked_is_found_out(client: Client, case: str, line: str) -> None:
    found = next(one for one in RECORDED["silent"] if one["case"] == case)
    assert found["status"] == 200
    body = {**RECORDED["pictures"][1]["sent"], **found["changed"]}
    opened = open_server(client, WANTED)
    loras = {"plain": 0.45, "second": 0.2} | ({"missing": 0.5} if "LoRA" in case else {})
    request = Asked(body, Sampling(opened.frame.lists.samplers[0], body["scheduler"]), loras, (64, 64))
    with pytest.raises(InputError, match=line):
        check_answer(read_answer(found["answer"], "server"), request, opened.expected, "server")


@pytest.mark.parametrize(("case", "line"), [("an unknown setting", "no setting nonesuch"), ("an unknown script", "ControlNet")])
def test_refusals_are_one_line(case: str, line: str) -> None:
    found = next(one for one in RECORDED["silent"] if one["case"] == case)
    error = in_one_line(RefusedError("refused", "server", "see its log", found["status"], found["answer"]), "server", (64, 64))
    assert not isinstance(error, NotDrawn)
    assert line in str(error)


def test_an_interrupted_answer_says_all_steps_and_progress_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the answer differs from a finished one."""
    interrupted = RECORDED["interrupted"]
    assert read_answer(interrupted["answer"], "server").info["steps"] == interrupted["sent"]["steps"] == 60
    client = Client(address("http://127.0.0.1:9", remote=False), Credentials())
    monkeypatch.setattr(Client, "get", lambda *given, **more: interrupted["progress"])
    assert state_of(client).stopped
