"""What a report is drawn with, and what it refuses before anything is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app
from studies.cli.lora import weights_of
from studies.lora_report.epochs import trainings_of
from studies.lora_report.report import Asked, lora_report
from studies.lora_report.setting import Told, alone, of_study, spec_for_base
from studies.paperdoll.bundle import WEIGHTS, lora_file
from studies.testing.fake_study import fake_study
from tests.studies.lora_report.test_drawing import lab

DRESS = lora_file("testdress")


def copied(folder: Path, name: str, **metadata: str) -> Path:
    path = folder / f"{name}.safetensors"
    tensors = load_file(DRESS)
    tensors[next(key for key in tensors if key.endswith(".alpha"))] += len(name)
    save_file(tensors, path, metadata or None)
    return path


def test_a_study_tells_kind_level_and_bound_of_its_own_loras_and_of_their_epochs(tmp_path: Path) -> None:
    study = lab(tmp_path)
    (own,) = of_study(trainings_of([lora_file("myface")])[0], study, Told())
    assert (own.kind, own.trigger, own.level, own.top, own.references) == ("face", "myface", 0.7, 1.0, None)
    (other,) = of_study(trainings_of([DRESS])[0], study, Told(photos=tmp_path))
    assert (other.kind, other.kind_from, other.references) == ("clothing", "its metadata", tmp_path)
    assert of_study(trainings_of([DRESS])[0], study, Told(kind="shoes"))[0].kind == "shoes"


def test_without_a_study_files_and_the_project_tell(tmp_path: Path) -> None:
    epochs = [copied(tmp_path, name, huanhua_kind="shoes") for name in ("boots-000004", "boots")]
    found = alone(trainings_of(epochs)[0], tmp_path, Told())
    assert [lora.kind for lora in found] == ["shoes", "shoes"]
    assert found[0].references is None
    (guessed,) = alone(trainings_of([copied(tmp_path, "anything")])[0], tmp_path, Told())
    assert (guessed.kind, guessed.kind_from) == ("clothing", "assumed, as nothing tells it")


def test_the_settings_of_a_base_are_those_that_init_writes(tmp_path: Path) -> None:
    loras = {"lora-x": alone(trainings_of([DRESS])[0], tmp_path, Told())[0]}
    spec = spec_for_base(WEIGHTS / "base", loras, tmp_path)
    assert spec.base.checkpoint == str(WEIGHTS / "base")
    assert (spec.render.sampler, spec.render.steps, spec.render.cfg) == ("DPM++ SDE Karras", 30, 7.5)
    assert spec.prompt.endswith(", testdress")
    assert list(spec.loras) == ["lora-x"]
    assert spec.loras["lora-x"].bounds == (0.0, 1.0)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda folder: Asked([copied(folder, "a", huanhua_kind="other")], lab(folder)), "kind other"),
        (lambda folder: Asked([copied(folder, "b-000002"), copied(folder, "b")], lab(folder)), "compared by photos"),
        (lambda folder: Asked([DRESS], lab(folder), told=Told(photos=folder / "gone")), "no such folder of photos"),
        (lambda folder: Asked([copied(folder, "c"), folder / "gone.safetensors"], lab(folder)), "no such LoRA file"),
    ],
)
def test_what_cannot_be_told_is_refused_before_anything_is_drawn(asked: object, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        lora_report(asked(tmp_path))  # type: ignore[operator]
    assert not (tmp_path / "workspace").exists()


def test_one_lora_under_two_names_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "copy.safetensors"
    other.write_bytes(DRESS.read_bytes())
    with pytest.raises(InputError, match="the same LoRA as testdress"):
        lora_report(Asked([DRESS, other], lab(tmp_path)))


def test_weights_as_they_are_typed() -> None:
    assert weights_of("0.25,1") == (0.25, 1.0)
    assert weights_of(None) == ()
    for text in ("", "a", "0", "-1", "0.5,3", "nan"):
        with pytest.raises(InputError):
            weights_of(text)


def test_the_verb_refuses_in_one_line(tmp_path: Path) -> None:
    study = fake_study(tmp_path / "study")
    runner = CliRunner()
    for words in (["--study", str(study.folder), "--base", "x"], ["--base", "x", "--weights", "9"]):
        result = runner.invoke(app, ["lora", "report", str(DRESS), *words])
        assert isinstance(result.exception, InputError)
    busy = tmp_path / "photos"
    busy.mkdir()
    (busy / "mine.jpg").write_bytes(b"x")
    result = runner.invoke(app, ["lora", "report", str(DRESS), "--base", "x", "--out", str(busy)])
    assert "something else than a LoRA report" in str(result.exception)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_report_of_the_lab_resumes_and_draws_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studies.paperdoll.photos import write_photos

    study = lab(tmp_path)
    (tmp_path / "study.yaml").write_text(json.dumps(study.spec.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    write_photos("testdress", tmp_path / "photos", 4)
    words = ["lora", "report", str(DRESS), str(lora_file("mycoat")), "--study", str(tmp_path), "--photos"]
    words += [str(tmp_path / "photos"), "--seed", "7", "--weights", "0.5,1", "--json"]
    first = CliRunner().invoke(app, words, catch_exceptions=False)
    found = json.loads(first.stdout)
    assert [lora["name"] for lora in found["loras"]] == ["testdress", "mycoat"]
    assert [at["weight"] for at in found["loras"][0]["files"][0]["weights"]] == [0.0, 0.5, 1.0]
    assert len(found["quarrels"]) == 1
    images = sorted((tmp_path / "workspace" / "lora-report" / "images").glob("*.png"))
    # The plain image, words and two weights of two LoRAs, both without their text encoders' part, both together.
    assert len(images) == 1 + 2 * 3 + 2 + 1
    monkeypatch.setattr("optimizer.render.diffusers_renderer.DiffusionRenderer.render", None)
    again = CliRunner().invoke(app, words, catch_exceptions=False)
    assert json.loads(again.stdout) == found
