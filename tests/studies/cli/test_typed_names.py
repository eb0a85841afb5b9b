"""Names that a person types: none, too long, with spaces, with a leading dash; each is one line, or advice that a shell takes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.errors import InputError
from studies.cli.app import app


def next_folder(output: str) -> str:
    """Where the advised `cd` leads."""
    (line,) = (line for line in output.splitlines() if line.startswith("next: cd "))
    return shlex.split(line)[2]


@pytest.mark.parametrize("name", ["a b's", "-dash", "我的 项目", "plain"])
def test_a_new_projects_advice_leads_into_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["new", "--", name])
    assert done.exit_code == 0
    assert Path(next_folder(done.stdout)).resolve() == tmp_path / name
    assert (tmp_path / name / "huanhua.yaml").is_file()


@pytest.mark.parametrize(("name", "line"), [("", "no folder is named"), ("x" * 300, "no project can be made there")])
def test_a_name_that_is_none_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, line: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert line in str(CliRunner().invoke(app, ["new", name]).exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["init", ""], "no folder is named"),
        (["init", "here", "--draw", "webui", "--url", "not a url"], "not an address of a server"),
        (["init", "here", "--draw", "webui", "--url", "ftp://x"], "not an address of a server"),
        (["run", "here", "--ray-workers", "2"], "there is no cluster to have workers"),
    ],
)
def test_options_that_decide_nothing_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(app, words).exception
    assert isinstance(found, InputError)
    assert line in str(found)
    assert not list(tmp_path.iterdir())


def test_a_study_whose_name_has_a_space_is_quoted_in_the_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "then: huanhua validate '中文 研究')" in CliRunner().invoke(app, ["init", "中文 研究"]).stdout
