"""The command speaks the language that is asked for, and refuses others in a line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.language.translate import speak
from models.language.width import columns
from studies.cli.app import app
from studies.run.calibration import calibrate
from studies.run.seed_search import run_seed
from studies.study import Study
from studies.testing.fake_study import fake_study
from studies.tracking.memory import MemoryTracker

ROOT = Path(__file__).parents[3]
SEED = 7


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    speak("en")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = fake_study(tmp_path_factory.mktemp("chinese") / "study")
    judge = calibrate(made, SEED).judge
    run_seed(made, SEED, judge=judge, budget=14, tracker=MemoryTracker(), on_trial=lambda event: None)
    return made


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("HUANHUA_LANG", "LC_ALL", "LC_MESSAGES", "LANG")}
    return subprocess.run(
        [sys.executable, "-m", "huanhua", *words],
        env={**plain, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("words", [["run", "--help", "--lang", "zh"], ["--lang=zh", "run", "--help"]])
def test_help_is_chinese_where_it_is_asked_for(words: list[str]) -> None:
    done = typed(*words)
    assert done.returncode == 0
    assert "用法：huanhua run" in done.stdout
    assert "[必填]" in done.stdout
    assert "Show this message" not in done.stdout
    assert max(columns(line) for line in done.stdout.splitlines()) <= 80


def test_help_is_chinese_on_a_chinese_system() -> None:
    assert "锁定种子" in typed("--help", LANG="zh_CN.UTF-8").stdout
    assert "Lock seeds" in typed("--help", LANG="zh_CN.UTF-8", HUANHUA_LANG="en").stdout


@pytest.mark.parametrize("verb", ["new", "init", "prepare", "train", "run", "grid", "models get", "lora show"])
def test_no_help_is_left_in_english(verb: str) -> None:
    options = typed(*verb.split(), "--help", "--lang", "zh").stdout.partition("选项：")[2].split("\n  --")[1:]
    assert options
    assert [text for text in options if not any(columns(letter) == 2 for letter in text)] == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--lang", "xx", "show", "a"], "huanhua: no such language: xx: --lang; name one of en, zh"),
        (["show", "a", "--lang=xx"], "huanhua: no such language: xx: --lang; name one of en, zh"),
        (["runn", "--lang", "zh"], "huanhua: 没有命令 'runn'，是不是 'run'？；用法见 huanhua --help"),
        (["run", "a", "--trials", "1", "--lang", "zh"], "huanhua: '--trials' 的值不对：不能小于 4；用法见 huanhua run --help"),
    ],
)
def test_what_is_typed_wrongly_is_one_line(words: list[str], line: str) -> None:
    done = typed(*words)
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (2, "", [line])


def test_a_stream_without_chinese_letters_gets_them_as_utf8() -> None:
    assert "用法" in typed("--help", "--lang", "zh", PYTHONUTF8="0", PYTHONIOENCODING="latin-1").stdout


def invoked(*words: object) -> str:
    return CliRunner().invoke(app, [str(word) for word in words]).stdout


def test_what_is_shown_of_a_study_is_chinese(study: Study) -> None:
    lines = invoked("--lang", "zh", "show", study.root).splitlines()
    assert lines[0].startswith(f"种子 {SEED}：")
    labels = [line[2:12].split()[0] for line in lines[1:] if line.startswith("  ") and line[2] != " "]
    assert {"选中", "评判", "证明", "张数", "图片"} <= set(labels)
    assert not {"pick", "verdict", "proof", "images", "image"} & set(labels)
    verdict = next(line for line in lines if "评判" in line)
    assert verdict.startswith("  评判" + " " * 7)
    assert verdict[11] != " "


def test_json_is_the_same_in_every_language(study: Study) -> None:
    assert invoked("--lang", "zh", "show", study.root, "--json") == invoked("--lang", "en", "show", study.root, "--json") != ""


def test_errors_are_chinese_and_end_as_english_ones(tmp_path: Path) -> None:
    done = typed("show", str(tmp_path / "none"), "--lang", "zh")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("huanhua: 没有这个研究：")
    assert typed("show", str(tmp_path / "none")).stderr.startswith("huanhua: no such study: ")
