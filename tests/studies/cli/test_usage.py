"""What is typed wrongly is answered in one line, with exit status 2."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from studies.cli.app import main
from studies.paperdoll.study import study_text
from studies.testing.fake_study import fake_study


def ended(words: list[str], monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(sys, "argv", ["huanhua", *words])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["shw", "x"], "huanhua: no such command 'shw'. Did you mean 'show'?; see huanhua --help"),
        (["show"], "huanhua: missing argument 'STUDY'; see huanhua show --help"),
        (["show", "x", "--sed", "3"], "huanhua: no such option: --sed (Possible options: --seed); see huanhua show --help"),
        (
            ["show", "x", "--seed", "-4"],
            "huanhua: invalid value for '--seed': must be greater than or equal to 0; see huanhua show --help",
        ),
        (["lora", "show"], "huanhua: missing argument 'file'; see huanhua lora show --help"),
        (["init", "x", "--preset"], "huanhua: option '--preset' requires an argument; see huanhua init --help"),
    ],
)
def test_one_line(words: list[str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(words, monkeypatch) == 2
    assert capsys.readouterr().err == f"{line}\n"


def test_a_kind_that_is_none_is_named_without_the_validators_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(["train", "data", "--kind", "hat"], monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("huanhua: invalid value for '--kind': 'hat' is not one of 'face', 'clothing'")
    assert said.count("\n") == 1


def test_no_words_at_all_are_answered_by_the_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended([], monkeypatch) == 2
    said = capsys.readouterr()
    assert "Usage: huanhua [OPTIONS]" in said.err + said.out
    assert "lookbook" in said.err + said.out


def test_the_version_ends_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["--version"], monkeypatch) == 0
    assert capsys.readouterr().out.startswith("huanhua ")


def test_a_question_that_nobody_answers_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(""))
    monkeypatch.chdir(tmp_path)
    assert ended(["models", "get", "--profile", "free"], monkeypatch) == 1
    said = capsys.readouterr().err
    assert said.splitlines()[-1] == "huanhua: stopped at the question; nothing was done"
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "words", [["show", "studies/a b"], ["export", "--seed", "3", "--to", "png", "studies/a b"], ["dashboards", "a b"]]
)
def test_advice_names_the_study_that_was_typed(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ended(["new", "."], monkeypatch) == 0
    study = tmp_path / "studies" / "a b"
    study.mkdir()
    (study / "study.yaml").write_text(study_text(study), encoding="utf-8")
    capsys.readouterr()
    assert ended(words, monkeypatch) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "huanhua run 'a b'" in said
    assert "STUDY" not in said


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["show"],
        ["stop"],
        ["track"],
        ["levels"],
        ["pick", "--trial", "3"],
        ["export", "--to", "png"],
        ["score"],
        ["grid", "--x", "dress=0.3,0.4", "--y", "cfg=5,6"],
    ],
    ids=lambda words: str(words[0]),
)
def test_a_seed_that_the_study_cannot_have_is_told_its_range(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_study(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"")
    verb, *more = words
    typed = [verb, str(tmp_path / "picture.png"), "--study", str(tmp_path)] if verb == "score" else [verb, str(tmp_path), *more]
    assert ended([*typed, "--seed", "4294967296"], monkeypatch) == 2
    line = "no seed: 4294967296: --seed; seeds of this study are whole numbers from 0 to 4294967295"
    assert capsys.readouterr().err == f"huanhua: {line}\n"
