"""Export through the verb: A1111's text and PNG, enlarged or not, and every refusal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from typer.testing import CliRunner

from models.errors import InputError
from models.testing.rrdb import brighter, rrdb
from optimizer.point import Point
from optimizer.search.judged_point import Judged
from scorers.score.scores import Scores
from studies.cli.app import app
from studies.export.export import export_to
from studies.model_facts import BaseFacts
from studies.run.outcome import Outcome, TrialRecord
from studies.spec import StudySpec
from studies.study import Study
from studies.testing.fake_backend import FakeBackend, facts_of
from studies.workspace import Workspace

POINT = Point({"dress": 0.4, "shoes": 0.0}, 6.5)


def outcome_at(seed: int, point: Point | None, image: Path = Path("drawn.png")) -> Outcome:
    """What a run found: this pick, or none."""
    if point is None:
        return Outcome(seed, (), None, None, None, {})
    pick = Judged(point, 1.0, {"dress": -0.1})
    scores = Scores.__new__(Scores)
    return Outcome(seed, (TrialRecord(1, "start", pick, scores, image),), pick, None, None, {})


def parsed(text: str) -> dict[str, Any]:
    """The format as A1111 1.10 and Forge describe it, read letter by letter.

    The last line holds `Key: value` pairs between commas; a value that begins with a quote is a JSON string and may hold commas.
    Above it, from a line that starts with "Negative prompt:" on, stands the negative prompt; before that the prompt, in which
    <kind:name:value...> in angle brackets calls an extra network.
    """
    *lines, last = text.rstrip("\n").split("\n")
    split = next((i for i, line in enumerate(lines) if line.startswith("Negative prompt:")), len(lines))
    prompt = "\n".join(lines[:split])
    negative = "\n".join(lines[split:]).removeprefix("Negative prompt:").strip()
    networks, plain = [], ""
    while "<" in prompt:
        before, _, rest = prompt.partition("<")
        call, _, prompt = rest.partition(">")
        plain += before
        networks.append(tuple(call.split(":")))
    settings: dict[str, str] = {}
    while last:
        key, _, last = last.partition(": ")
        if last.startswith('"'):
            value, end = json.JSONDecoder().raw_decode(last)
            last = last[end:].removeprefix(", ")
        else:
            value, _, last = last.partition(", ")
        settings[key] = value
    return {"prompt": (plain + prompt).strip(), "negative": negative, "networks": networks, **settings}


def digest(path: Path, digits: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:digits]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study whose files are there and hold anything; its picture was drawn."""
    spec = {
        "name": "pink dress",
        "base": {"checkpoint": "chilloutmix.safetensors", "clip_skip": 2, "vae": "kl-f8.safetensors"},
        "prompt": "1girl, (photorealistic:1.4), pink dress, testdress",
        "negative_prompt": "NG_deep, (lowres:1.2)",
        "embeddings": ["ng_deep.pt", "unused.pt"],
        "render": {
            "width": 64,
            "height": 96,
            "steps": 30,
            "sampler": "DPM++ SDE Karras",
            "rng": "nv",
            "ensd": 31337,
            "device": "cpu",
        },
        "loras": {
            "dress": {"file": "连衣裙, new.safetensors", "kind": "clothing", "references": "dress"},
            "shoes": {"file": "shoes.safetensors", "kind": "shoes", "references": "shoes"},
            "detail": {"file": "add_detail.safetensors", "kind": "other", "fixed": 0.5},
        },
        "scorers": {"hands": {"judge": "hands.onnx"}},
    }
    for name in ("chilloutmix.safetensors", "kl-f8.safetensors", "ng_deep.pt", "unused.pt"):
        (tmp_path / name).write_text(name)
    base = BaseFacts("chilloutmix", digest(tmp_path / "chilloutmix.safetensors", 64), "sd15", {})
    made = StudySpec.model_validate(spec)
    backend = FakeBackend(facts=facts_of(made.loras, base, first=1))
    study = Study(made, tmp_path, Workspace(tmp_path / "workspace"), backend)
    noise = np.random.default_rng(0).integers(0, 256, (96, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "drawn.png")
    return study


def test_the_text_has_all_that_a1111_reads(study: Study) -> None:
    (path,) = export_to(study, outcome_at(7, POINT), "a1111").paths
    assert path == study.workspace.exports / "seed-7.txt"
    root = study.root
    assert parsed(path.read_text(encoding="utf-8")) == {
        "prompt": "1girl, (photorealistic:1.4), pink dress, testdress",
        "negative": "NG_deep, (lowres:1.2)",
        "networks": [("lora", "连衣裙 new", "0.4"), ("lora", "add_detail", "0.5")],
        "Steps": "30",
        "Sampler": "DPM++ SDE",
        "Schedule type": "Karras",
        "CFG scale": "6.5",
        "Seed": "7",
        "Size": "64x96",
        "Model hash": digest(root / "chilloutmix.safetensors", 10),
        "Model": "chilloutmix",
        "Clip skip": "2",
        "RNG": "NV",
        "Lora hashes": "连衣裙 new: 000000000001, add_detail: 000000000003",
        "ENSD": "31337",
        "TI hashes": f"ng_deep: {digest(root / 'ng_deep.pt', 12)}",
        "VAE hash": digest(root / "kl-f8.safetensors", 10),
        "VAE": "kl-f8.safetensors",
    }


def test_a_folder_has_no_hash_that_a1111_knows(study: Study) -> None:
    (study.root / "chilloutmix.safetensors").unlink()
    (study.root / "chilloutmix.safetensors").mkdir()
    (path,) = export_to(study, outcome_at(7, POINT), "a1111").paths
    assert "Model hash" not in parsed(path.read_text(encoding="utf-8"))


def test_a_pick_of_its_own_prompt_names_the_inversions_of_that(study: Study) -> None:
    point = Point({"dress": 0.4}, 6.5, prompt="1girl, Unused, ng_deeper")
    text = parsed(export_to(study, outcome_at(7, point), "a1111").paths[0].read_text(encoding="utf-8"))
    assert text["prompt"] == point.prompt
    assert [part.split(":")[0] for part in text["TI hashes"].split(", ")] == ["ng_deep", "unused"]


def test_the_png_is_the_picture_with_the_same_text(study: Study) -> None:
    outcome = outcome_at(7, POINT, study.root / "drawn.png")
    (path,) = export_to(study, outcome, "png").paths
    assert path == study.workspace.exports / "seed-7.png"
    with Image.open(path) as saved, Image.open(study.root / "drawn.png") as drawn:
        assert np.array_equal(np.asarray(saved), np.asarray(drawn))
        (text,) = export_to(study, outcome, "a1111").paths
        assert saved.info["parameters"] + "\n" == text.read_text(encoding="utf-8")
    assert sorted(p.name for p in study.workspace.exports.iterdir()) == ["seed-7.png", "seed-7.txt"]


@pytest.fixture
def verb(study: Study, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`huanhua export` on a study whose run is over; `verb.outcome` is what it found."""
    found = SimpleNamespace(outcome=outcome_at(7, POINT, study.root / "drawn.png"))
    monkeypatch.setattr("studies.cli.export.open_study", lambda path, workspace, *seeds: study)
    monkeypatch.setattr("studies.run.stored_results.stored", lambda study, seed: found)
    found.run = lambda *words: CliRunner().invoke(app, ["export", "study.yaml", "--seed", "7", *words])
    return found


def test_without_a_seed_every_pick_is_written(study: Study, verb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {7: outcome_at(7, POINT), 8: outcome_at(8, None), 9: outcome_at(9, POINT)}
    monkeypatch.setattr("studies.run.stored_results.seeds_run", lambda study: list(found))
    monkeypatch.setattr("studies.run.stored_results.stored", lambda study, seed: SimpleNamespace(outcome=found[seed]))
    run = CliRunner().invoke(app, ["export", "study.yaml", "--to", "a1111"])
    assert run.exit_code == 0
    assert run.stdout.split() == [str(study.workspace.exports / f"seed-{seed}.txt") for seed in (7, 9)]
    assert run.stderr.splitlines() == [
        "no pick at seed 8: see `huanhua show STUDY`",
        "seed 7: the best so far",
        "seed 9: the best so far",
        "next: huanhua lookbook study.yaml",
    ]
    found = {8: found[8]}
    run = CliRunner().invoke(app, ["export", "study.yaml", "--to", "a1111"])
    assert str(run.exception) == "no seed has a pick: pink dress; see `huanhua show STUDY` for what blocks them"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_file(brighter(rrdb(width=16, growth=32)), tmp_path / "4x-Sharp.safetensors")
    return tmp_path / "4x-Sharp.safetensors"


def test_enlarged_it_keeps_its_settings_and_tells_its_size(study: Study, verb: Any, model: Path) -> None:
    run = verb.run("--to", "png", "--upscale", str(model))
    assert run.exit_code == 0
    path = study.workspace.exports / "seed-7-x4.png"
    assert run.stdout.strip() == str(path)
    enlarged = "64x96 enlarged by 4x-Sharp to 256x384"
    assert run.stderr.splitlines() == ["seed 7: the best so far", enlarged, "next: huanhua lookbook study.yaml"]
    with Image.open(path) as saved:
        assert (saved.size, saved.mode) == ((256, 384), "RGB")
        text = parsed(saved.text["parameters"])  # type: ignore[attr-defined]
    assert (text["Size"], text["Seed"]) == ("64x96", "7")
    assert (text["Postprocess upscale by"], text["Postprocess upscaler"]) == ("4", "4x-Sharp")


@pytest.mark.parametrize("to", ["png", "a1111", "comfyui", "diffusers", "lora"])
def test_without_a_pick_nothing_is_written(study: Study, verb: Any, to: str) -> None:
    verb.outcome = outcome_at(7, None)
    run = verb.run("--to", to)
    assert isinstance(run.exception, InputError)
    assert str(run.exception) == "there is no pick: seed 7; run the seed first, or see `huanhua show STUDY` for what blocks it"
    assert not study.workspace.root.exists()


def test_every_refusal_of_an_upscaler_leaves_nothing_behind(study: Study, verb: Any, model: Path) -> None:
    torch.save({"x": SimpleNamespace()}, study.root / "bomb.pth")
    (study.root / "x.pt").write_bytes(model.read_bytes())
    save_file({"x": torch.zeros(1)}, study.root / "other.safetensors")
    for name, what in {
        "gone.pth": "no such upscaler",
        "bomb.pth": "holds more than weights",
        "x.pt": "TorchScript",
        "other.safetensors": "not an upscaler",
    }.items():
        run = verb.run("--to", "png", "--upscale", str(study.root / name))
        assert isinstance(run.exception, InputError)
        assert what in str(run.exception)
    run = verb.run("--to", "a1111", "--upscale", str(model))
    assert str(run.exception) == "--upscale enlarges a picture: --to a1111; use --to png"
    assert not study.workspace.root.exists()
