"""Files of a WebUI that do not open: named with the reason, where they were passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from models.testing.loras import save_small_lora
from studies.cli.app import app
from studies.project.bases import only_base
from studies.project.new import new_project
from studies.project.webui.program import open_webui
from studies.spec import read_spec

WHY = "not a safetensors file, or cut short"


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    folder = tmp_path / "webui"
    for name in ("models/Stable-diffusion/real.safetensors", "models/Lora/broken.safetensors"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_bytes(b"<html>" * 9)
    save_small_lora(folder / "models" / "Lora" / "dress.safetensors")
    return folder


def test_init_names_the_files_that_do_not_open(tmp_path: Path, webui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_project(tmp_path / "p", [webui])
    monkeypatch.chdir(tmp_path / "p")
    run = CliRunner().invoke(app, ["init", "s"])
    assert run.exit_code == 0
    text = (tmp_path / "p" / "studies" / "s" / "study.yaml").read_text()
    words = " ".join(text.replace("#", " ").split())
    assert f"/real.safetensors was left out: {WHY}" in words
    assert f": broken.safetensors was left out: {WHY}" in words
    assert list(read_spec(tmp_path / "p" / "studies" / "s" / "study.yaml").loras) == ["dress"]


def test_train_says_which_base_does_not_open_and_why(tmp_path: Path, webui: Path) -> None:
    with pytest.raises(InputError, match=rf"^no base opens: {WHY}: .*real\.safetensors; .*--base FILE$"):
        only_base(tmp_path / "models", [open_webui(webui)])
    (webui / "models" / "Stable-diffusion" / "old.ckpt").touch()
    with pytest.raises(InputError, match=r"^no base opens: a pickle .*old\.ckpt \(1 more file neither\)"):
        only_base(tmp_path / "models", [open_webui(webui)])


def test_a_damaged_base_among_the_models_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "base.safetensors").write_bytes(b"x")
    with pytest.raises(InputError, match=rf"^no base opens: {WHY}: .*base\.safetensors;"):
        only_base(tmp_path)


def test_photos_of_a_lora_yet_to_be_trained_are_named_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_project(tmp_path / "p")
    monkeypatch.chdir(tmp_path / "p")
    (tmp_path / "p" / "data" / "dress").mkdir()
    assert CliRunner().invoke(app, ["init", "s"]).exit_code == 0
    assert read_spec(tmp_path / "p" / "studies" / "s" / "study.yaml").loras["dress"].references == "data/dress"
