"""A project folder: what `new` makes, and what names mean inside and outside of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app
from studies.project.folder import FOLDERS, MARKER, names_start, project_of
from studies.project.new import new_project
from studies.project.typed import shown, typed_model, typed_new_study, typed_path, typed_study
from studies.study import open_study
from studies.testing.fake_study import fake_study


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    new_project(tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p")
    return tmp_path / "p"


def test_new_makes_what_is_missing_and_leaves_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "p" / "photos").mkdir(parents=True)
    (tmp_path / "p" / "README.md").write_text("mine")
    assert CliRunner().invoke(app, ["new", str(tmp_path / "p")]).exit_code == 0
    assert {path.name for path in (tmp_path / "p").iterdir()} == {*FOLDERS, "README.md", MARKER}
    assert (tmp_path / "p" / "README.md").read_text() == "mine"
    assert new_project(tmp_path / "p") == []


def test_a_project_in_a_project_and_files_in_the_way_are_refused(tmp_path: Path) -> None:
    new_project(tmp_path / "p")
    with pytest.raises(InputError, match="inside another project"):
        new_project(tmp_path / "p" / "studies" / "q")
    (tmp_path / "q").mkdir()
    (tmp_path / "q" / "data").write_text("")
    with pytest.raises(InputError, match="a file is there, not a folder"):
        new_project(tmp_path / "q")
    assert [path.name for path in (tmp_path / "q").iterdir()] == ["data"]


def test_names_start_at_the_project_for_its_studies_alone(project: Path) -> None:
    assert project_of(project / "data" / "x") == project
    assert names_start(project / "studies" / "a") == project
    assert names_start(project / "demo") == project / "demo"
    assert names_start(project.parent / "other") == project.parent / "other"


@pytest.mark.parametrize("inside", ["", "studies", "data/dress"])
def test_typed_names_mean_the_same_anywhere_inside(project: Path, inside: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / inside).mkdir(parents=True, exist_ok=True)
    (project / "studies" / "a").mkdir()
    (project / "studies" / "a" / "study.yaml").write_text("")
    (project / "models" / "base").mkdir()
    monkeypatch.chdir(project / inside)
    assert typed_path("loras/new.safetensors").absolute() == project / "loras" / "new.safetensors"
    assert typed_study("a").absolute() == project / "studies" / "a"
    assert typed_study("studies/a").absolute() == project / "studies" / "a"
    assert typed_new_study("b").absolute() == project / "studies" / "b"
    assert Path(typed_model("models/base")).absolute() == project / "models" / "base"
    assert typed_model("owner/name") == "owner/name"
    assert shown(project / "studies" / "a") == "a"


@pytest.mark.parametrize("name", ["photos", "models", "loras/x", "studies"])
def test_a_study_is_not_made_of_a_project_s_own_folder(project: Path, name: str) -> None:
    with pytest.raises(InputError, match="is a folder of the project, not a study"):
        typed_new_study(name)


def test_what_is_here_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "studies" / "a" / "loras").mkdir(parents=True)
    monkeypatch.chdir(project / "studies" / "a")
    (project / "studies" / "a" / "loras" / "x.safetensors").write_text("")
    assert typed_path("loras/x.safetensors") == Path("loras/x.safetensors")


def test_outside_a_project_names_are_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("loras/x.safetensors", "my-study", "/a/b", "~/x"):
        assert typed_path(name) == typed_new_study(name) == Path(name)


def test_a_moved_project_finds_its_files(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fake_study(project / "studies" / "a")
    assert made.root == project / "studies" / "a"
    for name in ("face.safetensors", "dress.safetensors", "shoes.safetensors", "base.safetensors", "hands.onnx"):
        (project / "studies" / "a" / name).rename(project / name)
    monkeypatch.chdir(project.parent)
    shutil.move(project, project.parent / "moved")
    study = open_study(project.parent / "moved" / "studies" / "a")
    assert study.root == project.parent / "moved"
    assert study.path(study.spec.loras["dress"].last).is_file()
    assert study.workspace.root == study.folder / "workspace"


def test_training_takes_what_the_set_tells(project: Path) -> None:
    run = CliRunner().invoke(app, ["train", "data/dress"])
    assert str(run.exception).startswith("no such training set: data/dress")
    (project / "data" / "dress" / "train" / "10_x").mkdir(parents=True)
    run = CliRunner().invoke(app, ["train", "data/dress"])
    assert "does not tell what the LoRA is of" in str(run.exception)
    run = CliRunner().invoke(app, ["train", "data/dress", "--kind", "shoes"])
    assert str(run.exception).startswith("no base is there: models")
