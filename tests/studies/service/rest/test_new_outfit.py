"""A new outfit is of one person."""

from __future__ import annotations

from starlette.testclient import TestClient

from models.testing.loras import save_small_lora
from studies.project.folder import MARKER
from studies.service.rooms import Rooms


def test_two_faces_are_refused_in_one_line_and_nothing_is_written(client: TestClient, rooms: Rooms) -> None:
    (rooms.root / MARKER).write_text("", encoding="utf-8")
    rooms.loras_folder.mkdir()
    for seed, name in enumerate(("anna-face", "bea-face")):
        save_small_lora(rooms.loras_folder / f"{name}.safetensors", {"modelspec.trigger_phrase": name}, seed=seed)
    cards = client.get("/api/wardrobe").json()["loras"]
    faces = [card["id"] for card in cards if card["kind"] == "face"]
    assert len(faces) == 2
    for tongue in ("en", "zh"):
        answer = client.post("/api/studies", json={"name": "both", "wear": faces}, headers={"accept-language": tongue})
        assert answer.status_code == 422
        assert "study.yaml" in str(answer.json())
        assert ("several faces" in str(answer.json())) == (tongue == "en")
    assert not (rooms.studies_folder / "both").exists()
    once = client.post("/api/studies", json={"name": "one", "wear": [faces[0], faces[0]]})
    assert "several faces" not in once.text
