"""The last line of verbs that may come at any time names a command that works then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from optimizer.search.stopping import Ended
from studies.cli.app import app
from studies.cli.progress.next_step import print_pick_next, print_project_next, print_study_next, print_trained_next
from studies.project.new import new_project
from studies.run.outcome import Outcome
from studies.run.scouting import lock
from studies.spec import SeedsSection
from studies.testing.fake_study import fake_study
from trainers.prepare.manifest import Manifest


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.replace("\n", "")


def test_a_study_is_scouted_then_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    study = fake_study(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    study.spec = study.spec.model_copy(update={"seeds": SeedsSection()})
    print_study_next(study, Path("a"))
    assert said(capsys) == "next: huanhua scout a"
    print_study_next(study, Path("a"), 9)
    assert said(capsys) == "next: huanhua run a --seed 9"
    study.workspace.make()
    lock(study, [7])
    print_study_next(study, Path("a"))
    assert said(capsys) == "next: huanhua run a"
    assert not (study.workspace.root / "optuna.db").exists(), "asking stores nothing"


@pytest.mark.parametrize(
    ("pick", "ended", "line"),
    [(object(), None, "export a --seed 7 --to png"), (None, None, "run a --seed 7"), (None, Ended.BUDGET, "scout a")],
)
def test_a_pick_taken_back_leads_on(
    pick: Any, ended: Ended | None, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    print_pick_next(Outcome(7, (), pick, None, None, {}, ended=ended), Path("a"), None)
    assert said(capsys) == f"next: huanhua {line}"


def test_a_project_is_led_from_its_sets_to_its_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    print_project_next()
    assert said(capsys) == "next: huanhua demo"
    print_trained_next(Path("x y.safetensors"), [])
    assert said(capsys) == "next: huanhua lora show 'x y.safetensors'"
    new_project(tmp_path)
    print_project_next()
    assert said(capsys) == "next: huanhua init my-study"
    (tmp_path / "data" / "shoes").mkdir()
    Manifest("shoes", "myshoes", "photos", 10, 5, (), (), (), "myshoes").write(tmp_path / "data" / "shoes")
    print_trained_next(Path("loras/testdress.safetensors"), ["--base", "b"])
    assert said(capsys) == "next: huanhua train data/shoes --base b"
    print_trained_next(Path("loras/myshoes.safetensors"), [])
    assert said(capsys) == "next: huanhua init my-study"
    fake_study(tmp_path / "studies" / "a")
    print_trained_next(Path("loras/myshoes.safetensors"), [])
    assert said(capsys) == "next: huanhua validate a"
    print_project_next()
    assert said(capsys) == "next: huanhua validate a"


def test_an_export_leads_to_the_look_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studies.cli.export.open_study", lambda study, workspace, *seeds: None)
    monkeypatch.setattr("studies.cli.export._outcomes", lambda study, seed: [])
    run = CliRunner().invoke(app, ["export", str(tmp_path), "--to", "png"])
    assert "next: huanhua lookbook" in run.stderr.replace("\n", " ")
