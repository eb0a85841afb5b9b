"""The server of the page that asks about levels: for this machine's person alone, one answer a question."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from dashboards.level_page.questions import PageQuestion
from dashboards.level_page.server import FILES, serving


@dataclass
class TwoQuestions:
    """Asks twice, about pictures of one colour."""

    said: list[list[bool]] = field(default_factory=list)
    title: str = "pink-dress"

    def current(self) -> PageQuestion | None:
        if len(self.said) == 2:
            return None
        pictures = tuple(Image.new("RGB", (40, 60), colour) for colour in ("red", "blue"))
        return PageQuestion(len(self.said) + 1, 8, "dress", pictures, (pictures[0], None), None)

    def answer(self, enough: Sequence[bool]) -> None:
        self.said.append(list(enough))


@pytest.fixture
def asked() -> TwoQuestions:
    return TwoQuestions()


@pytest.fixture
def ended() -> list[bool]:
    return []


@pytest.fixture
def address(asked: TwoQuestions, ended: list[bool]) -> Iterator[str]:
    with serving(asked, on_end=lambda: ended.append(True)) as found:
        yield found


def ask(address: str, path: str, body: object = None, origin: str | None = None) -> tuple[int, Any]:
    parts = urlsplit(address)
    headers = {"Origin": origin or f"http://{parts.netloc}", "Content-Type": "application/json"} if body is not None else {}
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    connection.request("GET" if body is None else "POST", f"{parts.path}{path}", json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if answer.headers["Content-Type"] == "application/json" else content


def test_a_person_is_asked_answers_and_is_told_the_end(address: str, asked: TwoQuestions, ended: list[bool]) -> None:
    status, question = ask(address, "question")
    assert status == 200
    expected = {"title": "pink-dress", "number": 1, "most": 8, "about": "dress", "photo": False, "close": [True, False]}
    assert question == expected
    assert ask(address, "picture/1/1")[1][:2] == b"\xff\xd8"
    assert ask(address, "close/1/0")[0] == 200
    for path in ("close/1/1", "photo/1", "picture/1/2", "picture/2/0", "picture/1/x", "nothing"):
        assert ask(address, path)[0] == 404, path
    assert ask(address, "answer/1", {"enough": [False, True]}) == (200, {"kept": 1})
    assert ask(address, "answer/2", {"enough": [True, True]})[0] == 200
    assert not ended
    assert ask(address, "question")[1] == {"title": "pink-dress", "number": None}
    # The end is told after the answer was sent, by the thread that sent it.
    until = time.monotonic() + 10
    while not ended and time.monotonic() < until:
        time.sleep(0.01)
    assert ended
    assert asked.said == [[False, True], [True, True]]


@pytest.mark.parametrize("body", [{"enough": [True]}, {"enough": [1, 0]}, {"enough": "yes"}, {"other": 1}, [3]])
def test_what_is_no_answer_is_refused(address: str, asked: TwoQuestions, body: object) -> None:
    assert ask(address, "answer/1", body)[0] == 400
    assert asked.said == []


def test_an_answer_that_comes_twice_counts_once(address: str, asked: TwoQuestions) -> None:
    assert ask(address, "answer/1", {"enough": [False, True]})[0] == 200
    assert ask(address, "answer/1", {"enough": [False, True]})[0] == 409
    assert len(asked.said) == 1


def test_another_page_is_refused(address: str, asked: TwoQuestions) -> None:
    assert ask(address, "answer/1", {"enough": [False, True]}, origin="http://evil.example")[0] == 403
    assert asked.said == []


def test_the_page_and_its_files_are_here_and_name_no_other_place(address: str) -> None:
    for name in FILES:
        status, content = ask(address, name)
        assert status == 200
        assert "//" not in content.decode().replace("// ", "")
