"""Who is answered: this machine's pages and programs, and beyond it who has the token."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

from models.errors import InputError
from studies.service.rest import guard, rate
from studies.service.rest.app import service
from studies.service.rest.door import FILE, door_at
from studies.service.rooms import Rooms

JSON = {"content-type": "application/json"}
HOST = "192.0.2.7"


def test_every_answer_has_the_headers(client: TestClient) -> None:
    for path in ("/", "/docs", "/api/studies", "/api/none", "/page/none.js"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example:8270"}, 403),
        ({"host": "localhost:9999"}, 200),
        ({"host": "[::1]:8270"}, 200),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:8270"}, 200),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_another_page_or_host_name_is_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.get("/api/studies", headers=headers).status_code == status


def test_a_link_elsewhere_leads_to_the_page_and_to_nothing_else(client: TestClient) -> None:
    linked = {"sec-fetch-site": "cross-site"}
    assert client.get("/", headers=linked).status_code == 200
    assert client.get("/page/wardrobe.js", headers=linked).status_code == 403


def test_forms_write_nothing(client: TestClient) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
        refused = client.post("/api/studies/~/run", content="{}", headers={"content-type": kind})
        assert (refused.status_code, refused.json()["title"]) == (400, "Bad Request")


def test_long_bodies_are_refused_with_and_without_a_length(client: TestClient) -> None:
    long = b'{"seeds": [' + b"1," * guard.LARGEST_BODY + b"1]}"
    assert client.post("/api/studies/~/run", content=long, headers=JSON).status_code == 413
    parts = (long[start : start + 1000] for start in range(0, len(long), 1000))
    assert client.post("/api/studies/~/run", content=parts, headers=JSON).status_code == 413


@pytest.fixture
def beyond(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> tuple[TestClient, str]:
    monkeypatch.setattr(guard, "WRONG_S", 0.0)
    door, token = door_at(HOST, rooms, new_token=False)
    assert token is not None
    return TestClient(service(rooms, door), base_url=f"http://{HOST}:8270"), token


def test_beyond_this_machine_the_token_is_asked_for(beyond: tuple[TestClient, str]) -> None:
    client, token = beyond
    assert client.get("/").status_code == 200
    for path in ("/api/studies", "/openapi.json", "/api/wardrobe"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"authorization": "Bearer wrong"}).status_code == 401
        assert client.get(path, headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_cookie_reads_and_never_writes(beyond: tuple[TestClient, str]) -> None:
    client, token = beyond
    opened = client.post("/api/session", headers={"authorization": f"Bearer {token}"})
    assert opened.status_code == 204
    assert {"HttpOnly", "SameSite=strict"} <= set(opened.headers["set-cookie"].split("; "))
    assert client.get("/api/studies").status_code == 200
    assert client.put("/api/studies/~/seeds/9/lock?unseen=true").status_code == 401
    assert client.put("/api/studies/~/seeds/9/lock?unseen=true", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_the_token_is_shown_once_and_stored_hashed(rooms: Rooms) -> None:
    _, token = door_at(HOST, rooms, new_token=False)
    assert token is not None
    file = rooms.state / FILE
    assert token not in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    door, again = door_at(HOST, rooms, new_token=False)
    assert again is None
    assert door.opens(token)
    other, made = door_at(HOST, rooms, new_token=True)
    assert made is not None
    assert (other.opens(token), other.opens(made)) == (False, True)
    file.write_text(json.dumps({"sha256": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="no hash of a token"):
        door_at(HOST, rooms, new_token=False)


def test_every_address_at_once_is_too_many(rooms: Rooms) -> None:
    for host in ("0.0.0.0", "::", "*"):
        with pytest.raises(InputError, match="every address at once"):
            door_at(host, rooms, new_token=False)


def test_a_client_that_asks_too_often_is_told_when_to_come_again(
    client: TestClient, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate, "READS", rate.Allowance(3, 0.25))
    few = TestClient(service(rooms), base_url="http://127.0.0.1:8270", client=("192.0.2.1", 50000))
    assert [few.get("/api/studies").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    refused = few.get("/api/studies")
    assert 1 <= int(refused.headers["retry-after"]) <= 4
    assert refused.headers["content-type"] == "application/problem+json"
    assert "frame-ancestors" in refused.headers["content-security-policy"]
    assert few.post("/api/studies/~/stop", json={"seed": -1}).status_code == 422, "writes have a bucket of their own"


def test_buckets_fill_again_and_are_of_one_client_each() -> None:
    now = 0.0
    made = rate.Rate(rate.Allowance(2, 0.5), lambda: now)
    assert [made.wait_s("a") for _ in range(3)] == [0, 0, 2]
    assert made.wait_s("b") == 0
    now = 2.0
    assert [made.wait_s("a"), made.wait_s("a")] == [0, 2]
    for number in range(rate.CLIENTS):
        made.wait_s(f"client {number}")
    assert len(made._left) == rate.CLIENTS


def test_who_guesses_tokens_is_slowed_down_and_an_old_page_is_not(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "WRONG_S", 0.0)
    monkeypatch.setattr(rate, "TOKENS", rate.Allowance(3, 0.01))
    door, token = door_at(HOST, rooms, new_token=False)
    asker = TestClient(service(rooms, door), base_url=f"http://{HOST}:8270")
    old = {"authorization": "Bearer old"}
    assert {asker.get("/api/studies", headers=old).status_code for _ in range(20)} == {401}
    assert {asker.get("/api/studies").status_code for _ in range(20)} == {401}
    guesses = [asker.get("/api/studies", headers={"authorization": f"Bearer {i}"}).status_code for i in range(4)]
    assert guesses == [401, 401, 429, 429]
    assert asker.get("/api/studies", headers={"authorization": f"Bearer {token}"}).status_code == 429, "the right guess too"
