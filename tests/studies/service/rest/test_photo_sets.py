"""Photo sets over REST: photos kept and refused, boxes, crops and tags, and what their jobs are asked to do."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from models.boxes import PixelBox
from studies.service.queue.jobs import change, job_of
from studies.service.queue.keeper import Keeper
from studies.service.rest.guard import LARGEST_PHOTO
from studies.service.rooms import Rooms
from studies.service.sets.photo_set import PhotoSet
from studies.training.prepare import prepare_photos
from tests.studies.service.rest.test_operations import told
from trainers.prepare.boxes import read_boxes
from trainers.prepare.settings import PrepareSettings

SETS = "/api/sets"
BOX = [0.25, 0.25, 0.75, 0.75]
WHOLE = [0.0, 0.0, 1.0, 1.0]


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeper, "keep_up", lambda self: None)


@pytest.fixture
def photo_set(client: TestClient, rooms: Rooms) -> PhotoSet:
    assert client.post(SETS, json={"name": "mydress", "kind": "clothing"}).status_code == 201
    return PhotoSet(rooms, "mydress")


def photo(seed: int = 0) -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((600, 900), 40 + 20 * seed).convert("RGB").save(stream, "PNG")
    return stream.getvalue()


def sent(client: TestClient, content: bytes, called: str = "a.png", kind: str = "image/png") -> Any:
    return client.post(f"{SETS}/mydress/photos", params={"called": called}, content=content, headers={"content-type": kind})


def cut(client: TestClient, photo_set: PhotoSet) -> None:
    """A photo with boxes, cut as the job cuts it."""
    assert sent(client, photo()).status_code == 201
    drawn = {"thing": BOX, "wearer": WHOLE}
    assert client.put(f"{SETS}/mydress/photos/a.png/boxes", json=drawn).json()["state"] == "done"
    settings = PrepareSettings(kind="clothing", trigger="mydress", size=(128, 192))
    prepare_photos(photo_set.photos, photo_set.data, settings, parser="none")


def test_a_photo_is_kept_as_it_is_and_once(client: TestClient, photo_set: PhotoSet) -> None:
    one, other = photo(), photo(1)
    first = sent(client, one).json()
    assert (first["name"], first["size"], first["state"], first["by"]) == ("a.png", [600, 900], "todo", None)
    assert (photo_set.photos / "a.png").read_bytes() == one
    assert sent(client, one, "b.png").json()["name"] == "a.png", "the same picture is there already"
    assert sent(client, other).json()["name"] == "a-2.png", "another of its name keeps its own"
    assert [card["name"] for card in client.get(f"{SETS}/mydress").json()["cards"]] == ["a-2.png", "a.png"]
    assert client.get(f"/{first['image']}", params={"size": "large"}).headers["content-type"] == "image/webp"


@pytest.mark.parametrize(
    "called",
    ["boxes.json", "a.txt", "../a.png", "a/b.png", ".hidden.png", "CON.png", "nul", "a.png.", "a\tb.png", "a" * 130 + ".png"],
)
def test_names_that_not_every_system_takes_are_refused(client: TestClient, photo_set: PhotoSet, called: str) -> None:
    told(sent(client, photo(), called), 422)
    assert list(photo_set.photos.iterdir()) == []


def test_what_is_no_photo_is_refused_by_its_name_and_leaves_nothing(client: TestClient, photo_set: PhotoSet) -> None:
    assert "holiday.jpg" in told(sent(client, b"no photo", "holiday.jpg"), 422)
    assert "cut short" in told(sent(client, photo()[:-2000]), 422)
    told(sent(client, b"", "empty.png"), 422)
    told(sent(client, photo(), kind="text/plain"), 400)
    told(sent(client, b"\0" * (LARGEST_PHOTO + 1)), 413)
    assert list(photo_set.photos.iterdir()) == []
    told(client.post(f"{SETS}/mydress/prepare", content=b"\0" * 200_000, headers={"content-type": "application/json"}), 413)


def test_boxes_are_kept_where_huanhua_boxes_keeps_them(client: TestClient, photo_set: PhotoSet) -> None:
    sent(client, photo())
    address = f"{SETS}/mydress/photos/a.png/boxes"
    assert client.put(address, json={"thing": BOX, "wearer": None}).json()["state"] == "part"
    made = client.put(address, json={"thing": BOX, "wearer": WHOLE}).json()
    assert (made["thing"], made["by"], made["state"]) == (BOX, "hand", "done")
    kept = read_boxes(photo_set.photos / "boxes.json")["a.png"]
    assert (kept.thing, kept.by_hand) == (PixelBox(150, 225, 450, 675), True)
    assert client.put(address, json={"thing": BOX, "wearer": None, "nobody": True}).json()["nobody"] is True
    assert client.put(address, json={"thing": None, "wearer": None, "skip": True}).json()["state"] == "skip"
    assert "without an inside" in told(client.put(address, json={"thing": [0.5, 0.5, 0.5, 0.9], "wearer": None}), 422)
    told(client.put(address, json={"thing": [0.5, 0.5], "wearer": None}), 422)
    told(client.put(f"{SETS}/mydress/photos/b.png/boxes", json={"thing": BOX, "wearer": None}), 404)


def test_both_crops_are_seen_and_tags_are_a_persons(client: TestClient, photo_set: PhotoSet) -> None:
    cut(client, photo_set)
    page = client.get(f"{SETS}/mydress").json()
    (card,) = page["cards"]
    assert (page["is_cut"], page["is_stale"], card["tags"]) == (True, False, [])
    sizes = [Image.open(io.BytesIO(client.get(f"/{card[which]}").content)).size for which in ("train", "reg")]
    assert sizes == [(128, 192), (128, 192)]
    changed = client.put(f"{SETS}/mydress/photos/a.png/tags", json={"tags": ["pink dress", "mydress", " bow,  lace "]}).json()
    assert changed["tags"] == ["pink dress", "bow", "lace"]
    (caption,) = photo_set.data.glob("train/*/a.png.txt")
    assert caption.read_text(encoding="utf-8") == "mydress, pink dress, bow, lace\n"
    job = client.post(f"{SETS}/mydress/prepare", json={})
    assert job.status_code == 202
    assert "being cut" in told(client.put(f"{SETS}/mydress/photos/a.png/tags", json={"tags": []}), 409)
    assert client.post(f"{SETS}/mydress/stop").json() == {"state": "stopped"}
    client.put(f"{SETS}/mydress/photos/a.png/boxes", json={"thing": BOX, "wearer": BOX})
    assert client.get(f"{SETS}/mydress").json()["is_stale"] is True


def test_a_manifest_leads_out_of_no_folder(client: TestClient, photo_set: PhotoSet) -> None:
    cut(client, photo_set)
    file = photo_set.data / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    Image.new("RGB", (9, 9)).save(photo_set.photos.parent / "secret.png")
    manifest["photos"][0]["train"]["file"] = "../../photos/secret.png"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    told(client.get(f"{SETS}/mydress/crops/train/a.png"), 404)
    told(client.put(f"{SETS}/mydress/photos/a.png/tags", json={"tags": []}), 404)
    assert client.get(f"{SETS}/mydress").json()["cards"][0]["train"] is None


def test_jobs_are_what_a_person_would_type(client: TestClient, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no photo in this set" in told(client.post(f"{SETS}/mydress/prepare", json={}), 422)
    sent(client, photo())
    assert "no box is drawn" in told(client.post(f"{SETS}/mydress/prepare", json={}), 422)
    assert "not cut yet" in told(client.post(f"{SETS}/mydress/train", json={}), 422)
    client.put(f"{SETS}/mydress/photos/a.png/boxes", json={"thing": BOX, "wearer": WHOLE})
    job = client.post(f"{SETS}/mydress/prepare", json={}).json()
    assert (job["verb"], job["state"]) == ("prepare", "queued")
    stored = job_of(photo_set.workspace)
    assert stored is not None
    assert stored.words[:2] == (str(photo_set.photos), str(photo_set.data))
    assert "queued already" in told(client.post(f"{SETS}/mydress/prepare", json={}), 409)
    change(photo_set.workspace, stored, state="finished")
    cut(client, photo_set)
    assert "no base is there" in told(client.post(f"{SETS}/mydress/train", json={}), 422)
    told(client.post(f"{SETS}/mydress/train", json={"base": "elsewhere"}), 422)


def test_a_training_never_writes_over_a_lora(client: TestClient, photo_set: PhotoSet, monkeypatch: pytest.MonkeyPatch) -> None:
    from studies.service.sets import orders

    cut(client, photo_set)
    base = orders.Base("abc", Path("base"), "lab")
    monkeypatch.setattr(orders, "bases", lambda rooms: [base])
    photo_set.rooms.loras_folder.mkdir(exist_ok=True)
    (photo_set.rooms.loras_folder / "mydress.safetensors").write_bytes(b"")
    words = orders.train_words(photo_set, None, ["plan.epochs=2"])
    assert orders.trained_file(words).name == "mydress-2.safetensors"
    assert words[-2:] == ["--set", "plan.epochs=2"]


def test_a_folder_of_photos_is_told_what_it_is_of(client: TestClient, rooms: Rooms) -> None:
    (rooms.photos_folder / "found").mkdir(parents=True)
    assert [(each["id"], each["kind"]) for each in client.get(SETS).json()] == [("found", None)]
    assert client.post(SETS, json={"name": "found", "kind": "shoes"}).json()["kind"] == "shoes"
    assert "is there already" in told(client.post(SETS, json={"name": "found", "kind": "face"}), 409)
    for name in ("CON", "nul.x", "a.", "a ", ""):
        told(client.post(SETS, json={"name": name, "kind": "face"}), 422)
    told(client.get(f"{SETS}/..%2Foutfit"), 404)
    told(client.get(f"{SETS}/none"), 404)


def test_advice_that_is_stored_is_said_in_the_readers_language(client: TestClient, photo_set: PhotoSet) -> None:
    cut(client, photo_set)
    english = client.get(f"{SETS}/mydress").json()["advice"]
    assert any("train better" in line for line in english)
    chinese = client.get(f"{SETS}/mydress", headers={"accept-language": "zh"}).json()["advice"]
    assert len(chinese) == len(english)
    assert not any(line.isascii() for line in chinese)
    # A set of an earlier version has the texts alone.
    manifest = photo_set.data / "manifest.json"
    stored = json.loads(manifest.read_text(encoding="utf-8"))
    del stored["warning_parts"]
    manifest.write_text(json.dumps(stored), encoding="utf-8")
    assert client.get(f"{SETS}/mydress", headers={"accept-language": "zh"}).json()["advice"] == english
