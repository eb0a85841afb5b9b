"""Faults of servers: every one is one line, or mended; no wrong picture is taken."""

from __future__ import annotations

import json
import random
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from models.errors import InputError
from optimizer.render.decode import NotDrawn
from optimizer.render.remote.client import Patience
from optimizer.render.remote.comfyui.renderer import ComfyRenderer
from optimizer.testing.fake_server import workflows
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.comfyui_machine import SMALL_PNG
from optimizer.testing.fake_server.serving import Serving, free_port, serving
from optimizer.testing.fake_server.workflows import node
from optimizer.testing.renderer_conformance import difference
from tests.optimizer.render.remote.comfyui.drawn_with import job, renderer_over
from tests.optimizer.render.remote.comfyui.test_renderer import expected, line, picture

NO_PATIENCE = Patience(pauses=(), sleep=lambda seconds: time.sleep(min(seconds, 0.01)))


@pytest.fixture
def fake() -> FakeComfyUI:
    return FakeComfyUI()


@pytest.fixture
def server(fake: FakeComfyUI) -> Iterator[Serving]:
    with serving(fake.app()) as running:
        yield running


@pytest.fixture
def renderer(server: Serving) -> ComfyRenderer:
    opened = renderer_over(server.url)
    opened.render([job()])
    return opened


def test_a_server_killed_in_mid_image_draws_it_once_more(fake: FakeComfyUI, server: Serving, renderer: ComfyRenderer) -> None:
    fake.faults = ["dies"]
    fake.on_death = lambda: threading.Thread(target=restart, args=(server, 0.5)).start()
    asked = job(0.9)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    assert renderer.interruptions() == 1
    assert len(fake.drawn) == 3


def restart(server: Serving, away_s: float) -> None:
    server.stop()
    time.sleep(away_s)
    server.start()


def test_a_server_that_stays_away_is_one_line(fake: FakeComfyUI, server: Serving) -> None:
    renderer = renderer_over(server.url, patience=Patience(pauses=(0.05, 0.05)))
    renderer.render([job()])
    fake.faults = ["dies"]
    stopping = threading.Thread(target=server.stop)
    fake.on_death = stopping.start
    assert "no server answers" in line(lambda: renderer.render([job(0.9)]))
    stopping.join()
    server.start()
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0


def test_a_broken_websocket_costs_no_second_drawing(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.faults, fake.step_s = ["breaks"], 0.1
    asked = job(0.9)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    assert renderer.interruptions() == 1
    assert len(fake.drawn) == 2, "the kept result was sent"
    assert renderer.was_drawn


def test_a_drawing_that_breaks_afresh_is_still_afresh(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.faults, fake.step_s = ["breaks"], 0.1
    renderer.draw(job(), {"dress": 0.4, "shoes": 0.6}, afresh=True)
    assert (fake.asked.count("/free"), len(fake.drawn), renderer.was_drawn) == (2, 2, True)


def test_an_answer_to_a_sent_prompt_that_is_lost_does_not_draw_it_twice(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    lost = [True]

    def answer(path: str, content: bytes) -> tuple[int, bytes]:
        return (503, b"") if path == "/prompt" and lost and lost.pop() else (200, content)

    fake.on_answer = answer
    asked = job(0.9)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    assert len(fake.drawn) == 2


def test_an_image_that_was_not_sent_is_asked_for_again(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.faults = ["no image"]
    asked = job(0.9)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    fake.faults = ["no image"] * 9
    assert "lost the image 4 times" in line(lambda: renderer.render([job(0.8)]))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("two images", "draws 2 images at once"),
        ("another size", "the server drew 128x96, asked for 64x96"),
        ("no picture", "answer is no picture"),
        ("cut short", "picture is damaged"),
        ("out of memory", "ran out of memory in node 5 (KSampler)"),
        ("stopped by another", "someone stopped the drawing"),
        ("fails at VAEDecode", "node 6 (VAEDecode) failed on the server: ValueError: a bad value"),
    ],
)
@pytest.mark.parametrize("folder", [False, True])
def test_faults_of_an_image_are_one_line_and_the_next_is_drawn(
    fake: FakeComfyUI, server: Serving, fault: str, said: str, folder: bool
) -> None:
    fake.lacks = frozenset({"SaveImageWebsocket"}) if folder else frozenset()
    renderer = renderer_over(server.url)
    renderer.render([job()])
    fake.faults = [fault]
    assert said in line(lambda: renderer.render([job(0.9)]))
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0


def test_a_black_picture_is_not_drawn(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.faults = ["black"]
    assert isinstance(renderer.render([job(0.9)])[0], NotDrawn)


def test_a_server_that_never_ends_is_given_up(fake: FakeComfyUI, server: Serving) -> None:
    renderer = renderer_over(server.url, silence_s=1.0)
    renderer.render([job()])
    fake.faults = ["falls silent"]
    assert "shows no progress for 1 seconds" in line(lambda: renderer.render([job(0.9)]))
    assert fake.asked.count("/interrupt") == 1


def test_waiting_behind_other_prompts_is_no_silence(fake: FakeComfyUI, server: Serving) -> None:
    renderer, other = renderer_over(server.url, silence_s=1.0), renderer_over(server.url)
    renderer.render([job()])
    other.render([job()])
    fake.step_s = 0.6
    waiting = threading.Thread(target=lambda: other.render([job(0.1)]))
    waiting.start()
    time.sleep(0.3)
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    waiting.join()


def test_a_prompt_that_someone_took_from_the_queue_is_sent_again(fake: FakeComfyUI, server: Serving) -> None:
    renderer, other = renderer_over(server.url, silence_s=1.0), renderer_over(server.url)
    other.render([job()])
    renderer.render([job()])
    fake.step_s = 0.3
    waiting = threading.Thread(target=lambda: other.render([job(0.1)]))
    waiting.start()
    time.sleep(0.2)

    def clear() -> None:
        time.sleep(0.3)
        fake.forget_pending()

    threading.Thread(target=clear).start()
    asked = job(0.8)
    assert difference(picture(renderer.render([asked])[0]), expected(asked)) == 0
    waiting.join()


def test_what_the_server_lacks_is_named_before_anything_is_drawn(fake: FakeComfyUI, server: Serving) -> None:
    def said(**options: Any) -> str:
        return line(lambda: renderer_over(server.url, **options).facts())

    nodes = workflows.plain(checkpoint="bas.safetensors")
    assert "no bas.safetensors for ckpt_name of node 1 (CheckpointLoaderSimple); the nearest it has: base.safetensors" in said(
        nodes=nodes
    )
    nodes = workflows.plain()
    nodes["5"]["inputs"]["sampler_name"] = "dpmpp_2"
    assert "no dpmpp_2 for sampler_name of node 5 (KSampler); the nearest it has: dpmpp_2m" in said(nodes=nodes)
    nodes = workflows.plain()
    nodes["70"] = node("VAEDecod", "Odd", samples=["5", 0], vae=["1", 2])
    nodes["7"]["inputs"]["images"] = ["70", 0]
    assert 'no node VAEDecod, which node 70 "Odd" (VAEDecod) of the workflow is; the nearest it has: VAEDecode' in said(
        nodes=nodes
    )
    nodes = workflows.plain()
    del nodes["6"]["inputs"]["vae"]
    assert "6 (VAEDecode) of the workflow lacks its input vae" in said(nodes=nodes)
    assert "no picture arm.png, which node 21 (LoadImage) reads" in said(nodes=workflows.controlnet(image="arm.png"))
    fake.loras = ["dress.safetensors", "shoe.safetensors"]
    assert "no LoRA shoes.safetensors, which node 11 (LoraLoader) loads; the nearest it has: shoe.safetensors" in said()
    with pytest.raises(InputError, match="no place for negative_prompt"):
        renderer_over(server.url, workflows.flux(), negative="bad")


def test_what_goes_missing_later_is_named_too(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.loras = ["dress.safetensors", "other.safetensors"]
    said = line(lambda: renderer.render([job(0.9)]))
    assert "the server has no shoes.safetensors for lora_name of node 11 (LoraLoader); the nearest it has:" in said


def _login(request: Request) -> Response:
    return HTMLResponse("<html>log in</html>")


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (Starlette(routes=[]), "another program than ComfyUI answers"),
        (Starlette(routes=[Route("/system_stats", _login)]), "a web page answers"),
        (Starlette(routes=[Route("/system_stats", lambda r: JSONResponse([1]))]), "another program than ComfyUI answers"),
        (Starlette(routes=[Route("/system_stats", lambda r: Response(status_code=401))]), "refuses to serve us"),
    ],
)
def test_other_programs_are_recognised(app: Starlette, said: str) -> None:
    with serving(app) as other:
        assert said in line(lambda: renderer_over(other.url).facts())
    assert "no server answers" in line(lambda: renderer_over(f"http://127.0.0.1:{free_port()}", patience=NO_PATIENCE).facts())


def test_a_server_without_websocket_is_another_program(fake: FakeComfyUI) -> None:
    app = fake.app()
    app.router.routes = [route for route in app.router.routes if getattr(route, "path", "") != "/ws"]
    with serving(app) as other:
        assert "no WebSocket at /ws" in line(lambda: renderer_over(other.url).render([job()]))


def test_a_message_beyond_the_limit_is_refused(fake: FakeComfyUI, renderer: ComfyRenderer) -> None:
    fake.on_message = lambda message: [b"\0" * (66 * 2**20)] if isinstance(message, bytes) else [message]
    assert "a message of more than 65 MB" in line(lambda: renderer.render([job(0.9)]))


ODD: list[Any] = [None, True, -1, 10**30, 0.5, "", "x", [], {}, [[]], {"a": 1}, ["5", 0], "running"]


def mangled(value: Any, dice: random.Random) -> Any:
    """JSON with one part replaced, gone or doubled."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(list(value))
        if dice.random() < 0.2:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: mangled(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        at = dice.randrange(len(value))
        return [*value[:at], mangled(value[at], dice), *value[at + 1 :]]
    return dice.choice(ODD)


class Mangler:
    """Now and then damages an answer or a message of a server."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.count = dice, 0

    def answer(self, path: str, content: bytes) -> tuple[int, bytes]:
        dice = self.dice
        if dice.random() > 0.06:
            return 200, content
        self.count += 1
        match dice.randrange(5):
            case 0:
                return dice.choice([400, 401, 404, 418, 500, 503]), content
            case 1:
                return 200, content[: len(content) // 2]
            case 2:
                return dice.choice([200, 400]), dice.randbytes(40)
            case 3:
                return 400, json.dumps({"error": dice.choice(ODD), "node_errors": {"5": dice.choice(ODD)}}).encode()
        return 200, json.dumps(mangled(json.loads(content), dice)).encode() if content.startswith((b"{", b"[")) else content[:-3]

    def message(self, message: str | bytes) -> list[str | bytes]:
        dice = self.dice
        if dice.random() > 0.06:
            return [message]
        self.count += 1
        other = json.dumps({"node_id": dice.choice(["judged-image", "5"]), "prompt_id": "another"}).encode()
        strangers: list[str | bytes] = [
            struct.pack(">II", 4, len(other)) + other + SMALL_PNG,
            struct.pack(">II", 1, 2) + SMALL_PNG,
            struct.pack(">II", 4, 2**31) + SMALL_PNG,
            dice.randbytes(30),
            dice.randbytes(3),
            "[" * 5000,
            "not json",
        ]
        match dice.randrange(4):
            case 0:
                return []
            case 1:
                return [dice.choice(strangers), message]
            case 2:
                return [message, message] if isinstance(message, str) else [message]
        if isinstance(message, bytes):
            return [message[: dice.randrange(len(message))]]
        return [json.dumps(mangled(json.loads(message), dice))]


def test_fuzzed_answers_give_the_true_picture_or_one_line(fake: FakeComfyUI, server: Serving) -> None:
    dice = random.Random(11)
    mangler = Mangler(dice)
    drawn = 0
    lines: list[str] = []
    renderer = renderer_over(server.url, patience=NO_PATIENCE, silence_s=0.3)
    while mangler.count < 250 or len(lines) <= 20:
        asked = job(round(dice.random(), 3), round(dice.random(), 3), seed=dice.randrange(100))
        fake.previews, fake.origins = dice.random() < 0.5, dice.random() < 0.8
        fake.on_answer, fake.on_message = mangler.answer, mangler.message
        try:
            image = renderer.draw(asked, asked.point.weights, afresh=dice.random() < 0.1)
        except InputError as error:
            lines.append(str(error))
            fake.on_answer = fake.on_message = None
            if dice.random() < 0.3:
                renderer = renderer_over(server.url, patience=NO_PATIENCE, silence_s=0.3)
            continue
        assert difference(picture(image), expected(asked)) == 0
        drawn += 1
    assert drawn > 30
    assert len(lines) > 20
    assert not [each for each in lines if "\n" in each or len(each) > 700]
