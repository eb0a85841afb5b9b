"""The server of the page that draws boxes: for this machine's person alone, and never half a file."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from dashboards.box_page.album import state, whole_pixels
from dashboards.box_page.server import FILES, serving
from models.boxes import DrawnBoxes, PixelBox, ShareBox
from models.errors import InputError
from studies.training.box_drawing import BoxDrawing
from trainers.prepare.boxes import read_boxes

BOXES = {"thing": [0.25, 0.25, 0.75, 0.5], "wearer": [0, 0, 1, 1], "nobody": False, "skip": False}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        Image.new("RGB", (40 + index, 80), (200, index, 0)).save(folder / f"{index}.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (80, 40)).save(folder / "turned.jpg", exif=turned)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    (folder / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
def address(photos: Path) -> Iterator[str]:
    with serving(BoxDrawing(photos)) as found:
        yield found


def ask(
    address: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, token: str | None = None
) -> tuple[int, Any]:
    """Status and content; JSON is decoded. A POST comes from the page itself unless `headers` say otherwise."""
    parts = urlsplit(address)
    where = f"/{token}/{path}" if token is not None else f"{parts.path}{path}"
    own = {"Origin": f"http://{parts.netloc}", "Content-Type": "application/json"} if body is not None else {}
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    text = body if isinstance(body, str) else json.dumps(body)
    given = {name: value for name, value in {**own, **(headers or {})}.items() if value}
    connection.request("GET" if body is None else "POST", where, None if body is None else text, given)
    answer = connection.getresponse()
    content = answer.read()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    connection.close()
    return answer.status, json.loads(content) if answer.headers["Content-Type"] == "application/json" else content


def test_the_page_and_its_files_are_here_and_name_no_other_place(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    for name in FILES:
        status, content = ask(address, name)
        assert status == 200
        text = content.decode()
        assert "//" not in text.replace("// ", "").replace("http://www.w3.org/2000/svg", "")


def test_a_photo_is_drawn_on_and_found_again(address: str, photos: Path) -> None:
    _, listed = ask(address, "photos")
    assert [(p["name"], p["state"]) for p in listed["photos"]] == [
        (name, "todo") for name in ("0.png", "1.png", "2.png", "broken.jpg", "turned.jpg")
    ]
    assert ask(address, "boxes/1", BOXES) == (200, {"state": "done"})
    _, found = ask(address, "boxes/1")
    assert (found["size"], found["thing"], found["state"]) == ([41, 80], [10 / 41, 20 / 80, 31 / 41, 40 / 80], "done")
    assert read_boxes(photos / "boxes.json") == {"1.png": DrawnBoxes(PixelBox(10, 20, 31, 40), PixelBox(0, 0, 41, 80), True)}
    assert ask(address, "boxes/1", {**BOXES, "thing": None, "wearer": None})[1] == {"state": "todo"}
    assert read_boxes(photos / "boxes.json") == {}


def test_photos_are_upright(address: str) -> None:
    assert ask(address, "boxes/4")[1]["size"] == [40, 80]
    status, jpeg = ask(address, "photo/4")
    assert status == 200
    assert jpeg[:2] == b"\xff\xd8"
    assert ask(address, "thumb/4")[0] == 200


def test_a_thing_alone_is_a_persons_only_if_nobody_wears_it(address: str, photos: Path) -> None:
    assert ask(address, "boxes/0", {**BOXES, "wearer": None})[1] == {"state": "part"}
    assert not read_boxes(photos / "boxes.json")["0.png"].by_hand
    assert ask(address, "boxes/0", {**BOXES, "nobody": True})[1] == {"state": "done"}
    assert read_boxes(photos / "boxes.json")["0.png"].is_alone
    assert ask(address, "boxes/0", {**BOXES, "skip": True})[1] == {"state": "skip"}
    assert read_boxes(photos / "boxes.json")["0.png"].skip


def test_what_a_person_wrote_meanwhile_stays(address: str, photos: Path) -> None:
    mine = {"elsewhere.png": {"thing": [1, 2, 3, 4]}, "2.png": {"thing": [1, 2, 30, 40]}}
    (photos / "boxes.json").write_text(json.dumps(mine))
    ask(address, "boxes/0", BOXES)
    assert set(read_boxes(photos / "boxes.json")) == {"0.png", "2.png", "elsewhere.png"}
    (photos / "boxes.json").write_text("{")
    status, answer = ask(address, "boxes/0", BOXES)
    assert status == 422
    assert "not a boxes file" in answer["error"]
    assert (photos / "boxes.json").read_text() == "{"


def test_a_photo_that_does_not_open_says_so(address: str) -> None:
    for path in ("photo/3", "boxes/3", "thumb/3"):
        status, answer = ask(address, path)
        assert status == 422
        assert "damaged" in answer["error"]


@pytest.mark.parametrize(
    "path",
    ["photo/9", "photo/-1", "photo/a", "photo/0/..", "../secret.txt", "secret.txt", "photo/%D9%A3", "photo/%33", "boxes.py"],
)
def test_nothing_but_the_photos_is_served(address: str, path: str) -> None:
    assert ask(address, path)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ],
)
def test_other_pages_write_nothing(address: str, photos: Path, headers: dict[str, str]) -> None:
    status, answer = ask(address, "boxes/0", BOXES, headers)
    assert status in (400, 403)
    assert answer.keys() == {"error"}
    assert not (photos / "boxes.json").exists()


def test_without_the_token_nothing_is_seen(address: str, photos: Path) -> None:
    for token in ("", "x", address.split("/")[3][:-1]):
        for path in ("", "photos", "photo/0"):
            assert ask(address, path, token=token)[0] == 403
        assert ask(address, "boxes/0", BOXES, token=token)[0] == 403
    assert ask(address, "", headers={"Sec-Fetch-Site": "cross-site"})[0] == 200, "a link leads there"
    assert not (photos / "boxes.json").exists()


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "7",
        {},
        {**BOXES, "thing": [0, 0, 1]},
        {**BOXES, "thing": [0, 0, 1, "1"]},
        {**BOXES, "thing": 5},
        '{"thing": [0, 0, NaN, 1], "wearer": null, "nobody": false, "skip": false}',
        "[" * 9000,
        '{"thing": "' + "x" * 20000 + '"}',
    ],
)
def test_what_is_no_box_is_refused(address: str, photos: Path, body: object) -> None:
    assert ask(address, "boxes/0", body)[0] == 400
    assert not (photos / "boxes.json").exists()


def test_boxes_stay_inside_the_photo_and_empty_ones_are_none(address: str, photos: Path) -> None:
    ask(address, "boxes/0", {**BOXES, "thing": [-1, 0.5, 2, 1.5], "wearer": [0.5, 0, 0.501, 1]})
    assert read_boxes(photos / "boxes.json")["0.png"] == DrawnBoxes(PixelBox(0, 40, 40, 80))
    assert whole_pixels(ShareBox(0.5, 0.5, 0.4, 1), (10, 10)) is None
    assert state(DrawnBoxes(wearer=PixelBox(0, 0, 1, 1))) == "part"


def test_a_port_that_is_taken_is_one_line(address: str, photos: Path) -> None:
    with pytest.raises(InputError, match="cannot use this port"), serving(BoxDrawing(photos), urlsplit(address).port or 0):
        pass


def test_bad_folders_and_files(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("absent", "empty"):
        with pytest.raises(InputError, match="photo"):
            BoxDrawing(tmp_path / folder)
    with pytest.raises(InputError, match="a folder is in the way"):
        BoxDrawing(photos, tmp_path)
    (tmp_path / "mine.json").write_text("[]")
    with pytest.raises(InputError, match="not a boxes file"):
        BoxDrawing(photos, tmp_path / "mine.json")
