"""A mended picture is told with what was found at its seed, and shown."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient

from optimizer.evaluate.stored_images import load_evaluation
from optimizer.point import Job
from studies.run.mended.mended import Redrawn
from studies.run.mended.stored import FOLDER, store_mended
from studies.run.stored_results import stored
from studies.service.rest.house import house_of
from studies.service.rooms import Rooms

SEED = "/api/studies/~/seeds/7"


def mend(rooms: Rooms, colour: str) -> None:
    """As `huanhua mend` stores it: of the pick, with one hand fewer to be seen."""
    study = house_of(rooms).study("~")
    record = stored(study, 7).outcome.shown
    assert record is not None
    seen = load_evaluation(study.evaluator, Job(7, record.judged.point)).observation
    with Image.open(record.image) as picture:
        width, height = picture.size
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, format="PNG")
    redrawn = Redrawn("hands", 8, 0.4, 16, 4, (0, 0, width, height), (0, 0, width // 2, height // 4))
    store_mended(study, 7, record, stream.getvalue(), replace(seen, heads=3), [redrawn])


def test_a_mended_picture_stands_in_the_story_with_its_words_and_scores(client: TestClient, rooms: Rooms) -> None:
    before = client.get(SEED).json()
    assert before["mended"] is None
    mend(rooms, "pink")
    story = client.get(SEED).json()
    found = story["mended"]
    assert {**story, "mended": None} == before, "the pick stays as it is"
    assert found["trial"] == story["trials"][story["pick"]]["number"]
    assert found["words"] == f"the hands of trial {found['trial']}: the picture breaks body"
    assert not found["feasible"]
    assert [story["needs"][place]["name"] for place, _ in found["breaks"]] == ["body"]
    assert len(found["scores"]) == len(story["needs"])
    assert found["redrawn"] == [{"part": "the hands", "mask": [0, 0, 0.5, 0.25]}]
    chinese = client.get(SEED, headers={"accept-language": "zh-CN"}).json()["mended"]
    assert not chinese["words"].isascii()
    assert chinese["redrawn"][0]["part"] != "the hands"


def test_the_mended_picture_is_served_and_another_takes_its_place(client: TestClient, rooms: Rooms) -> None:
    shown = []
    for colour in ("pink", "navy"):
        mend(rooms, colour)
        image = client.get(SEED).json()["mended"]["image"]
        for size, kind in (("whole", "image/png"), ("small", "image/webp")):
            picture = client.get(f"/{image}", params={"size": size})
            assert (picture.status_code, picture.headers["content-type"]) == (200, kind)
        shown.append(image)
    assert shown[0] != shown[1]
    assert client.get(f"/{shown[0]}").status_code == 404, "gone with the earlier mend"


def test_only_mended_pictures_are_served_from_their_folder(client: TestClient, rooms: Rooms) -> None:
    mend(rooms, "pink")
    folder = Path(house_of(rooms).study("~").workspace.root) / FOLDER
    (folder / "other.png").write_bytes(b"")
    (told,) = folder.glob("*.json")
    assert json.loads(told.read_text(encoding="utf-8"))["picture"].startswith("seed-7-trial-")
    for name in ("other", told.stem, "seed-7-trial-0.%2E%2E", "..%2Fmended%2Fother"):
        assert client.get(f"/api/studies/~/pictures/{name}").status_code == 404, name
