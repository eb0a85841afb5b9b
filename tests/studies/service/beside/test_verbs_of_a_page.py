"""A picture is mended and enlarged by REST: queued as runs are, told as events, refused as the command does, lost by no kill."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import pytest
from starlette.testclient import TestClient

from models.errors import InputError
from studies.backends.lazy import LazyInpainter
from studies.backends.local import LocalBackend
from studies.mending.parts import PARTS
from studies.service.queue import worker
from studies.service.queue.jobs import Job, change, job_of
from studies.service.queue.keeper import Keeper, is_at_work, named_worker
from studies.service.rest.app import guarded
from studies.service.rest.bodies import Part
from studies.service.rest.door import Door
from studies.service.rest.house import House, house_of
from studies.service.rooms import Rooms
from studies.study import Study
from studies.workspace import workspace_of
from tests.studies.mending.test_mending import SEED
from tests.studies.service.beside.fake_verbs import on_fakes
from tests.studies.service.rest.test_operations import told

OWN = "/api/studies/~"
OF_SEED = f"{OWN}/seeds/{SEED}"
CHINESE = {"accept-language": "zh-CN"}


def client_of(house: House) -> TestClient:
    """Its lifespan is not entered: no worker is ended with it."""
    return TestClient(guarded(house, Door()), base_url="http://127.0.0.1:8270")


@pytest.fixture
def client(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Its jobs wait until a test does them."""
    on_fakes(monkeypatch)
    monkeypatch.setattr(Keeper, "keep_up", lambda self: None)
    return client_of(house_of(rooms))


def the_job(rooms: Rooms) -> Job:
    found = job_of(workspace_of(rooms.root / "study.yaml"))
    assert found is not None
    return found


def events(client: TestClient) -> list[tuple[str, dict[str, Any]]]:
    text = client.get(f"{OWN}/events", params={"follow": False}).text
    return [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\r?\ndata: (.*?)\r?\n", text)]


def test_hands_are_mended_then_all_is_enlarged(client: TestClient, rooms: Rooms) -> None:
    before = client.get(OF_SEED).json()
    assert (before["pick"], before["mended"], before["large"]) == (None, None, None)
    assert {each["part"]: each["why"] is None for each in before["mendable"]} == {"hands": True, "face": False, "feet": False}
    assert "there is no pick" in before["enlargeable"]["why"]
    assert before["enlargeable"]["redraw"] is None

    asked = client.post(f"{OF_SEED}/mend", json={"parts": ["hands", "hands"]})
    assert asked.status_code == 202
    assert {name: asked.json()[name] for name in ("verb", "state", "seeds")} == {"verb": "mend", "state": "queued", "seeds": [7]}
    assert the_job(rooms).words == ("--seed", "7", "--parts", "hands")
    assert "queued already" in told(client.post(f"{OWN}/run", json={}), 409)
    assert "queued already" in told(client.post(f"{OF_SEED}/mend", json={"parts": ["hands"]}), 409)
    worker.work(rooms)
    happened = events(client)
    assert [name for name, _ in happened] == ["job", "progress", "done"]
    assert happened[0][1]["state"] == "finished"
    assert happened[1][1]["of"] == 8
    assert happened[2][1]["seeds"][0]["kept"]

    mended = client.get(OF_SEED).json()
    assert {**mended, "mended": None, "enlargeable": before["enlargeable"]} == before, "the nearest stays as it is"
    assert (mended["mended"]["feasible"], mended["enlargeable"]["why"]) == (True, None)
    assert client.get(f"/{mended['mended']['image']}").status_code == 200

    asked = client.post(f"{OF_SEED}/enlarge", json={"by": 1.5, "redraw": True})
    assert (asked.status_code, asked.json()["verb"]) == (202, "enlarge")
    worker.work(rooms)
    large = client.get(OF_SEED).json()["large"]
    assert large["size"] == [96, 144]
    assert large["of_mended"]
    assert set(large["parts"]) <= {"face", "hands", "feet"}
    assert len(large["tries"]) == 3, "each breaks something on these fakes, and that is said"
    assert not client.get(OF_SEED, headers=CHINESE).json()["large"]["tries"][0].isascii()
    for size, kind in (("whole", "image/png"), ("large", "image/webp"), ("small", "image/webp")):
        picture = client.get(f"/{large['image']}", params={"size": size})
        assert (picture.status_code, picture.headers["content-type"]) == (200, kind)


def test_what_the_command_refuses_is_refused_before_anything_is_queued(client: TestClient, rooms: Rooms) -> None:
    line = told(client.post(f"{OF_SEED}/mend", json={"parts": ["face"]}), 422)
    assert line.startswith("there is no pick, and its nearest trial is blocked by hands, which mending the face does not change")
    assert "huanhua" not in line
    assert line == {each["part"]: each["why"] for each in client.get(OF_SEED).json()["mendable"]}["face"]
    chinese = told(client.post(f"{OF_SEED}/mend", json={"parts": ["face"]}, headers=CHINESE), 422)
    assert chinese != line
    assert not chinese.isascii()
    assert "there is no pick" in told(client.post(f"{OF_SEED}/enlarge", json={}), 422)
    assert "seed 8 was not run" in told(client.post(f"{OWN}/seeds/8/mend", json={"parts": ["hands"]}), 422)
    mends: list[dict[str, Any]] = [{}, {"parts": []}, {"parts": ["nose"]}, {"parts": ["hands"], "tries": 9}]
    larges: list[dict[str, Any]] = [{"by": 1}, {"by": 4.5}, {"by": "2x"}, {"upscaler": "/etc/passwd"}]
    for verb, body in [*(("mend", body) for body in mends), *(("enlarge", body) for body in larges)]:
        told(client.post(f"{OF_SEED}/{verb}", json=body), 422)
    assert job_of(workspace_of(rooms.root / "study.yaml")) is None


def of_a_server(patch: pytest.MonkeyPatch) -> None:
    def refused(self: LocalBackend) -> LazyInpainter:
        raise InputError("a WebUI draws this study", "draw", "leave draw out")

    patch.setattr(LocalBackend, "inpainter", refused)


def of_a_flow(patch: pytest.MonkeyPatch) -> None:
    real = vars(Study)["base_facts"].fget
    patch.setattr(Study, "base_facts", property(lambda study: replace(real(study), family="flux")))


@pytest.mark.parametrize(("how", "why"), [(of_a_server, "a WebUI draws this study"), (of_a_flow, "draws along a flow")])
def test_what_redraws_no_picture_is_refused_without_being_opened(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, how: Callable[[pytest.MonkeyPatch], None], why: str
) -> None:
    how(monkeypatch)
    found = client.get(OF_SEED).json()
    assert all(why in each["why"] for each in found["mendable"])
    assert why in found["enlargeable"]["redraw"]
    assert "there is no pick" in found["enlargeable"]["why"], "enlarging alone redraws nothing"
    assert why in told(client.post(f"{OF_SEED}/mend", json={"parts": ["hands"]}), 422)
    assert why in told(client.post(f"{OF_SEED}/enlarge", json={"redraw": True}), 422)


def test_what_only_the_command_finds_is_told_at_its_job_in_the_readers_language(client: TestClient, rooms: Rooms) -> None:
    """Between asking and doing the study was changed."""
    client.post(f"{OF_SEED}/mend", json={"parts": ["hands"]})
    workspace = workspace_of(rooms.root / "study.yaml")
    change(workspace, the_job(rooms), words=("--seed", "7", "--parts", "face"))
    worker.work(rooms)
    assert the_job(rooms).state == "failed"
    whys = [client.get(OWN, headers={"accept-language": tongue}).json()["job"]["why"] for tongue in ("en", "zh")]
    assert "which mending the face does not change" in whys[0]
    assert "huanhua" not in whys[0]
    assert not whys[1].isascii()
    assert client.get(OF_SEED).json()["mended"] is None


def test_a_mend_that_is_stopped_changes_nothing(client: TestClient, rooms: Rooms) -> None:
    client.post(f"{OF_SEED}/mend", json={"parts": ["hands"]})
    assert client.post(f"{OWN}/stop", json={}).json() == {"state": "stopped"}
    worker.work(rooms)
    assert the_job(rooms).state == "stopped"
    assert client.get(OF_SEED).json()["mended"] is None


def test_a_kill_of_the_service_its_worker_and_the_job_loses_no_mend(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    on_fakes(monkeypatch, seconds=3.0)
    killed = house_of(rooms)
    assert client_of(killed).post(f"{OF_SEED}/mend", json={"parts": ["hands"]}).status_code == 202
    wait_until(lambda: the_job(rooms).state == "running" and "progress" in events_file(rooms))
    at_work = named_worker(rooms)
    assert at_work is not None
    first = the_job(rooms)
    for pid in (at_work.pid, first.pid):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert killed.keeper._started is not None
    killed.keeper._started.wait()
    wait_until(lambda: not is_at_work(rooms))
    assert not (rooms.root / "workspace" / "mended").exists()

    on_fakes(monkeypatch)
    following = house_of(rooms)

    def is_done() -> bool:
        following.keeper.keep_up()
        return the_job(rooms).state == "finished"

    wait_until(is_done)
    assert the_job(rooms).id == first.id
    assert client_of(following).get(OF_SEED).json()["mended"]["feasible"]
    following.keeper.end()


def test_each_part_that_can_be_mended_can_be_named() -> None:
    assert list(get_args(Part)) == list(PARTS)


def events_file(rooms: Rooms) -> str:
    place = the_job(rooms).events(workspace_of(rooms.root / "study.yaml"))
    return place.read_text(encoding="utf-8") if place.is_file() else ""


def wait_until(ready: Callable[[], Any], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.05)
