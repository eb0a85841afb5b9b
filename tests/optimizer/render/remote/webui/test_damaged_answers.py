"""Damaged answers of a server: one line each, or the picture that was asked; never another one, never a traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from models.errors import InputError
from optimizer.point import Job, Point
from optimizer.render.remote.client import Client
from optimizer.testing.fake_server.webui import encoded
from tests.optimizer.render.remote.webui.conftest import Around

COUNT = 200
JUNK: tuple[Any, ...] = (
    None, True, -1, 0, 2**70, 1e308, "", "x" * 10_000, "7", [], [[]], {}, {"a": []}, [None], ["", ""], "\u0000", "[" * 5000,
)  # fmt: skip


def damaged(random_: random.Random, answer: bytes) -> Response:
    return random_.choice(WAYS)(random_, answer)


def cut(random_: random.Random, answer: bytes) -> Response:
    return Response(answer[: random_.randrange(len(answer))], media_type="application/json")


def flipped(random_: random.Random, answer: bytes) -> Response:
    changed = bytearray(answer)
    for _ in range(random_.randint(1, 8)):
        changed[random_.randrange(len(changed))] ^= 1 << random_.randrange(7)
    return Response(bytes(changed), media_type="application/json")


def exchanged(random_: random.Random, answer: bytes) -> Response:
    """A value somewhere in the answer, or in its info, becomes another, or is gone."""
    found = json.loads(answer)
    inside = random_.random() < 0.7
    target = json.loads(found["info"]) if inside else found
    for _ in range(random_.randint(1, 3)):
        key = random_.choice([*target, "infotexts", "images"])
        if random_.random() < 0.3:
            target.pop(key, None)
        else:
            target[key] = random_.choice(JUNK)
    if inside:
        found["info"] = json.dumps(target)
    return JSONResponse(found)


def rewritten(random_: random.Random, answer: bytes) -> Response:
    """A few letters of the infotext are others."""
    found = json.loads(answer)
    info = json.loads(found["info"])
    text = list(info["infotexts"][0])
    for _ in range(random_.randint(1, 5)):
        text[random_.randrange(len(text))] = random_.choice('0123456789,: abcXYZ\n"')
    info["infotexts"] = ["".join(text)]
    return JSONResponse({**found, "info": json.dumps(info)})


def repainted(random_: random.Random, answer: bytes) -> Response:
    """Other pictures: of another size, without the infotext, with that of another, cut off, or none at all."""
    found = json.loads(answer)
    other = Image.new("RGB", random_.choice([(64, 96), (96, 64), (8, 8)]), "green")
    picture = encoded(other, random_.choice([None, "1girl\nSteps: 4, Sampler: Euler, Seed: 7"]))
    choices = [picture, picture[: len(picture) // 2], found["images"][0][:-200], "R0lGODlhAQABAAAAACw=", "data:,", "ü", 7, None]
    found["images"] = random_.choice([[random_.choice(choices)], [random_.choice(choices), *found["images"]], []])
    return JSONResponse(found)


def elsewhere(random_: random.Random, answer: bytes) -> Response:
    """What another program, a proxy or a login would answer."""
    return random_.choice(
        [
            HTMLResponse("<html>login</html>"),
            RedirectResponse("/login"),
            Response(b""),
            Response(b"[" * 100_000, media_type="application/json"),
            Response(answer, media_type="text/html"),
            JSONResponse([1, 2]),
            *(JSONResponse({"error": junk, "detail": junk}, 500 - 4 * (n % 3)) for n, junk in enumerate(JUNK[:9])),
            Response(b"Internal Server Error", 500),
            JSONResponse({"detail": "no"}, 401),
        ]
    )  # fmt: skip


WAYS: list[Callable[[random.Random, bytes], Response]] = [cut, flipped, exchanged, rewritten, repainted, elsewhere]


def outcome(draw: Callable[[], Any]) -> Any:
    """What comes, or the line of an InputError."""
    try:
        return draw()
    except InputError as error:
        return str(error)


def test_no_damaged_answer_is_taken(around: Around) -> None:
    renderer = around.make()
    job = Job(7, Point({"dress": 0.5, "shoes": 0.25}, 6.5))
    (expected,) = renderer.render([job])
    lines: list[str] = []
    away = 0
    for number in range(COUNT):
        random_ = random.Random(number)
        around.fake.garble = lambda answer, random_=random_: damaged(random_, answer)
        found = outcome(lambda: renderer.render([job])[0])
        if isinstance(found, str):
            lines.append(found)
        if renderer.interruptions() != away:
            # It was opened anew, or will be; the damage must not spoil that.
            around.fake.garble, away = None, renderer.interruptions()
            renderer.facts()
        assert isinstance(found, str) or found == expected, number
    assert COUNT / 2 < len(lines) < COUNT
    assert not [line for line in lines if "\n" in line or len(line) > 500]


@pytest.mark.parametrize(
    "path", ["samplers", "schedulers", "sd-models", "sd-vae", "loras", "scripts", "options", "memory", "progress"]
)
def test_no_damaged_list_ends_in_a_traceback(around: Around, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    plain = Client.get
    for number in range(8):
        random_ = random.Random(number)

        def get(self: Client, asked: str, *given: Any, random_: random.Random = random_, **more: Any) -> Any:
            found = plain(self, asked, *given, **more)
            return damaged_list(random_, found) if asked.endswith(f"/{path}") else found

        monkeypatch.setattr(Client, "get", get)
        found = outcome(around.draw)
        assert isinstance(found, Image.Image) or "\n" not in found


def damaged_list(random_: random.Random, found: Any) -> Any:
    if random_.random() < 0.3 or not found:
        return random_.choice(JUNK)
    if isinstance(found, list):
        place = random_.randrange(len(found))
        inner = {**found[place], random_.choice(list(found[place])): random_.choice(JUNK)}
        return [*found[:place], random_.choice([inner, random_.choice(JUNK)]), *found[place + 1 :]]
    return {**found, random_.choice(list(found)): random_.choice(JUNK)}
