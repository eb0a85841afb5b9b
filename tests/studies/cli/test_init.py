"""`huanhua init` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from studies.cli.app import app
from studies.spec import read_spec
from tests.studies.picture_settings.drawings import png, saved
from tests.studies.starter.test_lora_files import lora_file
from tests.studies.starter.test_new_study import graph

TEXT = "a girl <lora:dress:0.8>\nSteps: 25, Sampler: DPM++ 2M Karras, CFG scale: 6, Seed: 123, Size: 512x768, Model: real"


def init(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["init", *map(str, words)])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return saved(tmp_path, "00001-123.png", png({"parameters": TEXT}))


def test_studies_of_pictures_are_named_apart_by_their_folders(tmp_path: Path, picture: Path) -> None:
    for name in ("first", "second try", "裙子", "-weird!*"):
        assert init(tmp_path / name, "--from", picture).exit_code == 0
    names = [read_spec(tmp_path / name / "study.yaml").name for name in ("first", "second try", "裙子", "-weird!*")]
    assert names == ["first", "second try", "裙子", "weird"]
    assert init(tmp_path / "plain").exit_code == 0
    assert read_spec(tmp_path / "plain" / "study.yaml").name == "plain"


def test_a_folder_whose_name_says_nothing_leaves_it_to_the_picture(tmp_path: Path, picture: Path) -> None:
    assert init(tmp_path / "---", "--from", picture).exit_code == 0
    assert read_spec(tmp_path / "---" / "study.yaml").name == "00001-123"


def test_a_file_is_no_folder(tmp_path: Path, picture: Path) -> None:
    for target in (picture, picture / "study"):
        run = init(target)
        assert (run.exit_code, type(run.exception).__name__) == (1, "InputError")
    assert str(init(picture).exception) == f"a file is there, not a folder: {picture}; name a new folder for the study"


def test_loras_are_looked_for_where_they_lie(tmp_path: Path, picture: Path) -> None:
    lora_file(tmp_path / "models" / "dress-000010.safetensors", ss_output_name="dress")
    assert init(tmp_path / "study", "--from", picture, "--loras", tmp_path / "models").exit_code == 0
    assert read_spec(tmp_path / "study" / "study.yaml").loras["dress"].file == "../models/dress-000010.safetensors"
    assert "ss_output_name" in (tmp_path / "study" / "study.yaml").read_text(encoding="utf-8")


def test_loras_of_no_picture_are_refused(tmp_path: Path) -> None:
    run = init(tmp_path / "study", "--loras", tmp_path)
    assert str(run.exception).startswith("--loras looks for the LoRAs of a picture")
    assert not (tmp_path / "study").exists()


def test_a_workflow_is_saved_beside_the_study(tmp_path: Path) -> None:
    source = saved(tmp_path, "w.json", json.dumps(graph(("dress.safetensors", 0.8))).encode())
    assert init(tmp_path / "study", "--from", source).exit_code == 0
    assert json.loads((tmp_path / "study" / "workflow_api.json").read_text(encoding="utf-8")) == graph(("dress.safetensors", 0.8))


def test_a_workflow_that_lies_there_already_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    own = saved(folder, "workflow_api.json", json.dumps(graph(("dress.safetensors", 0.8))).encode())
    before = own.read_bytes()
    assert init(folder, "--from", own).exit_code == 0
    assert own.read_bytes() == before
    (folder / "study.yaml").unlink()
    other = saved(tmp_path, "w.json", json.dumps(graph(("shoes.safetensors", 0.8))).encode())
    run = init(folder, "--from", other)
    assert str(run.exception).startswith("another file is there already")
    assert sorted(path.name for path in folder.iterdir()) == ["workflow_api.json"]
