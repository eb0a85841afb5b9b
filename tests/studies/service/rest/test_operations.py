"""Each operation against a study that was run on fakes: what it answers, what it changes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from models.errors import InputError
from models.language.as_json import error_to_json
from models.language.translate import phrase
from models.testing.loras import save_small_lora
from studies.service.advice import INSTEAD
from studies.service.queue.jobs import change, enqueue, job_of
from studies.service.queue.keeper import Keeper
from studies.service.rooms import Rooms
from studies.spec import read_spec
from studies.testing.fake_study import fake_study
from studies.workspace import workspace_of
from tests.models.language.test_catalogue import entries

OWN = "/api/studies/~"
TRIGGER = "modelspec.trigger_phrase"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeper, "keep_up", lambda self: None)


def told(answer: Any, status: int) -> str:
    """The one line of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    line: str = answer.json()["detail"]
    assert "\n" not in line
    return line


def test_studies_are_listed_and_shown(client: TestClient) -> None:
    (found,) = client.get("/api/studies").json()
    assert (found["id"], found["name"], found["problem"], found["job"]) == ("~", "outfit", None, None)
    assert [lora["name"] for lora in found["wears"]] == ["face", "dress", "shoes"]
    shown = client.get(OWN).json()
    assert shown["run"] == [7]
    assert shown["trials"] == 40


def test_a_study_that_does_not_read_is_listed_with_its_problem(client: TestClient, rooms: Rooms) -> None:
    broken = rooms.studies_folder / "broken"
    broken.mkdir(parents=True)
    (broken / "study.yaml").write_text("name: [", encoding="utf-8")
    by_id = {study["id"]: study for study in client.get("/api/studies").json()}
    assert by_id["~"]["problem"] is None
    assert "study.yaml" in by_id["broken"]["problem"]
    told(client.get("/api/studies/broken"), 422)


def test_no_text_of_a_request_leads_out_of_the_folder(client: TestClient, rooms: Rooms) -> None:
    fake_study(rooms.root.parent / "outside")
    for key in ("..", "../outside", "..%2Foutside", "%2e%2e%2foutside", "~%2F..", "outside", "%00"):
        assert client.get(f"/api/studies/{key}").status_code == 404, key
    for name in ("..%2F..%2Fstudy.yaml", "..%2Foptuna.db", ".hidden", "%00"):
        assert client.get(f"{OWN}/exports/{name}").status_code == 404, name
    assert client.get(f"{OWN}/pictures/..%2F..%2Foptuna").status_code == 404


def test_a_story_is_the_look_books(client: TestClient, rooms: Rooms) -> None:
    story = client.get(f"{OWN}/seeds/7").json()
    outcome = client.get(f"{OWN}/seeds/7/outcome").json()
    assert outcome["trials"] == len(story["trials"])
    assert story["claim"] == outcome["claim"]
    assert story["trials"][story["pick"]]["number"] == outcome["pick"]["trial"]
    assert [dial["name"] for dial in story["dials"]] == ["face", "dress", "shoes"]
    picture = client.get(f"/{story['trials'][0]['image']}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    small = client.get(f"/{story['trials'][0]['image']}", params={"size": "small"})
    assert small.headers["content-type"] == "image/webp"


def test_a_story_is_told_in_the_readers_language(client: TestClient) -> None:
    words = [
        client.get(f"{OWN}/seeds/7", headers={"accept-language": tongue}).json()["reason"] for tongue in ("en", "zh-CN", "en")
    ]
    assert words[0] == words[2] != words[1]
    assert not words[1].isascii()


def test_a_study_that_was_edited_on_disk_opens_no_model_in_the_service(client: TestClient, rooms: Rooms) -> None:
    file = rooms.root / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("steps: 20", "steps: 21"), encoding="utf-8")
    told(client.get(f"{OWN}/seeds/7"), 422)
    file.write_text(file.read_text(encoding="utf-8").replace("base.safetensors", "other.safetensors"), encoding="utf-8")
    (rooms.root / "other.safetensors").write_text("no base", encoding="utf-8")
    assert "is not what it was run with" in told(client.get(f"{OWN}/seeds/7"), 422)
    assert [seed["image"] for seed in client.get(f"{OWN}/seeds").json()] == [None]


def test_a_person_overrules_and_goes_back(client: TestClient) -> None:
    story = client.get(f"{OWN}/seeds/7").json()
    other = next(trial["number"] for place, trial in enumerate(story["trials"]) if place != story["pick"])
    chosen = client.put(f"{OWN}/seeds/7/pick", json={"trial": other}).json()
    assert (chosen["trials"][chosen["pick"]]["number"], chosen["by_hand"]) == (other, True)
    back = client.put(f"{OWN}/seeds/7/pick", json={"trial": None}).json()
    assert (back["pick"], back["by_hand"]) == (story["pick"], False)
    assert "no trial 99" in told(client.put(f"{OWN}/seeds/7/pick", json={"trial": 99}), 422)


def test_other_requirements_judge_anew_and_keep_the_files_comments(client: TestClient, rooms: Rooms) -> None:
    file = rooms.root / "study.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    before = client.get(f"{OWN}/seeds/7").json()
    (seed,) = client.put(f"{OWN}/levels", json={"require": {"dress": 0.9}}).json()["seeds"]
    assert seed["require"]["dress"] == 0.9
    after = client.get(f"{OWN}/seeds/7").json()
    assert after["needs"][1]["limit"] == 0.9 != before["needs"][1]["limit"]
    assert file.read_text(encoding="utf-8").endswith("# mine\n")
    assert "no LoRA called hat" in told(client.put(f"{OWN}/levels", json={"require": {"hat": 0.5}}), 422)
    assert read_spec(file).search.require["dress"] == 0.9


def test_seeds_are_locked_and_unlocked(client: TestClient) -> None:
    assert "was not scouted" in told(client.put(f"{OWN}/seeds/12/lock"), 422)
    locked = client.put(f"{OWN}/seeds/12/lock", params={"unseen": True}).json()
    assert [seed["seed"] for seed in locked if seed["locked"]] == [7, 12]
    assert [seed["seed"] for seed in client.delete(f"{OWN}/seeds/12/lock").json() if seed["locked"]] == [7]
    assert "is listed in the study file" in told(client.delete(f"{OWN}/seeds/7/lock"), 422)


def test_jobs_wait_one_a_study(client: TestClient, rooms: Rooms) -> None:
    workspace = workspace_of(rooms.root / "study.yaml")
    job = client.post(f"{OWN}/run", json={"seeds": [7], "trials": 20})
    assert (job.status_code, job.json()["state"]) == (202, "queued")
    stored = job_of(workspace)
    assert stored is not None
    assert stored.words == ("--seed", "7", "--trials", "20")
    assert "queued already" in told(client.post(f"{OWN}/scout", json={}), 409)
    assert client.post(f"{OWN}/stop", json={}).json() == {"state": "stopped"}
    assert client.post(f"{OWN}/resume").json()["verb"] == "run"
    again = job_of(workspace)
    assert again is not None
    assert again.words == stored.words


def test_what_happened_is_told_as_events(client: TestClient, rooms: Rooms) -> None:
    workspace = workspace_of(rooms.root / "study.yaml")
    job = change(workspace, enqueue(workspace, "run", []), state="running")
    events = job.events(workspace)
    events.parent.mkdir(exist_ok=True)
    lines = [{"event": "plan", "seed": 7}, {"event": "trial", "seed": 7, "trial": 0}]
    events.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"event": "tri', encoding="utf-8")
    told = client.get(f"{OWN}/events", params={"follow": False}).text
    assert [line for line in told.splitlines() if line.startswith("event:")] == ["event: job", "event: plan", "event: trial"]
    assert f"data: {json.dumps(lines[1])}" in told
    later = client.get(f"{OWN}/events", params={"follow": False}, headers={"last-event-id": f"{job.id}:1"}).text
    assert [line for line in later.splitlines() if line.startswith("event:")] == ["event: job", "event: trial"]


def test_a_damaged_job_is_told_where_it_lies(client: TestClient, rooms: Rooms) -> None:
    workspace_of(rooms.root / "study.yaml").write("job", {"id": "../x", "verb": "rm", "words": []})
    assert "job.json" in told(client.post(f"{OWN}/run", json={}), 422)
    assert "job.json" in client.get("/api/studies").json()[0]["problem"]


def test_bad_bodies_are_one_line(client: TestClient) -> None:
    assert "trials" in told(client.post(f"{OWN}/run", json={"trials": 1}), 422)
    assert "extra" in told(client.post(f"{OWN}/run", json={"rm": "-rf"}), 422).lower()
    assert told(client.post(f"{OWN}/run", content="{", headers={"content-type": "application/json"}), 422)
    assert "no seed: 18446744073709551615" in told(client.get(f"{OWN}/seeds/{2**64 - 1}"), 422)
    assert "seed" in told(client.get(f"{OWN}/seeds/{2**64}"), 422)


def test_exports_are_written_and_downloaded(client: TestClient) -> None:
    made = client.post(f"{OWN}/seeds/7/exports/a1111").json()
    name = made["files"][0]["name"]
    got = client.get(f"/{made['files'][0]['address']}")
    assert (name, got.status_code) == ("seed-7.txt", 200)
    assert "<lora:dress:" in got.text
    assert "seed 8 was not run" in told(client.post(f"{OWN}/seeds/8/exports/png"), 422)


def test_the_wardrobe_has_a_card_for_each_lora_with_its_picture(client: TestClient, rooms: Rooms) -> None:
    rooms.loras_folder.mkdir()
    for name, word in (("pink-dress", "pinkdress"), ("boots", "myboots")):
        save_small_lora(rooms.loras_folder / f"{name}.safetensors", {TRIGGER: word})
    (rooms.loras_folder / "broken.safetensors").write_bytes(b"no LoRA")
    Image.new("RGB", (40, 60), "pink").save(rooms.loras_folder / "pink-dress.preview.png")
    found = client.get("/api/wardrobe").json()
    cards = {card["name"]: card for card in found["loras"]}
    assert (cards["pink-dress"]["kind"], cards["boots"]["kind"]) == ("clothing", "shoes")
    assert (cards["pink-dress"]["trigger"], cards["boots"]["preview"]) == ("pinkdress", None)
    assert any("broken.safetensors was left out" in line for line in found["wrong"])
    picture = client.get(f"/{cards['pink-dress']['preview']}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert "no picture lies beside it" in told(client.get(f"/api/wardrobe/{cards['boots']['id']}/preview"), 404)
    assert client.get(f"/api/wardrobe/{cards['boots']['id']}").json()["ranks"]


def test_a_lora_of_another_kind_takes_no_place(client: TestClient, rooms: Rooms) -> None:
    rooms.loras_folder.mkdir()
    save_small_lora(rooms.loras_folder / "boots.safetensors", {TRIGGER: "myboots"})
    card = next(card["id"] for card in client.get("/api/wardrobe").json()["loras"] if card["name"] == "boots")
    assert "a LoRA of shoes where dress is clothing" in told(client.post(f"{OWN}/swap", json={"wear": {"dress": card}}), 422)
    assert "no LoRA called hat" in told(client.post(f"{OWN}/swap", json={"wear": {"hat": card}}), 422)
    assert "no such LoRA" in told(client.post(f"{OWN}/swap", json={"wear": {"dress": "0" * 12}}), 404)
    assert not (rooms.root / "studies").exists()


def test_several_loras_change_at_once_with_photos_of_sets(client: TestClient, rooms: Rooms) -> None:
    rooms.loras_folder.mkdir()
    for name in ("coat", "boots"):
        save_small_lora(rooms.loras_folder / f"{name}.safetensors", {TRIGGER: f"my{name}"}, seed=len(name))
        (rooms.photos_folder / name).mkdir(parents=True)
        Image.new("RGB", (64, 96)).save(rooms.photos_folder / name / "a.png")
    cards = {card["name"]: card["id"] for card in client.get("/api/wardrobe").json()["loras"]}
    wear = {"dress": cards["coat"], "shoes": cards["boots"]}
    assert "no such set" in told(client.post(f"{OWN}/swap", json={"wear": wear, "references": {"dress": "none"}}), 404)
    body = {"wear": wear, "references": {"dress": "coat", "shoes": "boots"}, "triggers": {"shoes": "redboots"}}
    made = client.post(f"{OWN}/swap", json=body).json()
    assert made["id"] == "outfit-coat-boots", made
    assert "mycoat" in made["prompt"]
    assert "redboots" in made["prompt"]
    assert not any(note.startswith("note") for note in made["notes"])
    spec = read_spec(rooms.folder(made["id"]) / "study.yaml")
    assert [Path(str(spec.loras[name].references)).name for name in ("dress", "shoes")] == ["coat", "boots"]
    told(client.post(f"{OWN}/swap", json={"wear": {"dress": cards["coat"], "shoes": cards["coat"]}}), 422)


def test_a_new_outfit_is_refused_where_nothing_tells_its_base(client: TestClient, rooms: Rooms) -> None:
    assert "a new outfit needs a project folder" in told(client.post("/api/studies", json={"name": "second"}), 422)
    assert not (rooms.root / "studies").exists()


def test_a_truth_value_is_no_trial_and_no_seed(client: TestClient) -> None:
    assert client.put(f"{OWN}/seeds/7/pick", json={"trial": True}).status_code == 422
    assert client.post(f"{OWN}/run", json={"seeds": [True]}).status_code == 422


def test_a_seed_that_is_named_twice_is_searched_once(client: TestClient, rooms: Rooms) -> None:
    assert client.post(f"{OWN}/run", json={"seeds": [7, 7]}).status_code == 202
    job = json.loads((rooms.root / "workspace" / "job.json").read_text(encoding="utf-8"))
    assert list(job["words"]).count("7") == 1


def test_a_served_folder_that_is_gone_is_an_error_and_no_empty_list(client: TestClient, rooms: Rooms) -> None:
    rooms.root.rename(rooms.root.with_name("elsewhere"))
    for path in ("/api/studies", "/api/wardrobe", "/api/sets", "/api/means", OWN):
        assert "the served folder is gone" in told(client.get(path), 404), path
    rooms.root.with_name("elsewhere").rename(rooms.root)
    assert client.get("/api/studies").status_code == 200


def test_json_that_cannot_be_read_is_told_as_that(client: TestClient) -> None:
    for body in (b"[" * 30_000, b'{"a":' * 15_000, b'{"seeds"', b'"\xff"'):
        answer = client.post(f"{OWN}/run", content=body, headers={"content-type": "application/json"})
        assert "no JSON that can be read" in told(answer, answer.status_code)
        assert answer.status_code in (400, 422)


def test_advice_is_what_the_page_has(client: TestClient, rooms: Rooms) -> None:
    file = rooms.root / "study.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("- 7", "- 9"), encoding="utf-8")
    line = told(client.get(f"{OWN}/seeds/9"), 422)
    assert "`huanhua" not in line
    assert "POST run" in line
    line = told(client.put(f"{OWN}/seeds/12/lock"), 422)
    assert "unseen=true" in line
    assert "STUDY" not in line


def test_each_advice_takes_the_place_of_one_that_is_given() -> None:
    given = {text for english, _ in entries("zh") for text in english}
    assert [template for template in INSTEAD if template not in given and not template.endswith(": {option}")] == []
    assert all("huanhua " not in mend and "STUDY" not in mend for mend in INSTEAD.values())


def test_a_failed_job_tells_why_in_the_readers_language_and_leaves_no_empty_folder(client: TestClient, rooms: Rooms) -> None:
    fresh = rooms.studies_folder / "fresh"
    fresh.mkdir(parents=True)
    (fresh / "study.yaml").write_text((rooms.root / "study.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    client.post("/api/studies/fresh/run", json={"seeds": [7]})
    workspace = workspace_of(fresh / "study.yaml")
    assert [place.name for place in workspace.root.iterdir() if place.is_dir()] == []
    job = job_of(workspace)
    assert job is not None
    error = InputError(phrase("seed {seed} was not scouted", seed=7), "study", "run `huanhua run STUDY` first")
    change(workspace, job, state="failed", why=str(error), told=error_to_json(error))
    whys = [client.get("/api/studies/fresh", headers={"accept-language": tongue}).json()["job"]["why"] for tongue in ("en", "zh")]
    assert "POST run" in whys[0]
    assert not whys[1].isascii()
    change(workspace, job, told={"what": 7, "where": [], "mend": {}})
    assert client.get("/api/studies/fresh").json()["job"]["why"] == str(error)


@pytest.mark.parametrize("name", ["CON", "nul", "Prn.x", "com1", "a.", "a "])
def test_names_that_windows_keeps_are_refused(client: TestClient, name: str) -> None:
    told(client.post("/api/studies", json={"name": name}), 422)
    told(client.post(f"{OWN}/swap", json={"wear": {"dress": "0" * 12}, "name": name}), 404)
